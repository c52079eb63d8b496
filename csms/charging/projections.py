"""What the log says of charge points, connectors, transactions and meter values."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

import msgspec

from csms.charging.tables import (
    ACTIVITY,
    CONNECTORS,
    METER_VALUES,
    ORPHANS,
    RECENT_TRANSACTIONS,
    SETTINGS,
    STATES,
    TRANSACTIONS,
    ChargePointSettingRow,
    ChargePointStateRow,
    ConnectorStatusRow,
    HourlyActivityRow,
    MeterValueRow,
    OrphanMessageRow,
    TransactionRow,
)
from csms.domain import facts, meter_values
from csms.domain.authorization import folded
from csms.domain.transactions import UNCONFIRMED, believed, energy_wh, is_late, start_key
from csms.eventlog import event_types as et
from csms.eventlog.projection import ASYNC, Projection, on
from csms.eventlog.state import Recorded, Rows

RUNNING, ENDED, PRESUMED_ENDED = "running", "ended", "presumed ended"


class ChargePointStates(Projection):
    """What each charge point said of itself, and which connection is its current one."""

    tables = (STATES,)

    @on(facts.ConnectionOpened)
    def opened(self, fact: facts.ConnectionOpened, event: Recorded, rows: Rows) -> None:
        row = self._row(event, rows)
        row.connection = fact.connection
        row.gateway = fact.gateway
        row.remote_address = fact.remote_address
        row.subprotocol = fact.subprotocol
        row.connected_at = event.recorded_at
        rows.put(STATES, row)

    @on(facts.ConnectionClosed)
    def closed(self, fact: facts.ConnectionClosed, event: Recorded, rows: Rows) -> None:
        row = self._row(event, rows)
        if row.connection == fact.connection:  # the end of an older connection changes nothing
            row.connection = None
            row.disconnected_at = event.recorded_at
            rows.put(STATES, row)

    @on(facts.ChargePointBooted)
    def booted(self, fact: facts.ChargePointBooted, event: Recorded, rows: Rows) -> None:
        row = self._row(event, rows)
        row.booted_at = event.recorded_at
        row.registration = fact.registration
        row.vendor = fact.vendor
        row.model = fact.model
        row.serial_number = fact.serial_number
        row.firmware_version = fact.firmware_version
        row.iccid = fact.iccid
        row.imsi = fact.imsi
        row.meter_type = fact.meter_type
        row.meter_serial_number = fact.meter_serial_number
        rows.put(STATES, row)

    @on(facts.TransactionStarted)
    def started(self, fact: facts.TransactionStarted, event: Recorded, rows: Rows) -> None:
        row = self._row(event, rows)
        if row.latest_start_at is None or row.latest_start_at < fact.happened_at:
            row.latest_start_at = fact.happened_at
            rows.put(STATES, row)

    @on(facts.FirmwareStatusReported)
    def firmware(self, fact: facts.FirmwareStatusReported, event: Recorded, rows: Rows) -> None:
        row = self._row(event, rows)
        row.firmware_status = fact.status
        rows.put(STATES, row)

    @on(facts.LogStatusReported)
    def log(self, fact: facts.LogStatusReported, event: Recorded, rows: Rows) -> None:
        row = self._row(event, rows)
        row.log_status = fact.status
        rows.put(STATES, row)

    @staticmethod
    def _row(event: Recorded, rows: Rows) -> ChargePointStateRow:
        return rows.get(STATES, event.stream) or ChargePointStateRow(charge_point=event.stream)


class ConnectorStatuses(Projection):
    """Latest status of each connector, by the charge point's time: a late report overwrites no newer one."""

    tables = (CONNECTORS,)

    @on(facts.ConnectorStatusReported)
    def reported(self, fact: facts.ConnectorStatusReported, event: Recorded, rows: Rows) -> None:
        happened_at = believed(fact.happened_at or event.recorded_at, event.recorded_at)
        known = rows.get(CONNECTORS, event.stream, fact.evse, fact.connector)
        if known is not None and happened_at < known.happened_at:
            return
        rows.put(
            CONNECTORS,
            ConnectorStatusRow(
                charge_point=event.stream,
                evse=fact.evse,
                connector=fact.connector,
                status=fact.status,
                error_code=fact.error_code,
                info=fact.info,
                vendor_id=fact.vendor_id,
                vendor_error_code=fact.vendor_error_code,
                happened_at=happened_at,
                recorded_at=event.recorded_at,
                position=event.position,
            ),
        )


