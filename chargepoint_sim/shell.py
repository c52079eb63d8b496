"""What every runtime of a charge point shares: inputs go to the engine, effects to whoever performs them.

`Shell` knows no socket and no clock; `runtime.ChargePoint` gives it real ones, `testing.VirtualChargePoint`
virtual ones. It also is the person at the charge point: plug in, present a token, cut the power.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import msgspec

from chargepoint_sim import effects, hardware, inputs, randomness
from chargepoint_sim.faults import Direction, Faults
from chargepoint_sim.hardware import Socket, Vehicle
from chargepoint_sim.models import MODELS, Model
from chargepoint_sim.quirks import QUIRKS
from chargepoint_sim.v16 import ChargePointState, new_state, power_off, restore, step
from chargepoint_sim.v16.state import Connector, Registration, Transaction


class Storage(Protocol):
    """Where a charge point keeps what survives a power cut."""

    def read(self) -> dict[str, str]:
        """All parts."""

    def write(self, changes: Mapping[str, str | None]) -> None:
        """Change these parts, all or none; None deletes."""

    def close(self) -> None:
        """No more of it."""


class MemoryStorage:
    """Survives the power of the charge point, not of the process."""

    def __init__(self) -> None:
        self.parts: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        return dict(self.parts)

    def write(self, changes: Mapping[str, str | None]) -> None:
        for part, text in changes.items():
            if text is None:
                self.parts.pop(part, None)
            else:
                self.parts[part] = text

    def close(self) -> None:
        pass


class Frame(msgspec.Struct, frozen=True):
    """A frame that went over the wire."""

    direction: str
    """out = sent by the charge point, in = received by it."""
    at: float
    """Seconds since 1970; with a virtual clock, its time."""
    text: str

    @property
    def message(self) -> list[Any]:
        """The frame as a list; empty when it is no JSON array."""
        try:
            return msgspec.json.decode(self.text, type=list)
        except msgspec.DecodeError:
            return []

    @property
    def is_call(self) -> bool:
        return self.text.startswith("[2")

    @property
    def action(self) -> str:
        """The action of a call, else an empty text."""
        return str(self.message[2]) if self.is_call else ""

    @property
    def payload(self) -> dict[str, Any]:
        """The payload of a call or a result; of an error its details."""
        message = self.message
        return message[-1] if message and isinstance(message[-1], dict) else {}


class Tally(msgspec.Struct):
    """What a runtime counted since it began."""

    frames_in: int = 0
    frames_out: int = 0
    errors: int = 0
    """CALLERRORs, sent and received."""
    connections: int = 0
    failed_connections: int = 0
    reboots: int = 0


class Shell(ABC):
    """One charge point, with its hardware, storage and wire."""

    def __init__(
        self,
        identity: str,
        *,
        model: str | Model,
        connectors: int | None = None,
        configuration: Mapping[str, str] | None = None,
        storage: Storage | None = None,
        record: int | None = None,
        rate: float = 1.0,
        quirk: str | None = None,
        seed: int = 0,
    ) -> None:
        """record: how many frames to keep, None = all.    rate: calendar seconds in an inner second.

        quirk: the name of a row of `quirks.py`.    seed: of the faults.
        """
        self.identity = identity
        self.model = MODELS[model] if isinstance(model, str) else model
        if configuration:
            self.model = msgspec.structs.replace(
                self.model, configuration={**self.model.configuration, **configuration}
            )
        strange = QUIRKS[quirk] if quirk is not None else None
        if strange is not None:
            self.model = msgspec.structs.replace(
                self.model,
                configuration={**self.model.configuration, **strange.configuration},
                habits=self.model.habits | strange.habits,
            )
        rules = strange.rules if strange is not None else ()
        self.faults = Faults(seed, rules, lambda: randomness.unique_id(self.entropy() & randomness.MASK)[1])
        """What goes wrong on the wire; see `faults.py`."""
        self.clock_error = strange.clock_error if strange is not None else 0.0
        """Seconds by which the battery-backed clock is ahead when power comes."""
        self.connector_count = self.model.connectors if connectors is None else connectors
        self.storage: Storage = MemoryStorage() if storage is None else storage
        self.frames: deque[Frame] = deque(maxlen=record)
        self.logs: deque[str] = deque(maxlen=200)
        self.tally = Tally()
        self.on_frame: Callable[[Frame], None] | None = None
        """Called with every frame, before a sent one leaves and before a received one is read."""
        self.rate = rate
        self.last_failure = ""
        """Why the last connection ended or could not be opened."""
        self.state: ChargePointState = new_state(identity, self.model, connectors=self.connector_count)
        self._sockets: list[Socket] | None = None

    def set_factory(self, configuration: Mapping[str, str]) -> None:
        """Other factory settings; before the power comes."""
        self.model = msgspec.structs.replace(
            self.model, configuration={**self.model.configuration, **configuration}
        )
        self.state.model = self.model

    # Time and wire: what a runtime provides

    @abstractmethod
    def now(self) -> float:
        """The inner clock."""

    @abstractmethod
    def later(self, seconds: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after so many inner seconds; returns what cancels it."""

    @abstractmethod
    def entropy(self) -> int:
        """A number that was never used before."""

    @abstractmethod
    def calendar(self) -> float:
        """What a battery-backed clock shows, seconds since 1970."""

    @abstractmethod
    def arm(self) -> None:
        """The timers have changed; `next_timer` says what is due next."""

    @abstractmethod
    def connect(self) -> None:
        """Open the connection."""

    @abstractmethod
    def disconnect(self, reason: str) -> None:
        """Close the connection in good order, after everything sent so far."""

    @abstractmethod
    def abort(self) -> None:
        """Drop the connection as a power cut does: no close frame."""

    @abstractmethod
    def transmit(self, text: str) -> None:
        """Send one frame."""

    @abstractmethod
    def download(self, effect: effects.Download) -> None:
        """Fetch a file; feed `Downloaded` when it is here or cannot be had."""

    @abstractmethod
    def upload(self, effect: effects.Upload) -> None:
        """Put a file somewhere; feed `Uploaded` when it is there or cannot be put."""

    @abstractmethod
    def make_key_pair(self, effect: effects.MakeKeyPair) -> None:
        """Make a key pair; feed `KeyPairMade`."""

    @abstractmethod
    def cancel_transfer(self, job: str) -> None:
        """Give up a download or upload; nothing is fed for it any more."""

    def settled(self) -> None:  # noqa: B027 - not every runtime has somebody waiting
        """A step was made and its effects are performed."""

    # The engine

    def feed(self, input: inputs.AnyInput) -> None:
        """Let one thing happen, and perform what follows from it."""
        if isinstance(input, inputs.FrameReceived):
            self._note("in", input.text)
        elif isinstance(input, inputs.Connected):
            self.faults.reconnected()
        self.state, asked = step(self.state, input, self.now())
        for effect in asked:
            self.perform(effect)
        self.arm()
        self.settled()

    def receive(self, text: str) -> None:
        """A frame has come in; faults decide whether and when it is heard."""
        self._carry("in", text)

    def perform(self, effect: effects.AnyEffect) -> None:
        """Do what a step asked for."""
        _PERFORMERS[type(effect)](self, effect)

    def next_timer(self) -> tuple[float, str] | None:
        """When the next timer runs out, and its name."""
        if not self.state.timers:
            return None
        name = min(self.state.timers, key=self.state.timers.__getitem__)
        return self.state.timers[name], name

    def fire_due(self) -> None:
        """Feed every timer that has run out."""
        while (due := self.next_timer()) is not None and due[0] <= self.now():
            self.feed(inputs.TimerFired(due[1]))

    def feed_timer(self, name: str) -> None:
        """Let a timer run out now, whatever its time (waits that a test cannot afford)."""
        if name in self.state.timers:
            self.state.timers[name] = self.now()
            self.feed(inputs.TimerFired(name))

    # The person at the charge point

    def power_on(self, after: str = "") -> None:
        """Start up from storage; the hardware is what it was."""
        if self.state.is_on:
            return
        self.state = restore(
            self.identity,
            self.model,
            self.storage.read(),
            connectors=self.connector_count,
            sockets=self._sockets,
        )
        utc = max(0.0, self.calendar() + self.clock_error)
        self.feed(inputs.PoweredOn(entropy=self.entropy(), utc=utc, rate=self.rate, after=after))

    def cut_power(self) -> None:
        """Everything stops at once; only storage and hardware are left."""
        self._sockets = power_off(self.state, self.now())
        self.state.is_on = False
        self.state.timers.clear()
        self.state.link.is_connected = False
        self.arm()
        self.abort()
        self.settled()

    def plug_in(self, connector: int = 1, vehicle: Vehicle | None = None) -> None:
        """Plug a vehicle in (a middling one when none is given)."""
        self.feed(inputs.PluggedIn(connector, Vehicle() if vehicle is None else vehicle))

    def unplug(self, connector: int = 1) -> None:
        self.feed(inputs.Unplugged(connector))

    def present(self, connector: int, id_token: str) -> None:
        """Hold a token against the reader; connector 0 = the reader that all share."""
        self.feed(inputs.IdTokenPresented(connector, id_token))

    def press_stop(self, connector: int = 1, *, is_emergency: bool = False) -> None:
        self.feed(inputs.LocalStop(connector, is_emergency))

    def pause_vehicle(self, connector: int = 1, *, is_paused: bool = True) -> None:
        """The vehicle stops (or resumes) taking energy."""
        self.feed(inputs.VehiclePaused(connector, is_paused))

    def jump_clock(self, seconds: float) -> None:
        """The calendar of the charge point jumps, until the central system sets it right."""
        self.feed(inputs.ClockJumped(seconds))

    def fault(
        self, connector: int = 1, error_code: str = "OtherError", info: str = "", *, is_warning: bool = False
    ) -> None:
        self.feed(inputs.FaultAppeared(connector, error_code, info, is_warning=is_warning))

    def clear_fault(self, connector: int = 1) -> None:
        self.feed(inputs.FaultCleared(connector))

    def drop_connection(self) -> None:
        """The network goes away without a word; the charge point reconnects by its rules."""
        self.abort()

    # What can be seen

    @property
    def is_connected(self) -> bool:
        return self.state.link.is_connected

    @property
    def is_booted(self) -> bool:
        """Was the boot notification accepted?"""
        return self.state.link.registration is Registration.ACCEPTED

    def connector(self, number: int) -> Connector:
        """The connector's part of the state; 0 = the charge point itself. Raises IndexError."""
        return self.state.connectors[number]

    def status(self, connector: int = 0) -> str:
        """The status in the standard's words."""
        return self.connector(connector).status.value

    def transaction(self, connector: int = 1) -> Transaction | None:
        """The transaction that runs on a connector."""
        return self.state.transactions.get(self.connector(connector).transaction or 0)

    @property
    def energy_wh(self) -> float:
        """Sum of the registers now."""
        sockets = [c.socket for c in self.state.outlets if c.socket is not None]
        return sum(hardware.register(socket, self.now()) for socket in sockets)

    @property
    def power_w(self) -> float:
        """Sum of what flows, as of the last step that looked at the meters."""
        return sum(hardware.power(c.socket) for c in self.state.outlets if c.socket is not None)

    def describe(self) -> str:
        """One line about the present state, for messages."""
        statuses = ", ".join(f"{c.number} {c.status.value}" for c in self.state.connectors)
        link = "connected" if self.is_connected else "not connected"
        failure = f", last failure: {self.last_failure}" if self.last_failure else ""
        return f"{link}, registration {self.state.link.registration.value}, connectors {statuses}{failure}"

    def sent(self, action: str) -> list[dict[str, Any]]:
        """Payloads of the calls of this action that were sent and are still on record."""
        return [frame.payload for frame in self.frames if frame.direction == "out" and frame.action == action]

    # Inside

    def _note(self, direction: str, text: str) -> None:
        if direction == "in":
            self.tally.frames_in += 1
        else:
            self.tally.frames_out += 1
        if text.startswith("[4"):
            self.tally.errors += 1
        if self.frames.maxlen == 0 and self.on_frame is None:
            return
        frame = Frame(direction, self.calendar(), text)
        self.frames.append(frame)
        if self.on_frame is not None:
            self.on_frame(frame)

    def file_text(self, effect: effects.Upload) -> str:
        """What a file to upload holds: the text given, else the frames on record between its two times."""
        if effect.text is not None:
            return effect.text
        lines = [
            f"{datetime.fromtimestamp(frame.at, UTC).isoformat()} {frame.direction} {_masked(frame.text)}\n"
            for frame in self.frames
            if (effect.oldest_utc is None or frame.at >= effect.oldest_utc)
            and (effect.latest_utc is None or frame.at <= effect.latest_utc)
        ]
        return f"{self.identity}: {len(lines)} frames\n" + "".join(lines)

    def _download(self, effect: effects.Download) -> None:
        self.download(effect)

    def _upload(self, effect: effects.Upload) -> None:
        self.upload(effect)

    def _make_key_pair(self, effect: effects.MakeKeyPair) -> None:
        self.make_key_pair(effect)

    def _cancel_transfer(self, effect: effects.CancelTransfer) -> None:
        self.cancel_transfer(effect.job)

    def _store(self, effect: effects.Store) -> None:
        self.storage.write(effect.changes)

    def _connect(self, effect: effects.Connect) -> None:
        self.connect()

    def _disconnect(self, effect: effects.Disconnect) -> None:
        self.disconnect(effect.reason)

    def _send(self, effect: effects.Send) -> None:
        self._carry("out", effect.text)

    def _carry(self, direction: Direction, text: str) -> None:
        """Let a frame pass through the faults."""
        if self.faults.is_idle:
            self._pass(direction, text)
            return
        held_before = self.faults.holds(direction)
        outcome = self.faults.carry(direction, text)
        for passage in outcome.passages:
            self._after(passage.seconds, partial(self._pass, direction, passage.text))
        for reply in outcome.replies:
            self._pass("out", reply)
        held = self.faults.holds(direction)
        if held is not None and held != held_before:
            self._after(self.faults.hold_seconds(), partial(self._release, direction, held))
        if outcome.break_after is not None:
            self._after(outcome.break_after, self.abort)

    def _pass(self, direction: Direction, text: str) -> None:
        if direction == "in":
            self.feed(inputs.FrameReceived(text))
        else:
            self._note("out", text)
            self.transmit(text)

    def _release(self, direction: Direction, text: str) -> None:
        for each in self.faults.release(direction, text):
            self._pass(direction, each)

    def _after(self, seconds: float, what: Callable[[], None]) -> None:
        """Do something after so many seconds on the wire, if the connection is still the same one."""
        if seconds <= 0:
            what()
            return
        connection = self.tally.connections

        def run() -> None:
            if connection == self.tally.connections and self.is_connected:
                what()

        self.later(seconds / self.rate, run)

    def _ignore(self, effect: effects.AnyEffect) -> None:
        """Timers stand in the state; `arm` is called after every step."""
        return

    def _reboot(self, effect: effects.Reboot) -> None:
        self.tally.reboots += 1
        self._sockets = [c.socket for c in self.state.outlets if c.socket is not None]
        self.later(effect.seconds, lambda: self.power_on(effect.kind))

    def _log(self, effect: effects.Log) -> None:
        self.logs.append(effect.text)


def _masked(text: str) -> str:
    """A frame as it may stand in a log: none that carries a password."""
    return "(not shown, it carries a key)" if "authorizationkey" in text.casefold() else text


_PERFORMERS: dict[type, Callable[[Shell, Any], None]] = {
    effects.Store: Shell._store,
    effects.Connect: Shell._connect,
    effects.Disconnect: Shell._disconnect,
    effects.Send: Shell._send,
    effects.StartTimer: Shell._ignore,
    effects.StopTimer: Shell._ignore,
    effects.Download: Shell._download,
    effects.Upload: Shell._upload,
    effects.MakeKeyPair: Shell._make_key_pair,
    effects.CancelTransfer: Shell._cancel_transfer,
    effects.Reboot: Shell._reboot,
    effects.Log: Shell._log,
}
