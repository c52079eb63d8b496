"""What a Peer reports: exactly one of these for each text received, and CallExpired when time is up."""

from typing import Any

import msgspec

from ocpp_core.action import Action
from ocpp_core.errors import Rejection, Violation
from ocpp_core.payload import Payload


class CallReceived(msgspec.Struct, frozen=True, gc=False):
    """The other side asks; answer() or refuse() it.

    repairs: names of the tolerance rules without which the payload would have been refused.
    """

    unique_id: str
    action: type[Action]
    request: Payload
    repairs: tuple[str, ...] = ()


class ResultReceived(msgspec.Struct, frozen=True, gc=False):
    """Our call was answered. request: ours."""

    unique_id: str
    action: type[Action]
    request: Payload
    response: Payload
    repairs: tuple[str, ...] = ()


class ErrorReceived(msgspec.Struct, frozen=True, gc=False):
    """Our call was refused. code: as received; `errors.violation_of` reads it in any spelling."""

    unique_id: str
    action: type[Action]
    request: Payload
    code: str
    description: str
    details: dict[str, Any]


class AnswerUnexpected(msgspec.Struct, frozen=True, gc=False):
    """An answer that nobody waits for. late: it belongs to a call that has expired."""

    unique_id: str
    late: bool


class FrameRejected(msgspec.Struct, frozen=True, gc=False):
    """A text that broke the rules.

    unique_id: None when it cannot be read.    is_answer: it was meant as an answer; these are never answered.
    action_name: as named by the frame, or that of our call; empty when unknown.
    request: our call that this ends without a result, when there is one.
    """

    violation: Violation
    unique_id: str | None
    description: str
    details: dict[str, Any]
    action_name: str
    is_answer: bool
    rejection: Rejection
    request: Payload | None = None

    @property
    def is_answerable(self) -> bool:
        """Is a CALLERROR due? `peer.refuse(unique_id, violation, description, details)` makes it."""
        return self.unique_id is not None and not self.is_answer


class CallExpired(msgspec.Struct, frozen=True, gc=False):
    """Our call was not answered in time. An answer that still comes is reported as AnswerUnexpected, late."""

    unique_id: str
    action: type[Action]
    request: Payload


Event = CallReceived | ResultReceived | ErrorReceived | AnswerUnexpected | FrameRejected
