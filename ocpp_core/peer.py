"""One end of a connection, without the connection.

    text in    receive_text(text) -> one event
    text out   call(request, ...), answer(id, response), refuse(id, violation) -> text to send
    time       expire(now) -> CallExpired or None; `deadline` says when to ask

State is one thing only: the call of ours that waits for its answer (OCPP-J 4.1.1 allows one). It is settled
by an answer with its id or by its deadline. Calls of the other side are reported and forgotten at once: they
may repeat, cross ours, and be answered at any time in any order.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from ocpp_core.action import Action, Catalogue, Role, undeclared
from ocpp_core.errors import (
    LocalProtocolError,
    PayloadError,
    Rejection,
    RemoteProtocolError,
    Violation,
    tidy,
)
from ocpp_core.events import (
    AnswerUnexpected,
    CallExpired,
    CallReceived,
    ErrorReceived,
    Event,
    FrameRejected,
    ResultReceived,
)
from ocpp_core.frames import (
    UNIQUE_ID_LIMIT,
    Call,
    CallError,
    CallResult,
    parse,
    render_call,
    render_error,
    render_result,
)
from ocpp_core.payload import Payload, RawPayload, decode, encode

Repair = Callable[[type[Payload], object], tuple[object, tuple[str, ...]] | None]
"""Tolerance: (payload type, payload as plain values) -> (mended values, names of rules applied) or None."""

EXPIRED_KEPT: Final = 16
"""How many expired calls are remembered, to tell a late answer from a senseless one."""


class Pending(msgspec.Struct, frozen=True, gc=False):
    """A call of ours that waits for its answer. deadline: on the clock of whoever calls expire()."""

    unique_id: str
    action: type[Action]
    request: Payload
    deadline: float


class Peer:
    """One end of one connection.

    role: ours.    catalogue: the actions of the version agreed on.
    error_codes: how that version spells each Violation.
    repair: asked once about each payload that is not valid; what it mends is read again as strictly.
    """

    def __init__(
        self,
        role: Role,
        catalogue: Catalogue,
        error_codes: Mapping[Violation, str],
        *,
        repair: Repair | None = None,
    ) -> None:
        self.role = role
        self.catalogue = catalogue
        self._error_codes = error_codes
        self._repair = repair
        self._pending: Pending | None = None
        self._expired: dict[str, None] = {}
        self._inbound = {action.name: action for action in catalogue.sent_by(role.other)}

    @property
    def pending(self) -> Pending | None:
        """The call of ours that waits for its answer."""
        return self._pending

    @property
    def deadline(self) -> float | None:
        """When expire() has something to do."""
        return self._pending.deadline if self._pending else None

    # Reading

    def receive_text(self, text: str) -> Event:
        """Take one text frame; report the one thing it means. Raises nothing, but what `repair` may raise."""
        try:
            frame = parse(text)
            if type(frame) is Call:
                return self.decode_call(frame)
        except RemoteProtocolError as error:
            return self._rejected(error)
        if type(frame) is CallResult:
            return self._result_received(frame)
        assert type(frame) is CallError
        return self._error_received(frame)

    def decode_call(self, call: Call) -> CallReceived:
        """Read the payload of a call, as receive_text does. Raises RemoteProtocolError."""
        action = self._inbound.get(call.action)
        if action is None:
            raise self._unknown(call)
        try:
            request, repairs = self._decode(action.Request, call.payload)
        except PayloadError as error:
            error.unique_id, error.action_name = call.unique_id, call.action
            raise
        return CallReceived(call.unique_id, action, request, repairs)

    # Calling

    def call(self, request: Payload, *, unique_id: str, deadline: float) -> str:
        """Open a call; gives the text to send. It is pending from now on.

        unique_id: 1 to 36 characters, never used before by this side, but for a resend of the same.
        Raises LocalProtocolError when one is pending, when it is not ours to send, or when it is not valid.
        """
        action = self._action_of(request)
        if self.role not in action.sent_by or type(request) is not action.Request:
            raise LocalProtocolError(f"{_name(request)} is not called by a {self.role.value}")
        return self._open(Pending(unique_id, action, request, deadline), _checked(request))

    def call_raw(self, action_name: str, payload_json: str, *, unique_id: str, deadline: float) -> str:
        """Open a call whose name and payload nobody judges (tests of the other side).

        payload_json: any JSON text. The result is typed when the action is known, else a RawPayload.
        Raises LocalProtocolError when one is pending, or when there is no frame to be made of it.
        """
        try:
            msgspec.json.decode(payload_json, type=msgspec.Raw)
            action = self.catalogue.get(action_name) or undeclared(action_name)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise LocalProtocolError(f"no frame can be made of it: {error}") from None
        return self._open(Pending(unique_id, action, RawPayload(json=payload_json), deadline), payload_json)

    def expire(self, now: float) -> CallExpired | None:
        """Give up the pending call when its deadline has come. now: on the clock of the deadlines."""
        pending = self._pending
        if pending is None or now < pending.deadline:
            return None
        if len(self._expired) >= EXPIRED_KEPT:
            del self._expired[next(iter(self._expired))]
        self._expired[pending.unique_id] = None
        self._pending = None
        return CallExpired(pending.unique_id, pending.action, pending.request)

    # Answering

    def answer(self, unique_id: str, response: Payload) -> str:
        """The text of a CALLRESULT. Raises LocalProtocolError when it is not valid or not ours to give."""
        action = self._action_of(response)
        if self.role.other not in action.sent_by or type(response) is not action.Response:
            raise LocalProtocolError(f"{_name(response)} is not answered by a {self.role.value}")
        return render_result(unique_id, _checked(response))

    def refuse(
        self,
        unique_id: str,
        violation: Violation,
        description: str = "",
        details: dict[str, Any] | None = None,
    ) -> str:
        """The text of a CALLERROR. description: made one line of at most 255 characters."""
        return render_error(unique_id, self._error_codes[violation], description, details)

    # Inside

    def _action_of(self, payload: Payload) -> type[Action]:
        try:
            return self.catalogue.action_of(payload)
        except KeyError:
            raise LocalProtocolError(f"{_name(payload)} is not of {self.catalogue.subprotocol}") from None

    def _open(self, pending: Pending, payload_json: str) -> str:
        if self._pending is not None:
            raise LocalProtocolError(f"call {self._pending.unique_id} still waits for its answer")
        if not (0 < len(pending.unique_id) <= UNIQUE_ID_LIMIT and pending.unique_id.isascii()):
            raise LocalProtocolError(f"message id {pending.unique_id!r} is not 1 to 36 ASCII characters")
        self._pending = pending
        self._expired.pop(pending.unique_id, None)
        return render_call(pending.unique_id, pending.action.name, payload_json)

    def _decode(self, payload_type: type[Payload], raw: msgspec.Raw) -> tuple[Payload, tuple[str, ...]]:
        try:
            return decode(payload_type, raw), ()
        except PayloadError:
            mended = self._mend(payload_type, raw) if self._repair else None
            if mended is None:
                raise
            return mended

    def _mend(self, payload_type: type[Payload], raw: msgspec.Raw) -> tuple[Payload, tuple[str, ...]] | None:
        assert self._repair
        try:
            mended = self._repair(payload_type, msgspec.json.decode(raw))
            return mended and (decode(payload_type, msgspec.json.encode(mended[0])), mended[1])
        except (PayloadError, msgspec.DecodeError, RecursionError):
            return None  # the complaint is about what came, not about what was made of it

    def _result_received(self, frame: CallResult) -> Event:
        pending = self._settle(frame.unique_id)
        if pending is None:
            return self._unexpected(frame.unique_id)
        try:
            response, repairs = self._decode(pending.action.Response, frame.payload)
        except PayloadError as error:
            error.unique_id, error.is_answer = frame.unique_id, True
            return _rejection(error, pending)
        return ResultReceived(frame.unique_id, pending.action, pending.request, response, repairs)

    def _error_received(self, frame: CallError) -> Event:
        pending = self._settle(frame.unique_id)
        if pending is None:
            return self._unexpected(frame.unique_id)
        return ErrorReceived(
            frame.unique_id, pending.action, pending.request, frame.code, frame.description, frame.details
        )

    def _settle(self, unique_id: str | None) -> Pending | None:
        """The pending call when it has this id; it is pending no longer."""
        pending = self._pending
        if pending is None or pending.unique_id != unique_id:
            return None
        self._pending = None
        return pending

    def _unexpected(self, unique_id: str) -> AnswerUnexpected:
        late = unique_id in self._expired
        self._expired.pop(unique_id, None)
        return AnswerUnexpected(unique_id, late)

    def _rejected(self, error: RemoteProtocolError) -> FrameRejected:
        return _rejection(error, self._settle(error.unique_id) if error.is_answer else None)

    def _unknown(self, call: Call) -> RemoteProtocolError:
        name, is_known = tidy(call.action), call.action in self.catalogue
        return RemoteProtocolError(
            Violation.NOT_SUPPORTED if is_known else Violation.NOT_IMPLEMENTED,
            f"{name} is not called by a {self.role.other.value}" if is_known else f"no action {name}",
            rejection=Rejection.WRONG_DIRECTION if is_known else Rejection.UNKNOWN_ACTION,
            unique_id=call.unique_id,
            action_name=name,
        )


def _rejection(error: RemoteProtocolError, pending: Pending | None) -> FrameRejected:
    return FrameRejected(
        error.violation,
        error.unique_id,
        error.description,
        error.details,
        pending.action.name if pending else error.action_name,
        error.is_answer,
        error.rejection,
        pending.request if pending else None,
    )


def _name(payload: Payload) -> str:
    return type(payload).__qualname__


def _checked(payload: Payload) -> str:
    """The payload as JSON text, read back to be sure: strict in what we send."""
    try:
        text = encode(payload).decode()
        decode(type(payload), text)
    except (PayloadError, msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise LocalProtocolError(f"{_name(payload)}: {error}") from None
    return text
