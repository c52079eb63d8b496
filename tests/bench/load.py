"""Charge points talking: as fast as they are answered, or each at its own pace."""

import asyncio
import contextlib
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.client import ChargePoint, connect
from tests.bench.mix import Conversation

WARM_UP_S = 1.0
OPEN_AT_ONCE = 50


@dataclass
class Load:
    """What was measured while `seconds` went by. Latencies in seconds, ascending."""

    seconds: float
    latencies: list[float]
    errors: int
    client_cpu_s: float

    @property
    def calls_per_s(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        if not self.latencies:
            return float("nan")
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * percent / 100))] * 1000


@dataclass
class Fleet:
    """Connected charge points with what they are going to say."""

    host: str
    port: int
    identities: Sequence[str]
    password: str = ""
    players: list["Player"] = field(default_factory=list)

    async def connect(self, *, at_once: int = OPEN_AT_ONCE) -> None:
        """Open all connections and boot; returns when all have been answered."""
        gate = asyncio.Semaphore(at_once)

        async def one(place: int, identity: str) -> Player:
            async with gate:
                connection = await connect(self.host, self.port, identity, password=self.password)
                player = Player(connection, Conversation(identity, place=place))
                await player.say(player.conversation.boot())
                return player

        self.players = await asyncio.gather(*(one(*pair) for pair in enumerate(self.identities)))

    async def start_transactions(self) -> None:
        """Of those whose conversation begins while they charge."""
        for player in self.players:
            if call := player.conversation.start():
                await player.say(call)

    def abort(self) -> None:
        for player in self.players:
            player.connection.abort()

    async def run(
        self, seconds: float, *, interval_s: float = 0, on_window: Callable[[], None] = lambda: None
    ) -> Load:
        """Let all of them talk, and measure after a warm-up.

        interval_s: between two calls of one charge point; 0 = the next as soon as one is answered.
        on_window: called at the beginning and at the end of the measurement.
        """
        errors = sum(player.connection.errors for player in self.players)
        samples: list[float] = []
        for number, player in enumerate(self.players):
            player.begin(samples, interval_s, delay_s=interval_s * number / len(self.players))
        gc.collect()
        gc.disable()  # its pauses would be taken for the server's
        try:
            await asyncio.sleep(WARM_UP_S)
            samples.clear()
            on_window()
            began, cpu = time.perf_counter(), time.process_time()
            await asyncio.sleep(seconds)
            measured, took = sorted(samples), time.perf_counter() - began
            cpu = time.process_time() - cpu
            on_window()
        finally:
            gc.enable()
            for player in self.players:
                player.end()
        await asyncio.gather(*(player.rest() for player in self.players))
        errors = sum(player.connection.errors for player in self.players) - errors
        return Load(seconds=took, latencies=measured, errors=errors, client_cpu_s=cpu)


class Player:
    """One charge point's turns: a call, its answer, the next call when it is due."""

    def __init__(self, connection: ChargePoint, conversation: Conversation) -> None:
        self.connection = connection
        self.conversation = conversation
        self._loop = asyncio.get_running_loop()
        self._samples: list[float] = []
        self._interval_s = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._talking = self._waiting = False

    async def say(self, call: bytes) -> None:
        """One call outside of a measurement, with its answer."""
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self.connection.on_answer = answer.set_result
        self.connection.send(call)
        self.conversation.answered(await asyncio.wait_for(answer, 60))

    def begin(self, samples: list[float], interval_s: float, *, delay_s: float) -> None:
        self._samples, self._interval_s, self._talking = samples, interval_s, True
        self._due = self._loop.time() + delay_s
        self.connection.on_answer = self._answered
        self._next()

    def end(self) -> None:
        self._talking = False
        if self._timer:
            self._timer.cancel()

    async def rest(self) -> None:
        """Wait for the last answer, 60 s at most; a connection that was lost has none to come."""
        if self._waiting and not self.connection.closed:
            last = self._loop.create_future()
            self.connection.on_answer = last.set_result
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(last, 60)
        self._waiting = False

    def _next(self) -> None:
        if self._due > self._loop.time():
            self._timer = self._loop.call_at(self._due, self._speak)
        else:
            self._speak()

    def _speak(self) -> None:
        self._waiting = True
        self.connection.send(self.conversation.next_call())

    def _answered(self, text: bytes) -> None:
        now = self._loop.time()
        self._waiting = False
        # From when it was due, not from when it went out: a charge point kept waiting counts as such.
        self._samples.append(now - self._due)
        self.conversation.answered(text)
        self._due = self._due + self._interval_s if self._interval_s else now
        if self._talking:
            self._next()
