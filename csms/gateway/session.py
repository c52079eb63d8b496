"""One connection: its peer, and the unit of work that each frame becomes.

A frame is read at once (the peer is pure and quick) and becomes a unit for the journal. The unit's
decision runs on the newest state and may run again, so it only records events and renders text; what
goes out on the wire goes out after the commit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csms.dialects.rules import Answer, Dialect, NotSupported
from csms.domain.facts import Fact, MeterValuesReported
from csms.eventlog import event_types as et
from csms.eventlog.state import Batch, StreamState
from csms.gateway.answers import DECIDERS, GatewayCircumstances
from csms.gateway.journal import Journal, Unit
from csms.gateway.lookups import ChargePointRecord, Lookups
from csms.gateway.sender import Send, Sender, storable
from ocpp_core.action import CENTRAL_SYSTEM, Action, Queued
from ocpp_core.errors import PayloadError, Violation
from ocpp_core.events import AnswerUnexpected, CallReceived, ErrorReceived, FrameRejected, ResultReceived
from ocpp_core.peer import Peer

UNREADABLE_FRAMES_BEFORE_CLOSE = 3


class Session:
    """connection: the position of its connection.opened event, set once that is committed."""

    def __init__(
        self,
        charge_point: ChargePointRecord,
        dialect: Dialect,
        journal: Journal,
        lookups: Lookups,
        *,
        send: Send,
        call_timeout_s: float,
    ) -> None:
        self.charge_point = charge_point
        self.identity = charge_point.identity
        self.dialect = dialect
        self.is_closing = False
        self.waiting_since: float | None = None
        self.unreadable_frames = 0
        self._lookups = lookups
        self._peer = Peer(CENTRAL_SYSTEM, dialect.catalogue, dialect.error_codes, repair=dialect.repair)
        self.sender = Sender(
            self.identity,
            dialect,
            self._peer,
            journal,
            send,
            call_timeout_s=call_timeout_s,
            registration=lambda: self.charge_point.registration,
        )

    @property
    def connection(self) -> int:
        return self.sender.connection

    # --- frames in -------------------------------------------------------------------------------------

    def unit_for(self, text: str) -> Unit:
        """Read a text frame and make the unit of work that records and answers it.

        The unit's result is the text to send back, or None.
        """
        received = self._peer.receive_text(text)
        if type(received) is CallReceived:
            return self._call_unit(text, received)
        if isinstance(received, ResultReceived | ErrorReceived) and not self.sender.is_waiting_for(
            received.unique_id
        ):  # an answer from before a lost connection, while the call is about to be sent again
            received = AnswerUnexpected(received.unique_id, late=True)
        if type(received) is ResultReceived:
            return self.sender.result_unit(text, received)
        if type(received) is ErrorReceived:
            return self.sender.error_unit(text, received)
        if type(received) is FrameRejected:
            return self._rejected_unit(text, received)
        assert type(received) is AnswerUnexpected
        return self.sender.unexpected_unit(text, received)

    def _may_call(self, action: type[Action]) -> bool:
        """Before its registration is accepted, a charge point boots, and sends what it was asked to send."""
        return (
            self.charge_point.registration == "Accepted"
            or action.before_accepted
            or action.name in self.sender.requested_messages
        )

    def _call_unit(self, text: str, call: CallReceived) -> Unit:
        self.unreadable_frames = 0
        action = call.action
        if not self._may_call(action):
            reason = "the registration is not accepted"
            return self._refusal(text, call.unique_id, action.name, Violation.SECURITY_ERROR, reason)
        rule = self.dialect.answers[action.name]
        if type(rule) is NotSupported:
            return self._refusal(text, call.unique_id, action.name, Violation.NOT_SUPPORTED, "")
        try:
            self.dialect.check(call.request)
        except PayloadError as error:
            return self._refusal(text, call.unique_id, action.name, error.violation, error.description)
        question = rule.read(call.request) if type(rule) is Answer else None

        def decide(state: StreamState, batch: Batch) -> str:
            if question is None:
                response = action.Response()
            else:
                circumstances = GatewayCircumstances(
                    state, self._lookups, batch.now, self.charge_point.registration
                )
                response = rule.render(DECIDERS[type(question)](question, circumstances))  # type: ignore[union-attr]
            answer = self._peer.answer(call.unique_id, response)
            facts = self.dialect.facts_of(action.name, call.request, response)
            recorded = batch.record(
                state,
                et.CALL_RECEIVED,
                payload=text,
                action=action.name,
                message_id=call.unique_id,
                repairs=",".join(call.repairs),
                connection=self.connection,
                happened_at=_moment(facts),
            )
            batch.record(
                state,
                et.CALL_ANSWERED,
                payload=answer,
                action=action.name,
                message_id=call.unique_id,
                cause=recorded.position,
                connection=self.connection,
                facts=facts,
            )
            return answer

        return Unit(self.identity, decide, question)

    def _refusal(
        self,
        text: str,
        unique_id: str,
        action_name: str,
        violation: Violation,
        description: str,
        details: dict[str, Any] | None = None,
    ) -> Unit:
        """Record a call and the CALLERROR that it gets."""
        refusal = self._peer.refuse(unique_id, violation, description, details)

        def decide(state: StreamState, batch: Batch) -> str:
            recorded = batch.record(
                state,
                et.CALL_RECEIVED,
                payload=storable(text),
                action=action_name[:50],
                message_id=unique_id[:36],
                connection=self.connection,
            )
            batch.record(
                state,
                et.CALL_REFUSED,
                payload=refusal,
                action=action_name[:50],
                message_id=unique_id[:36],
                cause=recorded.position,
                connection=self.connection,
            )
            return refusal

        return Unit(self.identity, decide)

    def failure_unit(self, text: str) -> Unit:
        """After a fault of ours: record the frame, and answer InternalError where that is harmless.

        A transaction-related call gets no answer (its charge point would count it as a refusal); the
        unit's result is then None, and the connection should end so that the frame comes again.
        """
        dialect = self.dialect
        reader = Peer(CENTRAL_SYSTEM, dialect.catalogue, dialect.error_codes, repair=dialect.repair)
        received = reader.receive_text(text)
        if type(received) is not CallReceived:
            return self.record_unit(text, et.FRAME_REJECTED)
        if received.action.queued_offline is not Queued.NO:
            return self.record_unit(text, et.CALL_RECEIVED, received.action.name, received.unique_id)
        return self._refusal(
            text, received.unique_id, received.action.name, Violation.INTERNAL_ERROR, "a fault on our side"
        )

    def _rejected_unit(self, text: str, frame: FrameRejected) -> Unit:
        if frame.unique_id is not None and frame.is_answerable:
            return self._refusal(
                text, frame.unique_id, frame.action_name, frame.violation, frame.description, frame.details
            )
        if frame.request is not None and self.sender.is_waiting_for(frame.unique_id or ""):
            return self.sender.unreadable_result_unit(text)
        self.unreadable_frames += 1
        concealed = self.dialect.conceal(frame.action_name, text)
        return self.record_unit(concealed, et.FRAME_REJECTED, frame.action_name, frame.unique_id or "")

    def record_unit(self, text: str, type_: str, action_name: str = "", unique_id: str = "") -> Unit:
        def decide(state: StreamState, batch: Batch) -> None:
            batch.record(
                state,
                type_,
                payload=storable(text),
                action=action_name[:50],
                message_id=unique_id[:36],
                connection=self.connection,
            )

        return Unit(self.identity, decide, events=1)


def _moment(facts: tuple[Fact, ...]) -> datetime | None:
    """The charge point's own time of what happened, when it gave one."""
    if not facts:
        return None
    first = facts[0]
    if isinstance(first, MeterValuesReported):
        return first.samples[-1].sampled_at if first.samples else None
    return getattr(first, "happened_at", None)
