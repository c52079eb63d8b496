"""The rows of the charging projections, and the tables they live in (columns: see models)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csms.charging import models
from csms.eventlog.table import Row, Table

# Ended transactions that stand in memory beside the running ones, so that a resent stop or start of
# one of the latest needs no query.
RECENT_TRANSACTIONS = 8


class ChargePointStateRow(Row):
    charge_point: str
    connection: int | None = None
    gateway: str = ""
    remote_address: str = ""
    subprotocol: str = ""
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    booted_at: datetime | None = None
    registration: str = ""
    vendor: str = ""
    model: str = ""
    serial_number: str = ""
    firmware_version: str = ""
    iccid: str = ""
    imsi: str = ""
    meter_type: str = ""
    meter_serial_number: str = ""
    latest_start_at: datetime | None = None
    firmware_status: str = ""
    log_status: str = ""


class ConnectorStatusRow(Row):
    charge_point: str
    evse: int
    connector: int
    status: str
    error_code: str
    info: str
    vendor_id: str
    vendor_error_code: str
    happened_at: datetime
    recorded_at: datetime
    position: int


class TransactionRow(Row):
    charge_point: str
    transaction_id: str
    evse: int
    connector: int
    id_token: str
    id_token_folded: str
    verdict: str
    reservation_id: int | None
    state: str
    started_at: datetime
    start_key: str
    meter_start_wh: int
    start_position: int
    ended_at: datetime | None = None
    meter_stop_wh: int | None = None
    stop_reason: str = ""
    stop_id_token: str = ""
    evidence: str = ""
    register_wh: float | None = None
    sampled_at: datetime | None = None
    energy_wh: float | None = None
    power_w: float | None = None
    current_a: float | None = None
    voltage_v: float | None = None
    soc_percent: float | None = None
    anomaly: str = ""
    is_late: bool = False
    stop_position: int | None = None


class MeterValueRow(Row):
    charge_point: str
    evse: int
    connector: int
    transaction_id: str
    sampled_at: datetime
    digest: str
    values: list[dict[str, Any]]
    position: int


class OrphanMessageRow(Row):
    charge_point: str
    position: int
    kind: str
    transaction_id: str
    evse: int
    id_token: str
    meter_wh: float | None
    happened_at: datetime


class ChargePointSettingRow(Row):
    charge_point: str
    key: str
    value: str | None
    readonly: bool
    reboot_required: bool
    recorded_at: datetime
    position: int


class HourlyActivityRow(Row):
    charge_point: str
    hour: datetime
    last_event_at: datetime
    calls: int = 0
    refused: int = 0
    commands: int = 0
    connections: int = 0


STATES = Table(models.ChargePointState, ChargePointStateRow, key=("charge_point",))
CONNECTORS = Table(models.ConnectorStatus, ConnectorStatusRow, key=("charge_point", "evse", "connector"))
TRANSACTIONS = Table(
    models.Transaction,
    TransactionRow,
    key=("charge_point", "transaction_id"),
    keep="state = 'running'",
    hot=(
        "register_wh",
        "sampled_at",
        "energy_wh",
        "power_w",
        "current_a",
        "voltage_v",
        "soc_percent",
        "anomaly",
    ),
)
METER_VALUES = Table(
    models.MeterValue,
    MeterValueRow,
    key=("charge_point", "transaction_id", "evse", "sampled_at", "digest"),
    append=True,
)
ORPHANS = Table(
    models.OrphanMessage,
    OrphanMessageRow,
    key=("charge_point", "kind", "transaction_id", "evse", "happened_at"),  # a resend is the same orphan
    append=True,
)
SETTINGS = Table(models.ChargePointSetting, ChargePointSettingRow, key=("charge_point", "key"))
ACTIVITY = Table(models.HourlyActivity, HourlyActivityRow, key=("charge_point", "hour"))
