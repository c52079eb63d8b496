"""One step while it is being made: the state, the time, and the effects asked for so far.

Handlers change the state in place and ask for effects through this object; none of them reads a clock or does
anything.
"""

from datetime import UTC, datetime, timedelta

from chargepoint_sim import randomness
from chargepoint_sim.effects import AnyEffect, Log, Send, StartTimer, StopTimer
from chargepoint_sim.v16.state import ChargePointState, Connector

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Turn:
    """See the module."""

    __slots__ = ("effects", "now", "state", "touched")

    def __init__(self, state: ChargePointState, now: float) -> None:
        self.state = state
        self.now = now
        self.effects: list[AnyEffect] = []
        self.touched: dict[str, None] = {}
        """Stored parts that have changed, in order; see `storage.py`."""

    @property
    def utc(self) -> float:
        """Calendar time as the charge point knows it, seconds since 1970."""
        return self.state.clock.utc(self.now)

    @property
    def moment(self) -> datetime:
        return moment_of(self.utc)

    def in_real(self, seconds: float) -> float:
        """The time, on the inner clock, when so many calendar seconds have passed."""
        return self.now + self.state.clock.real(seconds)

    def send(self, text: str) -> None:
        self.state.link.last_sent = self.now
        self.effects.append(Send(text))

    def log(self, text: str) -> None:
        self.effects.append(Log(text))

    def start_timer(self, name: str, at: float) -> None:
        """Start or restart a timer."""
        if self.state.timers.get(name) != at:
            self.state.timers[name] = at
            self.effects.append(StartTimer(name, at))

    def stop_timer(self, name: str) -> None:
        if self.state.timers.pop(name, None) is not None:
            self.effects.append(StopTimer(name))

    def touch(self, *parts: str) -> None:
        """These stored parts have changed (or are gone)."""
        for part in parts:
            self.touched[part] = None

    def connector(self, number: int | None) -> Connector | None:
        """The connector of this number (0 = the charge point); None when there is none."""
        if number is None or not 0 <= number < len(self.state.connectors):
            return None
        return self.state.connectors[number]

    def outlet(self, number: int | None) -> Connector | None:
        """The connector of this number, without number 0."""
        return self.connector(number) if number else None

    def new_id(self) -> str:
        self.state.random, unique_id = randomness.unique_id(self.state.random)
        return unique_id

    def chance(self) -> float:
        """A number from 0 up to but not including 1."""
        self.state.random, number = randomness.unit(self.state.random)
        return number


def moment_of(utc: float) -> datetime:
    """Seconds since 1970 as a time with whole milliseconds."""
    try:
        return EPOCH + timedelta(milliseconds=int(utc * 1000))
    except OverflowError:
        return EPOCH


def utc_of(moment: datetime) -> float:
    """A time as seconds since 1970; one without a zone is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH).total_seconds()