class Transactions(Projection):
    """Transactions with their energy, meter values, and what belongs to no transaction.

    A transaction ends by its stop. Without one it is presumed ended on evidence: a later start on the
    same connector, or the connector's return to Available. A real stop that comes later replaces that.
    """

    tables = (TRANSACTIONS, METER_VALUES, ORPHANS)

    @staticmethod
    def trim(rows: Rows) -> None:
        if rows.count(TRANSACTIONS) <= 2 * RECENT_TRANSACTIONS:
            return
        finished = sorted(
            (row for row in rows.all(TRANSACTIONS) if row.state != RUNNING), key=lambda row: row.started_at
        )
        for row in finished[:-RECENT_TRANSACTIONS]:
            rows.drop(TRANSACTIONS, row)

    @on(facts.TransactionStarted)
    def started(self, fact: facts.TransactionStarted, event: Recorded, rows: Rows) -> None:
        if rows.get(TRANSACTIONS, event.stream, fact.transaction_id) is not None:
            return  # a resend of a start that is known
        key = start_key(
            evse=fact.evse,
            connector=fact.connector,
            id_token=fact.id_token,
            happened_at=fact.happened_at,
            meter_start_wh=fact.meter_start_wh,
        )
        fact = replace(fact, happened_at=believed(fact.happened_at, event.recorded_at))
        self._presume_older_ended(fact, rows)
        row = TransactionRow(
            charge_point=event.stream,
            transaction_id=fact.transaction_id,
            evse=fact.evse,
            connector=fact.connector,
            id_token=fact.id_token,
            id_token_folded=folded(fact.id_token),
            verdict=fact.verdict,
            reservation_id=fact.reservation_id,
            state=RUNNING,
            started_at=fact.happened_at,
            start_key=key,
            meter_start_wh=fact.meter_start_wh,
            register_wh=float(fact.meter_start_wh),
            energy_wh=0.0,
            is_late=is_late(fact.happened_at, event.recorded_at),
            start_position=event.position,
        )
        newer = self._started_after(fact, rows)
        if newer is not None:
            # It is delivered late, and its connector has gone on since: it cannot be running.
            _presume_ended(row, f"transaction {newer.transaction_id} started later", newer.started_at)
        elif row.is_late and (freed_at := self._available_since(fact, rows)):
            _presume_ended(row, "its connector became Available", freed_at)
        rows.put(TRANSACTIONS, row)

    @staticmethod
    def _presume_older_ended(fact: facts.TransactionStarted, rows: Rows) -> None:
        for row in list(rows.all(TRANSACTIONS)):
            same = (row.evse, row.connector) == (fact.evse, fact.connector)
            if same and row.state == RUNNING and row.started_at <= fact.happened_at:
                _presume_ended(row, f"transaction {fact.transaction_id} started later", fact.happened_at)
                rows.put(TRANSACTIONS, row)

    @staticmethod
    def _started_after(fact: facts.TransactionStarted, rows: Rows) -> TransactionRow | None:
        later = [
            row
            for row in rows.all(TRANSACTIONS)
            if (row.evse, row.connector) == (fact.evse, fact.connector)
            and row.state == RUNNING
            and row.started_at > fact.happened_at
        ]
        return min(later, key=lambda row: row.started_at, default=None)

    @staticmethod
    def _available_since(fact: facts.TransactionStarted, rows: Rows) -> datetime | None:
        """An offline backlog tells the statuses before the transaction (by the charge point's own clock)."""
        for status in rows.all(CONNECTORS):
            if (status.evse, status.connector) == (fact.evse, fact.connector):
                own_time = status.happened_at != status.recorded_at
                if status.status == "Available" and own_time and status.happened_at > fact.happened_at:
                    return status.happened_at
        return None

    @on(facts.ConnectorStatusReported)
    def status(self, fact: facts.ConnectorStatusReported, event: Recorded, rows: Rows) -> None:
        if fact.status != "Available" or not fact.evse:
            return
        happened_at = believed(fact.happened_at or event.recorded_at, event.recorded_at)
        for row in list(rows.all(TRANSACTIONS)):
            if (row.evse, row.connector) != (fact.evse, fact.connector) or row.state != RUNNING:
                continue
            if happened_at > max(row.started_at, row.sampled_at or row.started_at):
                _presume_ended(row, "its connector became Available", happened_at)
                rows.put(TRANSACTIONS, row)

    @on(facts.TransactionEnded)
    def ended(self, fact: facts.TransactionEnded, event: Recorded, rows: Rows) -> None:
        fact = replace(fact, happened_at=believed(fact.happened_at, event.recorded_at))
        row = self._ended_row(fact, event, rows)
        if row is None:
            rows.put(ORPHANS, _orphan_stop(fact, event))
            return
        self._store(fact.samples, row.transaction_id, row.evse, row.connector, event, rows)
        if row.state == ENDED:
            if fact.meter_stop_wh != row.meter_stop_wh:
                row.anomaly = f"a resent stop gives {fact.meter_stop_wh} Wh"
                rows.put(TRANSACTIONS, row)
            return
        for sample in fact.samples:
            _see(row, sample, event)
        row.state = ENDED
        row.evidence = ""
        row.ended_at = fact.happened_at
        row.meter_stop_wh = fact.meter_stop_wh
        row.stop_reason = fact.reason
        row.stop_id_token = fact.id_token
        row.stop_position = event.position
        row.power_w = None
        row.current_a = None
        row.energy_wh, row.anomaly = energy_wh(row.meter_start_wh, fact.meter_stop_wh)
        rows.put(TRANSACTIONS, row)

    @staticmethod
    def _ended_row(fact: facts.TransactionEnded, event: Recorded, rows: Rows) -> TransactionRow | None:
        if fact.transaction_id != UNCONFIRMED:
            return rows.get(TRANSACTIONS, event.stream, fact.transaction_id)
        return unconfirmed(rows, id_token=fact.id_token, happened_at=fact.happened_at)

    @on(facts.MeterValuesReported)
    def metered(self, fact: facts.MeterValuesReported, event: Recorded, rows: Rows) -> None:
        row = self._metered_row(fact, event, rows)
        if row is None:
            self._store(fact.samples, "", fact.evse, fact.connector, event, rows)
            if fact.transaction_id:
                rows.put(ORPHANS, _orphan_values(fact, event))
            return
        self._store(fact.samples, row.transaction_id, fact.evse, fact.connector, event, rows)
        if row.state != ENDED:
            for sample in fact.samples:
                _see(row, sample, event)
            rows.put_hot(TRANSACTIONS, row)
            self._revive(row, rows)

    @staticmethod
    def _revive(row: TransactionRow, rows: Rows) -> None:
        """A transaction that goes on to report after its presumed end has not ended."""
        if row.state != PRESUMED_ENDED or row.ended_at is None or row.sampled_at is None:
            return
        occupied = any(
            (other.evse, other.connector) == (row.evse, row.connector) and other.state == RUNNING
            for other in rows.all(TRANSACTIONS)
        )
        if row.sampled_at > row.ended_at and not occupied:
            row.state, row.ended_at, row.evidence = RUNNING, None, ""
            rows.put(TRANSACTIONS, row)

    @staticmethod
    def _metered_row(fact: facts.MeterValuesReported, event: Recorded, rows: Rows) -> TransactionRow | None:
        """The transaction that is named; without a name, the one that runs on the connector at that time."""
        if fact.transaction_id not in ("", UNCONFIRMED):
            return rows.get(TRANSACTIONS, event.stream, fact.transaction_id)
        if not fact.evse or not fact.samples:
            return None
        for row in rows.all(TRANSACTIONS):
            if (row.evse, row.connector) == (fact.evse, fact.connector) and row.state == RUNNING:
                return row if row.started_at <= fact.samples[0].sampled_at else None
        return None

    @staticmethod
    def _store(
        samples: tuple[facts.MeterSample, ...],
        transaction_id: str,
        evse: int,
        connector: int,
        event: Recorded,
        rows: Rows,
    ) -> None:
        for sample in samples:
            values = [_stored(value) for value in sample.values]
            digest = hashlib.blake2b(msgspec.json.encode(values), digest_size=8).hexdigest()
            rows.put(
                METER_VALUES,
                MeterValueRow(
                    charge_point=event.stream,
                    evse=evse,
                    connector=connector,
                    transaction_id=transaction_id,
                    sampled_at=sample.sampled_at,
                    digest=digest,
                    values=values,
                    position=event.position,
                ),
            )


