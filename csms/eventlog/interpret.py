"""From stored events to facts, as the live traffic had them.

Live, the gateway holds the typed request and response and asks its dialect for the facts. Here the same
functions get them decoded from the stored frames; repairs are applied exactly as they were recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from csms.dialects import DIALECTS, Dialect
from csms.domain import facts
from csms.domain.facts import Fact
from csms.eventlog import event_types as et
from csms.eventlog.state import Recorded
from ocpp_core import payload as payloads
from ocpp_core.frames import Call, CallError, CallResult, parse


class Interpreter:
    """Reads events in order. It remembers calls until they are settled, and each connection's dialect.

    look_up: gives the event at a position, for a reader that does not begin at the beginning.
    """

    def __init__(self, look_up: Callable[[int], Recorded] | None = None) -> None:
        self._look_up = look_up
        self._calls: dict[int, Recorded] = {}
        self._dialects: dict[int, Dialect] = {}

    def facts(self, event: Recorded) -> tuple[Fact, ...]:
        """What `event` says happened. Raises when the log contradicts itself: that is a bug, not data."""
        if event.type in (et.CALL_RECEIVED, et.CALL_SENT):
            self._calls[event.position] = event
        if event.type == et.CONNECTION_OPENED:
            self._dialects[event.position] = _dialect(event)
        reader = READERS.get(event.type)
        return () if reader is None else reader(self, event)

    def exchange(self, event: Recorded) -> tuple[Fact, ...]:
        """A finished exchange: the response in `event`, the request in its cause."""
        call = self._call(event)
        self._calls.pop(call.position, None)
        dialect = self._dialect(event)
        action = dialect.catalogue[call.action]
        request = self._payload(dialect, action.Request, call)
        response = self._payload(dialect, action.Response, event)
        return dialect.facts_of(call.action, request, response)

    def answered(self, event: Recorded) -> tuple[Fact, ...]:
        """The result of a call of ours: what the exchange says, and that the command was answered."""
        call = self._call(event)
        asked, frame = parse(call.payload), parse(event.payload)
        assert isinstance(asked, Call)
        assert isinstance(frame, CallResult)
        if self._dialect(event).our_request(call.action, bytes(asked.payload)) is None:
            self._calls.pop(call.position, None)
            said: tuple[Fact, ...] = ()
        else:
            said = self.exchange(event)
        return (*said, command_answered(command_of(call), bytes(frame.payload)))

    def refused(self, event: Recorded) -> tuple[Fact, ...]:
        command = command_of(self._call(event))
        if event.type == et.RESULT_REJECTED:  # perhaps not even a frame
            return (facts.CommandRefused(command, UNREADABLE_RESULT, ""),)
        frame = parse(event.payload)
        assert isinstance(frame, CallError)
        return (facts.CommandRefused(command, frame.code, frame.description),)

    def unanswered(self, event: Recorded) -> tuple[Fact, ...]:
        # The call is kept: a late result may still settle it.
        return (facts.CommandUnanswered(command_of(self._call(event))),)

    def _call(self, event: Recorded) -> Recorded:
        """The call that `event` answers."""
        assert event.cause is not None
        call = self._calls.get(event.cause)
        if call is None:
            assert self._look_up is not None, (
                f"event {event.position}: its cause {event.cause} is not in the log"
            )
            call = self._look_up(event.cause)
        return call

    def _dialect(self, event: Recorded) -> Dialect:
        assert event.connection is not None
        dialect = self._dialects.get(event.connection)
        if dialect is None:
            assert self._look_up is not None, f"event {event.position}: no connection {event.connection}"
            dialect = self._dialects[event.connection] = _dialect(self._look_up(event.connection))
        return dialect

    @staticmethod
    def _payload(dialect: Dialect, payload_type: type[Any], event: Recorded) -> Any:
        frame = parse(event.payload)
        assert isinstance(frame, Call | CallResult)
        if not event.repairs:
            return payloads.decode(payload_type, frame.payload)
        repaired = dialect.repair(payload_type, msgspec.json.decode(frame.payload))
        assert repaired is not None
        return payloads.decode(payload_type, msgspec.json.encode(repaired[0]))


def _dialect(opened: Recorded) -> Dialect:
    return DIALECTS[_body(opened)["subprotocol"]]


UNREADABLE_RESULT = "UnreadableResult"
MAX_STATUS = 30  # characters of a word; a raw call may be answered with anything


def command_of(call_sent: Recorded) -> str:
    """The id of the command that a call of ours carried out; its message id, so that a resend keeps it."""
    return call_sent.message_id


def command_answered(command_id: str, response: bytes) -> facts.CommandAnswered:
    """Raises msgspec.DecodeError or RecursionError for what is not JSON all through."""
    text = response.decode().replace("\\u0000", "\\ufffd")  # which no database stores
    body = msgspec.json.decode(text)
    status = body.get("status", "") if isinstance(body, dict) else ""
    return facts.CommandAnswered(command_id=command_id, status=str(status)[:MAX_STATUS], response=text)


def _opened(_: Interpreter, event: Recorded) -> tuple[Fact, ...]:
    body = _body(event)
    return (
        facts.ConnectionOpened(
            connection=event.position,
            gateway=body["gateway"],
            remote_address=body["remote_address"],
            subprotocol=body["subprotocol"],
            security_profile=body["security_profile"],
        ),
    )


def _closed(_: Interpreter, event: Recorded) -> tuple[Fact, ...]:
    body = _body(event)
    assert event.connection is not None
    return (facts.ConnectionClosed(event.connection, code=body["code"], reason=body["reason"]),)


def _sent(_: Interpreter, event: Recorded) -> tuple[Fact, ...]:
    return (facts.CommandSent(command_id=command_of(event), message_id=event.message_id),)


def _requested(_: Interpreter, event: Recorded) -> tuple[Fact, ...]:
    body = _body(event)
    return (
        facts.CommandRequested(
            command_id=body["command_id"],
            kind=body["kind"],
            parameters=msgspec.json.encode(body["parameters"]).decode(),
            reason=body["reason"],
            idempotency_key=body["idempotency_key"],
            expires_at=datetime.fromisoformat(body["expires_at"]),
        ),
    )


def _body(event: Recorded) -> dict[str, Any]:
    return et.lifted(event.type, event.schema_version, msgspec.json.decode(event.payload))


Reader = Callable[[Interpreter, Recorded], tuple[Fact, ...]]

READERS: dict[str, Reader] = {
    et.CALL_ANSWERED: Interpreter.exchange,
    et.CALL_EXPIRED: Interpreter.unanswered,
    et.CALL_SENT: _sent,
    et.COMMAND_CANCELLED: lambda _, event: (facts.CommandCancelled(_body(event)["command_id"]),),
    et.COMMAND_EXPIRED: lambda _, event: (
        facts.CommandExpired(_body(event)["command_id"], _body(event)["stage"]),
    ),
    et.COMMAND_IMPOSSIBLE: lambda _, event: (
        facts.CommandImpossible(_body(event)["command_id"], _body(event)["reason"]),
    ),
    et.COMMAND_REQUESTED: _requested,
    et.CONNECTION_CLOSED: _closed,
    et.CONNECTION_OPENED: _opened,
    et.ERROR_RECEIVED: Interpreter.refused,
    et.RESULT_RECEIVED: Interpreter.answered,
    et.RESULT_REJECTED: Interpreter.refused,
}
