"""What happened, in words that every version of OCPP shares.

A fact is read out of stored events by a dialect and is never stored itself, so a wrong reading is
mended by a replay. The charge point is not a member: it is the stream that the event stands in.

Times are aware datetimes in UTC. `happened_at` is the charge point's own time; None means that it gave
none, and the time of receipt counts. `evse` 0 is the whole charge point; 1.6 connector n is evse n,
connector 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Fact:
    """Base of all facts; only there so that a registry can be typed."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ConnectionOpened(Fact):
    """The connection's number is the position of its own `connection.opened` event."""

    connection: int
    gateway: str
    remote_address: str
    subprotocol: str
    security_profile: int


@dataclass(frozen=True, slots=True)
class ConnectionClosed(Fact):
    connection: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChargePointBooted(Fact):
    """A boot was announced; `registration` is what we told it (Accepted, Pending, Rejected)."""

    registration: str
    interval_s: int
    vendor: str
    model: str
    serial_number: str
    firmware_version: str
    iccid: str
    imsi: str
    meter_type: str
    meter_serial_number: str


@dataclass(frozen=True, slots=True)
class HeartbeatReceived(Fact):
    pass


@dataclass(frozen=True, slots=True)
class ConnectorStatusReported(Fact):
    evse: int
    connector: int
    status: str
    error_code: str
    info: str
    vendor_id: str
    vendor_error_code: str
    happened_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuthorizationAnswered(Fact):
    id_token: str
    verdict: str


class SampledValue(NamedTuple):
    """One reading, normalised: energy in Wh or varh, power in W, and so on.

    value: the number in `unit`; None when the raw text is not a number (signed data, for example).
    raw: the text that the charge point sent, and `raw_unit` its unit ("" when absent).
    """

    measurand: str
    value: float | None
    unit: str
    context: str
    phase: str
    location: str
    format: str
    raw: str
    raw_unit: str


class MeterSample(NamedTuple):
    """All values that were taken at one moment."""

    sampled_at: datetime
    values: tuple[SampledValue, ...]


@dataclass(frozen=True, slots=True)
class MeterValuesReported(Fact):
    """transaction_id: "" when the charge point named none."""

    evse: int
    connector: int
    transaction_id: str
    samples: tuple[MeterSample, ...]


@dataclass(frozen=True, slots=True)
class TransactionStarted(Fact):
    """A start is a fact whatever the verdict; `transaction_id` is what we answered."""

    transaction_id: str
    evse: int
    connector: int
    id_token: str
    verdict: str
    meter_start_wh: int
    reservation_id: int | None
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class TransactionEnded(Fact):
    """id_token: "" when none was presented for the stop."""

    transaction_id: str
    id_token: str
    meter_stop_wh: int
    reason: str
    samples: tuple[MeterSample, ...]
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class DataTransferred(Fact):
    vendor_id: str
    message_id: str
    status: str


@dataclass(frozen=True, slots=True)
class FirmwareStatusReported(Fact):
    """request_id: None for the unsigned variant, which has none."""

    status: str
    request_id: int | None


@dataclass(frozen=True, slots=True)
class LogStatusReported(Fact):
    """Progress of an upload of diagnostics or of a log."""

    status: str
    request_id: int | None


@dataclass(frozen=True, slots=True)
class SecurityEventReported(Fact):
    kind: str
    tech_info: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Setting:
    """A configuration key or variable as the charge point reported it; value None: it has no value."""

    key: str
    value: str | None
    readonly: bool


@dataclass(frozen=True, slots=True)
class SettingsReported(Fact):
    settings: tuple[Setting, ...]
    unknown_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettingChanged(Fact):
    """The answer to a change of one setting: Accepted, Rejected, RebootRequired or NotSupported."""

    key: str
    value: str
    status: str


# --- what people and policies asked of a charge point -------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommandRequested(Fact):
    """parameters: JSON text of the command's own members."""

    command_id: str
    kind: str
    parameters: str
    reason: str
    idempotency_key: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CommandSent(Fact):
    command_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class CommandAnswered(Fact):
    """status: the response's `status`, "" when it has none. response: JSON text."""

    command_id: str
    status: str
    response: str


@dataclass(frozen=True, slots=True)
class CommandRefused(Fact):
    """The charge point answered with a CALLERROR, or with a result that cannot be read."""

    command_id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class CommandUnanswered(Fact):
    """No answer came before the deadline."""

    command_id: str


@dataclass(frozen=True, slots=True)
class CommandImpossible(Fact):
    """It was never sent: this version of OCPP or this charge point does not offer it."""

    command_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class CommandExpired(Fact):
    """Its time is over: not sent ("unsent"), sent without an answer ("unanswered"), or agreed to without an
    effect that was seen ("no_effect")."""

    command_id: str
    stage: str


@dataclass(frozen=True, slots=True)
class CommandCancelled(Fact):
    command_id: str
