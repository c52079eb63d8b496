"""Charge points in virtual time, for tests: the clock jumps to the next event, the wire is in memory.

    central_system = VirtualCentralSystem()
    cp = VirtualChargePoint(central_system)
    cp.power_on()
    cp.plug_in(1)
    cp.present(1, "TAG")
    cp.clock.run_for(8 * 3600)

The central system in here reads and writes raw JSON and never touches our codec: it is to disagree when
we are wrong.
"""

import heapq
import itertools
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from chargepoint_sim import effects, inputs, transfers
from chargepoint_sim import keys as key_pairs
from chargepoint_sim.models import DEFAULT_MODEL, Model
from chargepoint_sim.shell import Shell, Storage

START = datetime(2026, 1, 1, 18, 0, tzinfo=UTC).timestamp()
"""When virtual time begins: an evening."""

Answer = dict[str, Any] | list[Any] | str | None
"""What to answer a call with: a payload, [code, description] for a CALLERROR, a text as it is, or nothing."""


class VirtualClock:
    """Time that passes when it is told to; what is due at the same time happens in the order asked for."""

    def __init__(self, start: float = START) -> None:
        self.now = start
        self._due: list[tuple[float, int, _Entry]] = []
        self._order = itertools.count()

    def later(self, seconds: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after so many seconds; returns what cancels it."""
        entry = _Entry(callback)
        heapq.heappush(self._due, (self.now + max(0.0, seconds), next(self._order), entry))
        return entry.cancel

    def run_until(self, at: float) -> None:
        """Let everything happen up to a time."""
        while self._due and self._due[0][0] <= at:
            self._next()
        self.now = max(self.now, at)

    def run_for(self, seconds: float = 0.0) -> None:
        """Let so much time pass; 0 = let happen what is due now."""
        self.run_until(self.now + seconds)

    def run_while(self, condition: Callable[[], bool], *, at_most: float = 86400.0) -> None:
        """Let time pass while a condition holds. Raises TimeoutError after `at_most` seconds."""
        end = self.now + at_most
        while condition():
            if not self._due or self._due[0][0] > end:
                raise TimeoutError(f"still so after {at_most} s of virtual time")
            self._next()

    def _next(self) -> None:
        at, _, entry = heapq.heappop(self._due)
        self.now = max(self.now, at)
        if entry.callback is not None:
            entry.callback()


class _Entry:
    """Something that is due, or was cancelled."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualCentralSystem:
    """Accepts everybody, unless told otherwise.

    answers: by action, a payload or a function of the request's payload; see `Answer`.
    """

    def __init__(self, answers: Mapping[str, Any] | None = None) -> None:
        self.answers: dict[str, Any] = dict(answers or {})
        self.is_reachable = True
        self.received: list[tuple[str, dict[str, Any]]] = []
        """Action and payload of every call, in order."""
        self.replies: dict[str, list[Any]] = {}
        """Frames that answered our calls, by message id."""
        self.transactions: dict[tuple[Any, ...], int] = {}
        """What tells transactions apart -> the id given."""
        self.files: dict[str, bytes | str] = {}
        """What its file server has, by URL; a text is what goes wrong there, for uploads too."""
        self.uploads: dict[str, str] = {}
        self.transfer_seconds = 10.0
        self._calls = itertools.count(1)

    def of(self, action: str) -> list[dict[str, Any]]:
        """Payloads of the calls of one action."""
        return [payload for name, payload in self.received if name == action]

    def receive(self, text: str, now: float) -> str | None:
        """Take a frame; returns the frame that answers it, if any."""
        frame = json.loads(text)
        if frame[0] != 2:
            self.replies[frame[1]] = frame
            return None
        _, unique_id, action, payload = frame
        self.received.append((action, payload))
        answer = self.answers.get(action, self._usual(action, now))
        if callable(answer):
            answer = answer(payload)
        if answer is None or isinstance(answer, str):
            return answer
        if isinstance(answer, list):
            return json.dumps([4, unique_id, answer[0], answer[1], {}])
        return json.dumps([3, unique_id, answer])

    def call(self, charge_point: "VirtualChargePoint", action: str, payload: dict[str, Any]) -> list[Any]:
        """Call the charge point and let what is due now happen; returns its answer, empty if none."""
        unique_id = f"cs-{next(self._calls)}"
        charge_point.deliver(json.dumps([2, unique_id, action, payload]))
        charge_point.clock.run_for(2 * charge_point.latency)
        return self.replies.get(unique_id, [])

    def transaction_id(self, start: dict[str, Any]) -> int:
        """The id of the transaction that a StartTransaction tells of; the same one for a resend."""
        told = (start["connectorId"], start["idTag"], start["timestamp"], start["meterStart"])
        if told not in self.transactions:
            self.transactions[told] = len(self.transactions) + 1
        return self.transactions[told]

    def _start(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {"idTagInfo": {"status": "Accepted"}, "transactionId": self.transaction_id(payload)}

    def _usual(self, action: str, now: float) -> Any:
        moment = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
        match action:
            case "BootNotification":
                return {"status": "Accepted", "currentTime": moment, "interval": 300}
            case "Heartbeat":
                return {"currentTime": moment}
            case "Authorize":
                return {"idTagInfo": {"status": "Accepted"}}
            case "StartTransaction":
                return self._start
            case "DataTransfer" | "SignCertificate":
                return {"status": "Accepted"}
            case _:
                return {}


class VirtualChargePoint(Shell):
    """A charge point on a virtual clock, connected in memory."""

    def __init__(
        self,
        central_system: VirtualCentralSystem,
        *,
        clock: VirtualClock | None = None,
        identity: str = "CP1",
        model: str | Model = DEFAULT_MODEL,
        connectors: int | None = None,
        configuration: Mapping[str, str] | None = None,
        storage: Storage | None = None,
        latency: float = 0.0,
        seed: int = 0,
        record: int | None = None,
        quirk: str | None = None,
    ) -> None:
        """latency: seconds that a frame takes.    seed: where message ids and waiting times come from."""
        super().__init__(
            identity,
            model=model,
            connectors=connectors,
            configuration=configuration,
            storage=storage,
            record=record,
            quirk=quirk,
            seed=seed,
        )
        self.clock = VirtualClock() if clock is None else clock
        self.central_system = central_system
        self.latency = latency
        self._entropy = itertools.count(seed * 1_000_003 + 1)
        self._connection = 0
        """Number of the connection that is open or being opened; frames of older ones are lost."""
        self._jobs: set[str] = set()
        self._cancel_timer: Callable[[], None] | None = None
        self._timer_at = 0.0

    def now(self) -> float:
        return self.clock.now

    def later(self, seconds: float, callback: Callable[[], None]) -> Callable[[], None]:
        return self.clock.later(seconds, callback)

    def entropy(self) -> int:
        return next(self._entropy)

    def calendar(self) -> float:
        return self.clock.now

    def arm(self) -> None:
        due = self.next_timer()
        if self._cancel_timer is not None:
            if due is not None and due[0] == self._timer_at:
                return
            self._cancel_timer()
            self._cancel_timer = None
        if due is not None:
            self._timer_at = due[0]
            self._cancel_timer = self.clock.later(due[0] - self.clock.now, self._on_timer)

    def connect(self) -> None:
        self._connection += 1
        self._soon(self._opened)

    def disconnect(self, reason: str) -> None:
        self._soon(lambda: self.abort())

    def abort(self) -> None:
        self._connection += 1
        self._soon(lambda: self.feed(inputs.Disconnected("gone")))

    def transmit(self, text: str) -> None:
        self._soon(lambda: self._arrived(text))

    def deliver(self, text: str) -> None:
        """A frame of the central system comes in."""
        self._soon(lambda: self.receive(text))

    def download(self, effect: effects.Download) -> None:
        def run() -> None:
            image = self.central_system.files.get(effect.location)
            if not isinstance(image, bytes):
                outcome = inputs.Downloaded(job=effect.job, problem=image or "not found")
            else:
                outcome = transfers.judge(effect, image, self.state.model.firmware)
            self._transferred(effect.job, outcome)

        self._start_transfer(effect.job, run)

    def upload(self, effect: effects.Upload) -> None:
        text = self.file_text(effect)

        def run() -> None:
            place = transfers.place_of(effect.location, effect.file_name)
            problem = self.central_system.files.get(effect.location, "")
            if not problem and effect.job in self._jobs:
                self.central_system.uploads[place] = text
            self._transferred(effect.job, inputs.Uploaded(job=effect.job, problem=str(problem)))

        self._start_transfer(effect.job, run)

    def make_key_pair(self, effect: effects.MakeKeyPair) -> None:
        self.clock.later(0.0, lambda: self.feed(key_pairs.make(effect)))

    def cancel_transfer(self, job: str) -> None:
        self._jobs.discard(job)

    def _start_transfer(self, job: str, run: Callable[[], None]) -> None:
        self._jobs.add(job)
        self.clock.later(self.central_system.transfer_seconds, run)

    def _transferred(self, job: str, outcome: inputs.Downloaded | inputs.Uploaded) -> None:
        if job in self._jobs:
            self._jobs.discard(job)
            self.feed(outcome)

    def _soon(self, what: Callable[[], None]) -> None:
        """After the latency, unless the connection is another one by then."""
        connection = self._connection

        def run() -> None:
            if connection == self._connection:
                what()

        self.clock.later(self.latency, run)

    def _opened(self) -> None:
        if self.central_system.is_reachable:
            self.tally.connections += 1
            self.feed(inputs.Connected())
        else:
            self.tally.failed_connections += 1
            self.feed(inputs.Disconnected("unreachable"))

    def _arrived(self, text: str) -> None:
        answer = self.central_system.receive(text, self.clock.now)
        if answer is not None:
            self.deliver(answer)

    def _on_timer(self) -> None:
        self._cancel_timer = None
        self.fire_due()
        self.arm()
