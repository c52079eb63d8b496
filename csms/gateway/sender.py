"""The way of a command from the outbox to the wire, and of its answer back to the outbox.

One call of ours at a time per connection. A command is recorded as sent, committed, and only then goes
out; its message id is its command id, also when it is sent again after a lost connection.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from csms.charging.tables import STATES
from csms.dialects.rules import Dialect
from csms.domain import facts
from csms.domain.commands import Command, RawCall, RequestExtendedMessage, RequestMessage
from csms.domain.errors import Refused
from csms.eventlog import event_types as et
from csms.eventlog.interpret import UNREADABLE_RESULT, command_answered
from csms.eventlog.state import Batch, Rows, StreamState
from csms.gateway.journal import Journal, Unit
from csms.outbox.projections import COMMANDS, REQUESTED, SENT, CommandRow
from ocpp_core.errors import LocalProtocolError, PayloadError
from ocpp_core.events import AnswerUnexpected, ErrorReceived, ResultReceived
from ocpp_core.frames import CallError, CallResult, parse
from ocpp_core.payload import Payload, RawPayload, decode
from ocpp_core.peer import Peer

logger = logging.getLogger(__name__)

Send = Callable[[str], Awaitable[None]]

MAX_EVENTS_PER_PUMP = 8
MAX_EXPIRED_KEPT = 16

# Messages that are asked for by another name than the one they are sent under (security extension, A02, L01).
SENT_AS = {
    "FirmwareStatusNotification": "SignedFirmwareStatusNotification",
    "SignChargePointCertificate": "SignCertificate",
}


class SentCall(msgspec.Struct, frozen=True):
    """A call of ours on the wire: where it is recorded, and the command it carries out."""

    position: int
    command_id: str
    action: str
    request: Payload


class Sender:
    """connection: the position of the connection.opened event; 0 until that is committed.

    requested_messages: names of the messages that were asked for on this connection.
    """

    def __init__(
        self,
        identity: str,
        dialect: Dialect,
        peer: Peer,
        journal: Journal,
        send: Send,
        *,
        call_timeout_s: float,
        registration: Callable[[], str],
    ) -> None:
        self.identity = identity
        self.connection = 0
        self._dialect = dialect
        self._peer = peer
        self._journal = journal
        self._send = send
        self._call_timeout_s = call_timeout_s
        self._registration = registration
        self.requested_messages: set[str] = set()
        self._sent: SentCall | None = None
        self._expired: dict[str, SentCall] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._pump: asyncio.Task[None] | None = None
        self._again = False
        self._is_stopped = False

    @property
    def is_busy(self) -> bool:
        """Does a call wait for its answer, or is one about to be sent?"""
        return self._sent is not None or (self._pump is not None and not self._pump.done())

    def is_waiting_for(self, unique_id: str) -> bool:
        """Is it the call that is on the wire? Not so before its commit, whatever the peer believes."""
        return self._sent is not None and self._sent.command_id == unique_id

    def stop(self) -> None:
        """The connection has ended: no call goes out any more."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()

    # --- out -------------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Send the next command, if there is one and no call waits for its answer."""
        if self._is_stopped or self._sent is not None:
            return
        if self._pump is not None and not self._pump.done():
            self._again = True
            return
        self._pump = asyncio.get_running_loop().create_task(self._send_next())

    async def _send_next(self) -> None:
        while True:
            self._again = False
            opened = await self._journal.submit(
                Unit(self.identity, self._open_next, events=MAX_EVENTS_PER_PUMP)
            )
            if opened is not None:
                sent, text = opened
                self._sent = sent
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._call_timeout_s, self._expire)
                await self._send(text)
                return
            if not self._again:
                return

    def _open_next(self, state: StreamState, batch: Batch) -> tuple[SentCall, str] | None:
        """Record the next command as sent. Runs again when the batch has to be decided anew."""
        self._peer.expire(math.inf)  # what an earlier run of this decision opened never went out
        known = state.rows.get(STATES, self.identity)
        if known is not None and (known.connection or 0) > self.connection:
            return None  # a newer connection owns the charge point; this one has not heard of it yet
        for row in _due(state.rows, batch)[: MAX_EVENTS_PER_PUMP - 1]:
            try:
                command = row.command()
                opened = self._open_call(command, row.command_id)
            except (Refused, LocalProtocolError, PayloadError, ValueError) as error:
                self._record_impossible(state, batch, row, str(error))
                continue
            if opened is None:
                continue
            action, request, text = opened
            if isinstance(command, RequestMessage):
                self.requested_messages.add(command.message)
            elif isinstance(command, RequestExtendedMessage):
                self.requested_messages.add(SENT_AS.get(command.message, command.message))
            recorded = batch.record(
                state,
                et.CALL_SENT,
                payload=text,
                action=action,
                message_id=row.command_id,
                cause=row.position,
                connection=self.connection,
                actor=row.actor,
                facts=(facts.CommandSent(row.command_id, row.command_id),),
            )
            return SentCall(recorded.position, row.command_id, action, request), text
        return None

    def _open_call(self, command: Command, unique_id: str) -> tuple[str, Payload, str] | None:
        """Action, request and text of a call; None when the charge point may not hear it yet.

        Raises Refused, LocalProtocolError, PayloadError or ValueError when it can never be sent.
        """
        deadline = asyncio.get_running_loop().time() + self._call_timeout_s
        if isinstance(command, RawCall):
            if self._registration() not in ("Accepted", "Pending"):
                return None
            text = self._peer.call_raw(
                command.action, command.payload_json, unique_id=unique_id, deadline=deadline
            )
            known = self._dialect.our_request(command.action, command.payload_json)
            return command.action, known or RawPayload(json=command.payload_json), text
        request = self._dialect.request_for(command)
        if not self._may_be_sent(request):
            return None
        text = self._peer.call(request, unique_id=unique_id, deadline=deadline)
        return self._dialect.catalogue.action_of(request).name, request, text

    def _may_be_sent(self, request: Payload) -> bool:
        """A pending charge point is set up but charges nobody; a rejected one hears nothing."""
        registration = self._registration()
        if registration == "Accepted":
            return True
        return registration == "Pending" and self._dialect.catalogue.action_of(request).before_accepted

    def _record_impossible(self, state: StreamState, batch: Batch, row: CommandRow, reason: str) -> None:
        body = {"command_id": row.command_id, "reason": reason[:255]}
        batch.record(
            state,
            et.COMMAND_IMPOSSIBLE,
            payload=msgspec.json.encode(body).decode(),
            cause=row.position,
            connection=self.connection,
            facts=(facts.CommandImpossible(row.command_id, body["reason"]),),
        )

    def _expire(self) -> None:
        """The answer did not come in time: record it, and let the next command go out."""
        if self._sent is None or self._is_stopped:
            return
        sent = self._take_sent()
        self._peer.expire(asyncio.get_running_loop().time() + self._call_timeout_s)
        if len(self._expired) >= MAX_EXPIRED_KEPT:
            del self._expired[next(iter(self._expired))]
        self._expired[sent.command_id] = sent

        def decide(state: StreamState, batch: Batch) -> None:
            batch.record(
                state,
                et.CALL_EXPIRED,
                payload="{}",
                action=sent.action,
                message_id=sent.command_id,
                cause=sent.position,
                connection=self.connection,
                facts=(facts.CommandUnanswered(sent.command_id),),
            )

        self._journal.submit(Unit(self.identity, decide, events=1)).add_done_callback(self._settled)

    # --- answers in ------------------------------------------------------------------------------------

    def result_unit(self, text: str, result: ResultReceived) -> Unit:
        sent = self._take_sent()
        if not _is_json(result.response):
            return self._unreadable_unit(sent, text)
        return self._result_unit(sent, text, result.response, ",".join(result.repairs))

    def error_unit(self, text: str, error: ErrorReceived) -> Unit:
        sent = self._take_sent()
        refused = facts.CommandRefused(sent.command_id, error.code, error.description)
        return self._answer_unit(sent, et.ERROR_RECEIVED, text, (refused,))

    def unreadable_result_unit(self, text: str) -> Unit:
        return self._unreadable_unit(self._take_sent(), text)

    def _unreadable_unit(self, sent: SentCall, text: str) -> Unit:
        refused = facts.CommandRefused(sent.command_id, UNREADABLE_RESULT, "")
        concealed = self._conceal(sent, text)
        return self._answer_unit(sent, et.RESULT_REJECTED, concealed, (refused,))

    def unexpected_unit(self, text: str, answer: AnswerUnexpected) -> Unit:
        """A late answer still settles its command; one that nobody asked for is only recorded."""
        sent = self._expired.pop(answer.unique_id, None)
        if self.is_waiting_for(answer.unique_id):  # its answer came twice, the first time too early
            sent = self._take_sent()
        frame = parse(text)
        if sent is None:
            concealed = self._dialect.conceal("", text)
            return self._answer_unit(None, et.ANSWER_UNEXPECTED, concealed, (), message_id=answer.unique_id)
        if isinstance(frame, CallError):
            refused = facts.CommandRefused(sent.command_id, frame.code, frame.description)
            return self._answer_unit(sent, et.ERROR_RECEIVED, text, (refused,))
        assert isinstance(frame, CallResult)
        try:
            response, repairs = self._read(sent, frame)
        except PayloadError:
            return self._unreadable_unit(sent, text)
        if not _is_json(response):
            return self._unreadable_unit(sent, text)
        return self._result_unit(sent, text, response, repairs)

    def _read(self, sent: SentCall, frame: CallResult) -> tuple[Payload, str]:
        """A response and the names of its repairs, as the peer would read it. Raises PayloadError."""
        action = self._dialect.catalogue.get(sent.action)
        response_type = RawPayload if action is None else action.Response
        try:
            return decode(response_type, frame.payload), ""
        except PayloadError:
            mended = self._dialect.repair(response_type, msgspec.json.decode(frame.payload))
            if mended is None:
                raise
            return decode(response_type, msgspec.json.encode(mended[0])), ",".join(mended[1])

    def _result_unit(self, sent: SentCall, text: str, response: Payload, repairs: str) -> Unit:
        concealed = self._conceal(sent, text)
        frame = parse(concealed)
        assert isinstance(frame, CallResult)
        if concealed is not text:
            response, repairs = self._read(sent, frame)
        said: tuple[facts.Fact, ...] = ()
        if type(sent.request) is not RawPayload:
            said = self._dialect.facts_of(sent.action, sent.request, response)
        answered = command_answered(sent.command_id, bytes(frame.payload))
        return self._answer_unit(sent, et.RESULT_RECEIVED, concealed, (*said, answered), repairs=repairs)

    def _conceal(self, sent: SentCall, text: str) -> str:
        """The answer to a call that no version knows may be any answer."""
        return self._dialect.conceal(sent.action if sent.action in self._dialect.catalogue else "", text)

    def _answer_unit(
        self,
        sent: SentCall | None,
        type_: str,
        text: str,
        said: tuple[facts.Fact, ...],
        *,
        repairs: str = "",
        message_id: str = "",
    ) -> Unit:
        def decide(state: StreamState, batch: Batch) -> None:
            batch.record(
                state,
                type_,
                payload=storable(text),
                action=sent.action if sent else "",
                message_id=sent.command_id if sent else message_id[:36],
                repairs=repairs,
                cause=sent.position if sent else None,
                connection=self.connection,
                facts=said,
            )

        unit = Unit(self.identity, decide, events=1)
        unit.done.add_done_callback(self._settled)
        return unit

    def _settled(self, done: asyncio.Future[Any]) -> None:
        if not done.cancelled() and done.exception() is None:
            self.pump()

    def _take_sent(self) -> SentCall:
        assert self._sent is not None
        sent, self._sent = self._sent, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return sent


def _due(rows: Rows, batch: Batch) -> list[CommandRow]:
    """Commands to send, oldest first: new ones, and those that a lost connection left without an answer."""
    due = []
    for row in rows.all(COMMANDS):
        if row.expires_at <= batch.now:
            continue
        if row.state == REQUESTED or (row.state == SENT and row.may_be_resent()):
            due.append(row)
    return sorted(due, key=lambda row: row.position)


def _is_json(response: Payload) -> bool:
    """What answers a raw call was not read by anybody yet."""
    if type(response) is not RawPayload:
        return True
    try:
        msgspec.json.decode(response.json)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def storable(text: str) -> str:
    """A received text as a database can keep it: no database stores NUL."""
    return text.replace("\0", "\ufffd") if "\0" in text else text
