"""What can happen to a charge point. A step takes one of these and nothing else."""

import msgspec

from chargepoint_sim.hardware import Vehicle


class Input(msgspec.Struct, frozen=True, tag=True):
    """Base of all inputs."""


class PoweredOn(Input, frozen=True):
    """Power is there and the software starts; the first input of every life.

    entropy: any integer, new for every start: message ids come from it and must never repeat.
    """

    entropy: int
    utc: float | None = None
    """What the battery-backed calendar shows, seconds since 1970; None = the inner clock is the calendar."""
    rate: float = 1.0
    """Calendar seconds that pass in one second of the inner clock: 1 / speed."""
    after: str = ""
    """What ended the life before: empty = power loss or first start, Soft or Hard = a reset."""


class Connected(Input, frozen=True):
    """The connection to the central system is open."""


class Disconnected(Input, frozen=True):
    """The connection is gone, or could not be opened."""

    reason: str = ""


class FrameReceived(Input, frozen=True):
    """One text frame came in."""

    text: str


class TimerFired(Input, frozen=True):
    """A timer that a step started has run out."""

    name: str


class PluggedIn(Input, frozen=True):
    """A cable was plugged in; without a vehicle nothing will draw."""

    connector: int
    vehicle: Vehicle | None = None


class Unplugged(Input, frozen=True):
    """The cable was pulled."""

    connector: int


class IdTokenPresented(Input, frozen=True):
    """Somebody held a token against the reader; connector 0 = the reader that all connectors share."""

    connector: int
    id_token: str


class FaultAppeared(Input, frozen=True):
    """A fault; connector 0 = in the charge point itself. A warning does not stop charging."""

    connector: int
    error_code: str = "OtherError"
    info: str = ""
    vendor_error_code: str = ""
    is_warning: bool = False


class FaultCleared(Input, frozen=True):
    """The fault is gone."""

    connector: int


class VehiclePaused(Input, frozen=True):
    """The vehicle stops (or resumes) taking energy by its own will."""

    connector: int
    is_paused: bool = True


class LockStuck(Input, frozen=True):
    """The lock of the connector no longer moves (or does again)."""

    connector: int
    is_stuck: bool = True


class MeterTick(Input, frozen=True):
    """Nothing happened but time; lets the meters catch up."""


class LocalStop(Input, frozen=True):
    """Somebody pressed the stop button (or the emergency stop)."""

    connector: int
    is_emergency: bool = False


class ClockJumped(Input, frozen=True):
    """The calendar of the charge point goes wrong by so many seconds."""

    seconds: float


class Downloaded(Input, frozen=True, kw_only=True):
    """A firmware image is here, or (problem) could not be fetched."""

    job: str
    problem: str = ""
    version: str = ""
    is_genuine: bool = False
    """Was there a signature to check, and is it right?"""
    is_broken: bool = False
    """It will not install."""


class KeyPairMade(Input, frozen=True, kw_only=True):
    """A key pair and its request are there, or (problem) cannot be made.    public_key: its bits, in hex."""

    job: str
    csr: str = ""
    private_key: str = ""
    public_key: str = ""
    problem: str = ""


class Uploaded(Input, frozen=True, kw_only=True):
    """A file has been put where it was wanted, or (problem, a status of LogStatusNotification) has not."""

    job: str
    problem: str = ""
    details: str = ""


AnyInput = (
    PoweredOn
    | Connected
    | Disconnected
    | FrameReceived
    | TimerFired
    | PluggedIn
    | Unplugged
    | IdTokenPresented
    | FaultAppeared
    | FaultCleared
    | VehiclePaused
    | LockStuck
    | MeterTick
    | LocalStop
    | ClockJumped
    | Downloaded
    | Uploaded
    | KeyPairMade
)
