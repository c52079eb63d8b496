"""The whole state of a charge point that speaks OCPP 1.6: plain structs, JSON and back without loss.

Three kinds of memory, marked at each field that is not obvious:
- stored: survives a power cut, because steps ask for it with `Store` (the list of parts is `storage.py`);
- physical: sockets, meters, vehicles; it does not belong to the controller and simply stays where it is;
- volatile: all the rest, gone with the power.

Two scales of time. `now` and the timers run on the charge point's inner clock, in seconds, which a runtime
may accelerate. Fields called `..._utc` are seconds since 1970 by the charge point's calendar, as told by the
central system; `Clock` leads from one to the other.
"""

import enum

import msgspec

from chargepoint_sim.hardware import Socket
from chargepoint_sim.models import Model
from chargepoint_sim.v16.charging_profiles import Profile
from ocpp_core.v16.core import ChargePointErrorCode, ChargePointStatus
from ocpp_core.v16.types import AuthorizationStatus


class Clock(msgspec.Struct, kw_only=True):
    """utc = reference_utc + (now - reference_now) * rate."""

    reference_now: float = 0.0
    reference_utc: float = 0.0
    rate: float = 1.0
    """Calendar seconds that pass in one second of the inner clock: 1 / speed."""

    def utc(self, now: float) -> float:
        return self.reference_utc + (now - self.reference_now) * self.rate

    def real(self, seconds: float) -> float:
        """So many calendar seconds, in seconds of the inner clock."""
        return seconds / self.rate


class Registration(enum.Enum):
    """What the central system answered to the boot notification; NONE: nothing yet since power came."""

    NONE = "None"
    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class Link(msgspec.Struct, kw_only=True):
    """Connection and registration; volatile."""

    is_connected: bool = False
    registration: Registration = Registration.NONE
    failures: int = 0
    """Connection attempts since the last one that succeeded."""
    last_sent: float = 0.0
    last_heartbeat: float = 0.0
    is_registered_anew: bool = False
    """Did this connection see a second boot because the central system had forgotten us?"""
    fallback_profile: str | None = None
    """The security profile to go back to when no connection comes about with the new one."""
    resetting: str = ""
    """Soft or Hard while a reset is under way."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a connector; a warning does not stop charging."""

    error_code: ChargePointErrorCode
    info: str = ""
    vendor_error_code: str = ""
    is_warning: bool = False


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """Leave to charge on a connector, given but not yet used; volatile."""

    id_token: str
    parent: str | None = None
    is_remote: bool = False
    profile: Profile | None = None
    """What a remote start brought for the transaction."""


class Report(msgspec.Struct, frozen=True):
    """What a status notification said."""

    status: ChargePointStatus
    error_code: ChargePointErrorCode
    info: str = ""


class Connector(msgspec.Struct, kw_only=True):
    """One connector; number 0 is the charge point itself, which has no socket."""

    number: int
    socket: Socket | None = None
    """Physical."""
    status: ChargePointStatus = ChargePointStatus.AVAILABLE
    """Moved by the table in `status.py` and nothing else."""
    status_since_utc: float = 0.0
    reported: Report | None = None
    """Last status put on the wire since power came."""
    is_operative: bool = True
    """Stored; false after ChangeAvailability to Inoperative."""
    scheduled_operative: bool | None = None
    """Stored; what to become when the transaction is over."""
    authorization: Authorization | None = None
    transaction: int | None = None
    """Number of the transaction that runs here, see `ChargePointState.transactions`."""
    reservation: int | None = None
    """Id of the reservation for this connector, see `ChargePointState.reservations`."""
    is_finishing: bool = False
    """A transaction ended and the cable is still in."""
    is_held: bool = False
    """Nobody may begin here: new firmware waits or is being installed."""
    is_withheld: bool = False
    """No energy, although a transaction runs: the central system refused its token."""
    fault: Fault | None = None
    note: str = ""
    """Free text for the next status notification."""


class Sample(msgspec.Struct, frozen=True):
    """Meter values kept for transactionData, as JSON text of one MeterValue."""

    is_aligned: bool
    text: str


class Transaction(msgspec.Struct, kw_only=True):
    """A transaction from its start until its stop was delivered or given up; stored."""

    number: int
    """Ours; the central system's comes with the answer."""
    connector: int
    id_token: str
    parent: str | None = None
    started_utc: float
    meter_start_wh: int
    reservation: int | None = None
    transaction_id: int | None = None
    """None until the start is confirmed; -1 when the start was given up."""
    is_stopped: bool = False
    last_seen_utc: float
    """Latest moment known to storage; the time of the stop when power was lost."""
    data: list[Sample] = []


class TokenInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the central system said about an id token; stored."""

    id_token: str
    status: AuthorizationStatus
    expires_utc: float | None = None
    parent: str | None = None
    learned_utc: float = 0.0
    is_listed: bool = False
    """From the local list, where ConcurrentTx counts as valid; what it means is decided at the start."""

    def is_valid(self, utc: float) -> bool:
        is_good = self.status is AuthorizationStatus.ACCEPTED or (
            self.is_listed and self.status is AuthorizationStatus.CONCURRENT_TX
        )
        return is_good and not self.is_expired(utc)

    def is_expired(self, utc: float) -> bool:
        return self.expires_utc is not None and self.expires_utc <= utc


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """A connector kept for somebody; connector 0: any one of them. Stored."""

    reservation_id: int
    connector: int
    id_token: str
    parent: str | None = None
    expires_utc: float


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """Why an Authorize was sent: to start (or, with a transaction, to stop it) at a connector."""

    connector: int
    id_token: str
    transaction: int | None = None
    is_remote: bool = False
    profile: Profile | None = None


class SecurityEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the security log; stored."""

    utc: float
    type: str
    info: str = ""


class Phase(enum.Enum):
    """How far a firmware update is."""

    SCHEDULED = "waits for its time"
    DOWNLOADING = "is being fetched"
    READY = "waits for the end of transactions"
    INSTALLING = "is being installed"
    REBOOTING = "becomes effective"
    OVER = "is installed, or failed"


class FirmwareUpdate(msgspec.Struct, kw_only=True):
    """The latest firmware update; stored."""

    job: str
    location: str
    retrieve_utc: float
    install_utc: float | None = None
    retries: int = 0
    retry_interval: int = 0
    request_id: int | None = None
    """None: an unsigned update."""
    signing_certificate: str = ""
    signature: str = ""
    phase: Phase = Phase.SCHEDULED
    version: str = ""
    is_broken: bool = False
    status: str = ""
    """The latest, in the words of the signed variant."""
    is_told: bool = False


class KeyRequest(msgspec.Struct, kw_only=True):
    """A certificate that was asked for; stored once there is a key."""

    job: str
    private_key: str = ""
    public_key: str = ""


class StationCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are, as PEM; stored."""

    chain: str
    private_key: str


class LogUpload(msgspec.Struct, kw_only=True):
    """An upload under way; volatile."""

    job: str
    location: str
    file_name: str
    oldest_utc: float | None = None
    latest_utc: float | None = None
    retries: int = 0
    retry_interval: int = 0
    request_id: int | None = None
    """None: asked for with GetDiagnostics."""
    is_security: bool = False


class WaitingCall(msgspec.Struct, kw_only=True):
    """A call that is not transaction-related; lost when the connection is."""

    sequence: int
    unique_id: str
    action: str
    payload: str
    inquiry: Inquiry | None = None
    is_triggered: bool = False


class QueuedMessage(msgspec.Struct, kw_only=True):
    """A transaction-related message; stored until it is delivered or given up."""

    sequence: int
    unique_id: str
    action: str
    payload: str
    transaction: int | None = None
    attempts: int = 0


class PendingCall(msgspec.Struct, kw_only=True):
    """The one call that waits for its answer; exactly one of `waiting` and `queued` is set."""

    unique_id: str
    action: str
    waiting: WaitingCall | None = None
    queued: int | None = None
    """Sequence of the message in the queue."""


class Traffic(msgspec.Struct, kw_only=True):
    """Everything on its way to the central system."""

    next_sequence: int = 1
    pending: PendingCall | None = None
    waiting: list[WaitingCall] = []
    queue: list[QueuedMessage] = []
    backlog_until: int = 0
    """Queued messages below this sequence were there before the connection: statuses go first."""


class Counters(msgspec.Struct, kw_only=True):
    """Figures for displays; not part of any decision."""

    transactions_started: int = 0
    transactions_stopped: int = 0
    messages_discarded: int = 0
    calls_failed: int = 0
    boots: int = 0


class ChargePointState(msgspec.Struct, kw_only=True):
    """See the module."""

    identity: str
    model: Model
    connectors: list[Connector]
    """Index = connector number."""
    is_on: bool = False
    clock: Clock
    random: int = 0
    configuration: dict[str, str] = {}
    """Stored; only what differs from the factory settings."""
    link: Link
    traffic: Traffic
    transactions: dict[int, Transaction] = {}
    next_transaction: int = 1
    """Stored with each transaction."""
    cache: dict[str, TokenInfo] = {}
    """Authorization cache by folded token; stored."""
    local_list: dict[str, TokenInfo] = {}
    """Local authorization list by folded token; stored."""
    local_list_version: int = 0
    reservations: dict[int, Reservation] = {}
    """By reservationId; stored."""
    profiles: dict[int, Profile] = {}
    """Charging profiles by id; stored."""
    firmware: FirmwareUpdate | None = None
    firmware_version: str = ""
    """Stored with the update; empty = as delivered."""
    upload: LogUpload | None = None
    key_request: KeyRequest | None = None
    station_certificate: StationCertificate | None = None
    security_log: list[SecurityEvent] = []
    certificates: list[list[str]] = []
    """Type and PEM of each root; stored."""
    timers: dict[str, float] = {}
    counters: Counters

    @property
    def is_online(self) -> bool:
        """Connected and accepted: every kind of message may be sent."""
        return self.link.is_connected and self.link.registration is Registration.ACCEPTED

    @property
    def outlets(self) -> list[Connector]:
        """The connectors without the charge point itself."""
        return self.connectors[1:]
