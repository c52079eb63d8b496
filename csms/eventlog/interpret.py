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
    """Reads one stream in order. It remembers calls until they are settled, and each connection's dialect."""

    def __init__(self) -> None:
        self._calls: dict[int, Recorded] = {}
        self._dialects: dict[int, Dialect] = {}

    def facts(self, event: Recorded) -> tuple[Fact, ...]:
        """What `event` says happened. Raises when the log contradicts itself: that is a bug, not data."""
        if event.type in (et.CALL_RECEIVED, et.CALL_SENT):
            self._calls[event.position] = event
        if event.type == et.CONNECTION_OPENED:
            body = msgspec.json.decode(event.payload)
            self._dialects[event.position] = DIALECTS[body["subprotocol"]]
        reader = READERS.get(event.type)
        return () if reader is None else reader(self, event)

    def exchange(self, event: Recorded) -> tuple[Fact, ...]:
        """A finished exchange: the response in `event`, the request in its cause."""
        assert event.cause is not None and event.connection is not None
        call = self._calls.pop(event.cause)
        dialect = self._dialects[event.connection]
        action = dialect.catalogue[call.action]
        request = self._payload(dialect, action.Request, call)
        response = self._payload(dialect, action.Response, event)
        return dialect.facts_of(call.action, request, response)

    def answered(self, event: Recorded) -> tuple[Fact, ...]:
        """The result of a call of ours: what the exchange says, and that the command was answered."""
        assert event.cause is not None
        command = command_of(self._calls[event.cause])
        frame = parse(event.payload)
        assert isinstance(frame, CallResult)
        return (*self.exchange(event), command_answered(command, bytes(frame.payload)))

    def refused(self, event: Recorded) -> tuple[Fact, ...]:
        assert event.cause is not None
        call = self._calls.pop(event.cause)
        frame = parse(event.payload)
        if isinstance(frame, CallError):
            return (facts.CommandRefused(command_of(call), frame.code, frame.description),)
        return (facts.CommandRefused(command_of(call), UNREADABLE_RESULT, ""),)

    def unanswered(self, event: Recorded) -> tuple[Fact, ...]:
        assert event.cause is not None
        # Not popped: a late result may still settle it.
        return (facts.CommandUnanswered(command_of(self._calls[event.cause])),)

    @staticmethod
    def _payload(dialect: Dialect, payload_type: type[Any], event: Recorded) -> Any:
        frame = parse(event.payload)
        assert isinstance(frame, Call | CallResult)
        if not event.repairs:
            return payloads.decode(payload_type, frame.payload)
        repaired = dialect.repair(payload_type, msgspec.json.decode(frame.payload))
        assert repaired is not None
        return payloads.decode(payload_type, msgspec.json.encode(repaired[0]))


UNREADABLE_RESULT = "UnreadableResult"


def command_of(call_sent: Recorded) -> str:
    """The id of the command that a call of ours carried out; its message id, so that a resend keeps it."""
    return call_sent.message_id


def command_answered(command_id: str, response: bytes) -> facts.CommandAnswered:
    body = msgspec.json.decode(response)
    status = body.get("status", "") if isinstance(body, dict) else ""
    return facts.CommandAnswered(command_id=command_id, status=str(status), response=response.decode())


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
