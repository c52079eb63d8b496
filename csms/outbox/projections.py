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

# A command whose connection is lost before the answer is sent again on the next one, so often in all.
MAX_SEND_ATTEMPTS = 3
# Of the commands that got no answer in time, so many of the newest may still get a late one.
MAX_UNANSWERED_KEPT = 16


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
    connection: int | None = None
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

    def may_be_resent(self) -> bool:
        return self.attempts < MAX_SEND_ATTEMPTS and self.command().resend

    def is_followed(self) -> bool:
        """May anything still happen to it? Without an answer, only as long as it has its connection."""
        if self.state in UNFINISHED or self.effect == AWAITED:
            return True
        return self.state == UNANSWERED and self.connection is not None


COMMANDS = Table(
    models.Command,
    CommandRow,
    key=("charge_point", "command_id"),
    keep="state IN ('requested', 'sent') OR effect = 'awaited' "
    "OR (state = 'unanswered' AND connection IS NOT NULL)",
)


class Commands(Projection):
    """Stands after the charging projections in the settings: an effect is seen in the rows they leave."""

    tables = (COMMANDS,)

    @staticmethod
    def trim(rows: Rows) -> None:
        for row in list(rows.all(COMMANDS)):
            if not row.is_followed():
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
            row.connection = event.connection
            rows.put(COMMANDS, row)

    @on(facts.CommandAnswered)
    def answered(self, fact: facts.CommandAnswered, event: Recorded, rows: Rows) -> None:
        if row := self._followed(fact.command_id, event, rows):
            row.state = ANSWERED
            row.answered_at = event.recorded_at
            row.status = fact.status
            row.response = msgspec.json.decode(fact.response)
            if _agrees(row, fact.status):
                _await_effect(row, event)
            elif row.effect == AWAITED:
                row.effect, row.effect_until = "", None
            rows.put(COMMANDS, row)

    @on(facts.CommandRefused)
    def refused(self, fact: facts.CommandRefused, event: Recorded, rows: Rows) -> None:
        if row := self._followed(fact.command_id, event, rows):
            row.state = REFUSED
            row.answered_at = event.recorded_at
            row.error_code = fact.code[:50]
            row.error_description = fact.description[:255]
            if row.effect == AWAITED:
                row.effect, row.effect_until = "", None
            rows.put(COMMANDS, row)

    @on(facts.CommandUnanswered)
    def unanswered(self, fact: facts.CommandUnanswered, event: Recorded, rows: Rows) -> None:
        """It may have been done nevertheless, which its effect would show."""
        if row := self._finish(fact.command_id, UNANSWERED, event, rows):
            _await_effect(row, event)
        unanswered = [row for row in rows.all(COMMANDS) if row.state == UNANSWERED and row.is_followed()]
        for row in sorted(unanswered, key=lambda row: row.position)[:-MAX_UNANSWERED_KEPT]:
            row.connection = None
            rows.put(COMMANDS, row)

    @on(facts.ConnectionClosed)
    def closed(self, fact: facts.ConnectionClosed, event: Recorded, rows: Rows) -> None:
        """An answer that is lost with the connection, of what is not asked again: it may have happened.

        Whether it did can still be seen on the next connection, for example in the boot after a reset.
        """
        for row in list(rows.all(COMMANDS)):
            if row.state == SENT and row.connection == fact.connection and not row.may_be_resent():
                row.state = UNANSWERED
                _await_effect(row, event)
                rows.put(COMMANDS, row)
            elif row.state == UNANSWERED and row.connection not in (None, fact.connection):
                row.connection = None
                rows.put(COMMANDS, row)

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
        elif fact.stage == "unanswered":
            if row := self._finish(fact.command_id, UNANSWERED, event, rows):
                _await_effect(row, event)
        elif row := rows.get(COMMANDS, event.stream, fact.command_id):
            row.effect = MISSING
            rows.put(COMMANDS, row)

    @staticmethod
    def _followed(command_id: str, event: Recorded, rows: Rows) -> CommandRow | None:
        row = rows.get(COMMANDS, event.stream, command_id)
        return row if row is not None and row.is_followed() else None

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
        """An effect may be seen before the answer arrives, or without one: a boot, a start."""
        for row in list(rows.all(COMMANDS)):
            if row.effect == SEEN or (row.state != SENT and row.effect != AWAITED):
                continue
            command = row.command()
            if commands.effect_of(command) is not type(fact) or not _shows(command, row, fact):
                continue
            row.effect = SEEN
            row.effect_position = event.position
            if isinstance(fact, facts.TransactionStarted | facts.TransactionEnded):
                row.transaction_id = fact.transaction_id
            if isinstance(command, commands.ResetChargePoint) and row.state in (SENT, UNANSWERED):
                row.state = ANSWERED  # it rebooted before it could answer
            rows.put(COMMANDS, row)


# Words for: it will be done. Some answers have no status, and agree by being given.
AGREEING = frozenset({"Accepted", "AcceptedCanceled", "Scheduled"})


def _agrees(row: CommandRow, status: str) -> bool:
    if status:
        return status in AGREEING
    return bool(row.response) or row.command().empty_answer_agrees


def _await_effect(row: CommandRow, event: Recorded) -> None:
    """From now on, if there is one to be seen that was not seen yet."""
    command = row.command()
    if row.effect != SEEN and commands.effect_of(command) is not None:
        row.effect = AWAITED
        begins = max(event.recorded_at, commands.begins_at(command) or event.recorded_at)
        row.effect_until = begins + timedelta(seconds=command.effect_within_s)


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


def _message(
    command: commands.RequestMessage | commands.RequestExtendedMessage, row: CommandRow, fact: Any
) -> bool:
    return command.evse is None or getattr(fact, "evse", command.evse) == command.evse


def _reserved(
    command: commands.ReserveConnector, row: CommandRow, fact: facts.ConnectorStatusReported
) -> bool:
    return command.evse == fact.evse and fact.status == "Reserved"


def _uploaded(command: commands.FetchLog, row: CommandRow, fact: facts.LogStatusReported) -> bool:
    return fact.status == "Uploaded" and fact.request_id == command.request_id


def _installed(
    command: commands.InstallSignedFirmware, row: CommandRow, fact: facts.FirmwareStatusReported
) -> bool:
    return fact.status == "Installed" and fact.request_id == command.request_id


# Which fact of the right type is the effect of this very command; no row: any.
MATCHES: dict[type[commands.Command], Callable[[Any, CommandRow, Any], bool]] = {
    commands.FetchDiagnostics: lambda _, row, fact: fact.status == "Uploaded" and fact.request_id is None,
    commands.FetchLog: _uploaded,
    commands.InstallFirmware: lambda _, row, fact: fact.status == "Installed" and fact.request_id is None,
    commands.InstallSignedFirmware: _installed,
    commands.RemoteStart: _remote_start,
    commands.RemoteStop: lambda command, row, fact: command.transaction_id == fact.transaction_id,
    commands.RequestExtendedMessage: _message,
    commands.RequestMessage: _message,
    commands.ReserveConnector: _reserved,
    commands.SetAvailability: _availability,
}
