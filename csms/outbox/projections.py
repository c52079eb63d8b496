"""Commands: from asked, over sent and answered, to the effect that was seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from csms.domain import commands, facts
from csms.domain.authorization import folded
from csms.eventlog.projection import Projection, on
from csms.eventlog.state import Recorded, Rows
from csms.eventlog.table import Row, Table
from csms.outbox import models

REQUESTED, SENT, ANSWERED, REFUSED = "requested", "sent", "answered", "refused"
UNANSWERED, IMPOSSIBLE, EXPIRED, CANCELLED = "unanswered", "impossible", "expired", "cancelled"
AWAITED, SEEN, MISSING = "awaited", "seen", "missing"

UNFINISHED = (REQUESTED, SENT)


class CommandRow(Row):
    charge_point: str
    command_id: str
    kind: str
    parameters: dict[str, Any]
    actor: str
    reason: str
    idempotency_key: str
    state: str
    requested_at: datetime
    expires_at: datetime
    position: int
    attempts: int = 0
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    status: str = ""
    response: Any = None
    error_code: str = ""
    error_description: str = ""
    effect: str = ""
    effect_until: datetime | None = None
    effect_position: int | None = None
    transaction_id: str = ""

    def command(self) -> commands.Command:
        return commands.restored(self.kind, self.parameters)


COMMANDS = Table(
    models.Command,
    CommandRow,
    key=("charge_point", "command_id"),
    keep="state IN ('requested', 'sent', 'unanswered') OR effect = 'awaited'",
)


class Commands(Projection):
    """Stands after the charging projections in the settings: an effect is seen in the rows they leave."""

    tables = (COMMANDS,)

    @staticmethod
    def trim(rows: Rows) -> None:
        for row in list(rows.all(COMMANDS)):
            if row.state not in (*UNFINISHED, UNANSWERED) and row.effect != AWAITED:
                rows.drop(COMMANDS, row)

    @on(facts.CommandRequested)
    def requested(self, fact: facts.CommandRequested, event: Recorded, rows: Rows) -> None:
        rows.put(
            COMMANDS,
            CommandRow(
                charge_point=event.stream,
                command_id=fact.command_id,
                kind=fact.kind,
                parameters=msgspec.json.decode(fact.parameters),
                actor=event.actor,
                reason=fact.reason,
                idempotency_key=fact.idempotency_key,
                state=REQUESTED,
                requested_at=event.recorded_at,
                expires_at=fact.expires_at,
                position=event.position,
            ),
        )

    @on(facts.CommandSent)
    def sent(self, fact: facts.CommandSent, event: Recorded, rows: Rows) -> None:
        if row := rows.get(COMMANDS, event.stream, fact.command_id):
            row.state = SENT
            row.attempts += 1
            row.sent_at = event.recorded_at
            rows.put(COMMANDS, row)

    @on(facts.CommandAnswered)
    def answered(self, fact: facts.CommandAnswered, event: Recorded, rows: Rows) -> None:
        if row := rows.get(COMMANDS, event.stream, fact.command_id):
            row.state = ANSWERED
            row.answered_at = event.recorded_at
            row.status = fact.status
            row.response = msgspec.json.decode(fact.response)
            command = row.command()
            agreed = fact.status in ("Accepted", "Scheduled")
            if agreed and row.effect != SEEN and commands.effect_of(command) is not None:
                row.effect = AWAITED
                row.effect_until = event.recorded_at + timedelta(seconds=command.effect_within_s)
            rows.put(COMMANDS, row)

    @on(facts.CommandRefused)
    def refused(self, fact: facts.CommandRefused, event: Recorded, rows: Rows) -> None:
        if row := rows.get(COMMANDS, event.stream, fact.command_id):
            row.state = REFUSED
            row.answered_at = event.recorded_at
            row.error_code = fact.code[:50]
            row.error_description = fact.description[:255]
            rows.put(COMMANDS, row)

    @on(facts.CommandUnanswered)
    def unanswered(self, fact: facts.CommandUnanswered, event: Recorded, rows: Rows) -> None:
        self._finish(fact.command_id, UNANSWERED, event, rows)

    @on(facts.CommandCancelled)
    def cancelled(self, fact: facts.CommandCancelled, event: Recorded, rows: Rows) -> None:
        self._finish(fact.command_id, CANCELLED, event, rows)

    @on(facts.CommandImpossible)
    def impossible(self, fact: facts.CommandImpossible, event: Recorded, rows: Rows) -> None:
        if row := self._finish(fact.command_id, IMPOSSIBLE, event, rows):
            row.error_description = fact.reason[:255]

    @on(facts.CommandExpired)
    def expired(self, fact: facts.CommandExpired, event: Recorded, rows: Rows) -> None:
        if fact.stage == "unsent":
            self._finish(fact.command_id, EXPIRED, event, rows)
        elif row := rows.get(COMMANDS, event.stream, fact.command_id):
            row.effect = MISSING
            rows.put(COMMANDS, row)

    @staticmethod
    def _finish(command_id: str, state: str, event: Recorded, rows: Rows) -> CommandRow | None:
        row = rows.get(COMMANDS, event.stream, command_id)
        if row is not None:
            row.state = state
            rows.put(COMMANDS, row)
        return row

    # --- effects ---------------------------------------------------------------------------------------

    @on(
        facts.TransactionStarted,
        facts.TransactionEnded,
        facts.ChargePointBooted,
        facts.ConnectorStatusReported,
        facts.HeartbeatReceived,
        facts.MeterValuesReported,
        facts.FirmwareStatusReported,
        facts.LogStatusReported,
    )
    def happened(self, fact: facts.Fact, event: Recorded, rows: Rows) -> None:
        """An effect may be seen before the answer arrives: a boot, or a start on the same wire."""
        for row in list(rows.all(COMMANDS)):
            if row.effect != AWAITED and row.state != SENT:
                continue
            command = row.command()
            if commands.effect_of(command) is type(fact) and _shows(command, row, fact):
                row.effect = SEEN
                row.effect_position = event.position
                if isinstance(fact, facts.TransactionStarted | facts.TransactionEnded):
                    row.transaction_id = fact.transaction_id
                if isinstance(command, commands.ResetChargePoint) and row.state == SENT:
                    row.state = ANSWERED  # it rebooted before it could answer
                rows.put(COMMANDS, row)


def _shows(command: commands.Command, row: CommandRow, fact: Any) -> bool:
    matches: Callable[[Any, CommandRow, Any], bool] | None = MATCHES.get(type(command))
    return matches is None or matches(command, row, fact)


def _remote_start(command: commands.RemoteStart, row: CommandRow, fact: facts.TransactionStarted) -> bool:
    sent = row.sent_at or row.requested_at
    same_place = command.evse in (None, 0, fact.evse)
    recent = fact.happened_at > sent - timedelta(minutes=5)
    return folded(command.id_token) == folded(fact.id_token) and same_place and recent


def _availability(
    command: commands.SetAvailability, row: CommandRow, fact: facts.ConnectorStatusReported
) -> bool:
    unavailable = fact.status == "Unavailable"
    return command.evse == fact.evse and unavailable != command.operative


def _message(command: commands.RequestMessage, row: CommandRow, fact: Any) -> bool:
    return command.evse is None or getattr(fact, "evse", command.evse) == command.evse


# Which fact of the right type is the effect of this very command; no row: any.
MATCHES: dict[type[commands.Command], Callable[[Any, CommandRow, Any], bool]] = {
    commands.RemoteStart: _remote_start,
    commands.RemoteStop: lambda command, row, fact: command.transaction_id == fact.transaction_id,
    commands.RequestMessage: _message,
    commands.SetAvailability: _availability,
}