def unconfirmed(rows: Rows, *, id_token: str, happened_at: datetime) -> TransactionRow | None:
    """The running transaction that a stop with id -1 means: same token, started before, the only one."""
    fitting = [
        row
        for row in rows.all(TRANSACTIONS)
        if row.state == RUNNING
        and row.started_at <= happened_at
        and (not id_token or row.id_token_folded == folded(id_token))
    ]
    return fitting[0] if len(fitting) == 1 else None


def _presume_ended(row: TransactionRow, evidence: str, at: datetime) -> None:
    row.state = PRESUMED_ENDED
    row.evidence = evidence
    row.ended_at = at
    row.power_w = None
    row.current_a = None


def _see(row: TransactionRow, sample: facts.MeterSample, event: Recorded) -> None:
    """Take a sample into the transaction's figures, if it is the newest one so far."""
    sampled_at = believed(sample.sampled_at, event.recorded_at)
    if row.sampled_at is not None and sampled_at < row.sampled_at:
        return
    register = meter_values.register_wh(sample)
    is_ahead = sample.sampled_at > event.recorded_at
    if is_ahead and register is not None and register < (row.register_wh or 0):
        return  # its time says nothing, so its register has to: this one is told again
    row.sampled_at = sampled_at
    for name, figure in meter_values.live_figures(sample.values).items():
        setattr(row, name, figure)
    if register is not None:
        row.register_wh = register
        row.energy_wh, row.anomaly = energy_wh(row.meter_start_wh, register)


