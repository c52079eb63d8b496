"""The shape of a dialect: how an inbound call is read and answered, and a command rendered.

ANSWERS[action]: an Answer, RECORD_ONLY, or NOT_SUPPORTED. Every inbound action stands in it.
FACTS[action]: (request, response) -> facts, for a finished exchange in either direction.
CALLS[command type]: command -> request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from csms.domain.commands import Command
from csms.domain.errors import Reason, Refused
from csms.domain.facts import Fact
from csms.domain.questions import Question
from ocpp_core.action import CENTRAL_SYSTEM, Catalogue
from ocpp_core.errors import PayloadError, Violation
from ocpp_core.payload import Payload, decode, encode


@dataclass(frozen=True, slots=True)
class Answer:
    """read: request -> question. render: decision -> response."""

    read: Callable[[Any], Question]
    render: Callable[[Any], Payload]


@dataclass(frozen=True, slots=True)
class RecordOnly:
    """Storing it is all there is to do; allowed only where the response needs no member."""


@dataclass(frozen=True, slots=True)
class NotSupported:
    """The action is known, and this central system does not serve it: CALLERROR NotSupported."""


RECORD_ONLY = RecordOnly()
NOT_SUPPORTED = NotSupported()

FactReader = Callable[[Any, Any], Iterable[Fact]]
Repair = Callable[[type[Payload], Any], tuple[Any, tuple[str, ...]] | None]


@dataclass(frozen=True, slots=True)
class Dialect:
    """Everything that the central system needs to know about one version of OCPP.

    repair: mends known deviations of a payload (see repairs).
    conceal: (action, frame text) -> the text with secrets masked; the very same text when there are none.
    check: raises PayloadError for a request with numbers that cannot be meant.
    """

    subprotocol: str
    catalogue: Catalogue
    error_codes: Mapping[Violation, str]
    answers: Mapping[str, Answer | RecordOnly | NotSupported]
    facts: Mapping[str, FactReader]
    calls: Mapping[type[Command], Callable[[Any], Payload]]
    repair: Repair
    conceal: Callable[[str, str], str]
    check: Callable[[Payload], None]

    def facts_of(self, action: str, request: Payload, response: Payload) -> tuple[Fact, ...]:
        """What a finished exchange says happened; nothing for an action without a row."""
        read = self.facts.get(action)
        return () if read is None else tuple(read(request, response))

    def our_request(self, action: str, payload_json: bytes | str) -> Payload | None:
        """The request of a call of ours; None when it is no call of ours, or not a valid one (a raw call).

        Such an exchange says nothing: what a charge point may have made of it, nobody knows.
        """
        declared = self.catalogue.get(action)
        if declared is None or CENTRAL_SYSTEM not in declared.sent_by:
            return None
        try:
            return decode(declared.Request, payload_json)
        except PayloadError:
            return None

    def check_command(self, command: Command) -> None:
        """Would the request be valid? Raises Refused with the member that is not."""
        try:
            request = self.request_for(command)
            decode(type(request), encode(request))
        except (PayloadError, ValueError) as error:
            raise Refused(Reason.INVALID_PARAMETERS, str(error)) from error

    def request_for(self, command: Command) -> Payload:
        """Render a command. Raises Refused(NOT_OFFERED_BY_VERSION) when the version has no such call."""
        render = self.calls.get(type(command))
        if render is None:
            raise Refused(Reason.NOT_OFFERED_BY_VERSION, f"{type(command).__name__}: {self.subprotocol}")
        return render(command)