def _stored(value: facts.SampledValue) -> dict[str, object]:
    """A reading as it is kept: what is default is left out."""
    kept: dict[str, object] = {"measurand": value.measurand, "unit": value.unit}
    if value.value is None:
        kept["raw"] = value.raw
    else:
        kept["value"] = value.value
    if value.context != "Sample.Periodic":
        kept["context"] = value.context
    if value.phase:
        kept["phase"] = value.phase
    if value.location != "Outlet":
        kept["location"] = value.location
    if value.format != "Raw":
        kept["format"] = value.format
    if value.raw_unit and value.raw_unit != value.unit:
        kept["raw_unit"] = value.raw_unit
    return kept


def _orphan_stop(fact: facts.TransactionEnded, event: Recorded) -> OrphanMessageRow:
    return OrphanMessageRow(
        charge_point=event.stream,
        position=event.position,
        kind="stop",
        transaction_id=fact.transaction_id,
        evse=0,
        id_token=fact.id_token,
        meter_wh=float(fact.meter_stop_wh),
        happened_at=fact.happened_at,
    )


def _orphan_values(fact: facts.MeterValuesReported, event: Recorded) -> OrphanMessageRow:
    last = fact.samples[-1] if fact.samples else None
    return OrphanMessageRow(
        charge_point=event.stream,
        position=event.position,
        kind="meter values",
        transaction_id=fact.transaction_id,
        evse=fact.evse,
        id_token="",
        meter_wh=None if last is None else meter_values.register_wh(last),
        happened_at=event.recorded_at if last is None else last.sampled_at,
    )


class ChargePointSettings(Projection):
    """Settings as last reported."""

    tables = (SETTINGS,)

    @on(facts.SettingsReported)
    def reported(self, fact: facts.SettingsReported, event: Recorded, rows: Rows) -> None:
        for setting in fact.settings:
            known = rows.get(SETTINGS, event.stream, setting.key)
            rows.put(
                SETTINGS,
                ChargePointSettingRow(
                    charge_point=event.stream,
                    key=setting.key,
                    value=setting.value,
                    readonly=setting.readonly,
                    reboot_required=known is not None
                    and known.reboot_required
                    and known.value == setting.value,
                    recorded_at=event.recorded_at,
                    position=event.position,
                ),
            )

    @on(facts.SettingChanged)
    def changed(self, fact: facts.SettingChanged, event: Recorded, rows: Rows) -> None:
        if fact.status not in ("Accepted", "RebootRequired"):
            return
        rows.put(
            SETTINGS,
            ChargePointSettingRow(
                charge_point=event.stream,
                key=fact.key,
                value=fact.value,
                readonly=False,
                reboot_required=fact.status == "RebootRequired",
                recorded_at=event.recorded_at,
                position=event.position,
            ),
        )

    @on(facts.ChargePointBooted)
    def booted(self, fact: facts.ChargePointBooted, event: Recorded, rows: Rows) -> None:
        for row in list(rows.all(SETTINGS)):
            if row.reboot_required:
                row.reboot_required = False
                rows.put(SETTINGS, row)


class HourlyActivities(Projection):
    """Frames and connections of each charge point by hour; nothing decides on it, so it may lag."""

    mode = ASYNC
    tables = (ACTIVITY,)

    @on(et.CALL_RECEIVED)
    def call(self, _: Recorded, event: Recorded, rows: Rows) -> None:
        self._count(event, rows, "calls")

    @on(et.CALL_REFUSED)
    def refused(self, _: Recorded, event: Recorded, rows: Rows) -> None:
        self._count(event, rows, "refused")

    @on(et.CALL_SENT)
    def command(self, _: Recorded, event: Recorded, rows: Rows) -> None:
        self._count(event, rows, "commands")

    @on(et.CONNECTION_OPENED)
    def connection(self, _: Recorded, event: Recorded, rows: Rows) -> None:
        self._count(event, rows, "connections")

    @staticmethod
    def _count(event: Recorded, rows: Rows, figure: str) -> None:
        hour = event.recorded_at.replace(minute=0, second=0, microsecond=0)
        row = rows.get(ACTIVITY, event.stream, hour) or HourlyActivityRow(
            charge_point=event.stream, hour=hour, last_event_at=event.recorded_at
        )
        setattr(row, figure, getattr(row, figure) + 1)
        row.last_event_at = event.recorded_at
        rows.put(ACTIVITY, row)
