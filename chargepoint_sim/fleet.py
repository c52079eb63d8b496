"""Many charge points in one process, and the figures of all of them."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from chargepoint_sim.driver import Driver, Habits
from chargepoint_sim.models import DEFAULT_MODEL, Model
from chargepoint_sim.runtime import ChargePoint
from chargepoint_sim.v16.state import Registration


class Summary(msgspec.Struct, frozen=True):
    """Figures of a fleet at one moment; all but the first four count from the beginning."""

    charge_points: int
    connected: int
    accepted: int
    charging: int
    """Connectors with a running transaction."""
    transactions_started: int
    transactions_stopped: int
    energy_wh: float
    frames_in: int
    frames_out: int
    errors: int
    """CALLERRORs either way, and calls without an answer."""
    reconnects: int
    failed_connections: int
    discarded: int
    """Transaction-related messages given up."""


def identities(name: str, count: int) -> list[str]:
    """`name` alone for one, else name-0001, name-0002 ..."""
    return [name] if count == 1 else [f"{name}-{number:04d}" for number in range(1, count + 1)]


class Fleet:
    """Charge points that are started one after the other and stopped together."""

    def __init__(
        self,
        url: str,
        names: Sequence[str],
        *,
        passwords: Mapping[str, str] | str | None = None,
        models: Sequence[str | Model] = (DEFAULT_MODEL,),
        quirks: Sequence[str] = (),
        connectors: int | None = None,
        speed: float = 1.0,
        configuration: Mapping[str, str] | None = None,
        storage: str | Path | None = None,
        record: int | None = 0,
        id_tokens: Sequence[str] = (),
        habits: Habits | None = None,
        seed: int = 0,
    ) -> None:
        """passwords: one for all, or by identity.    models: in turn.    id_tokens: none = nobody comes.

        quirks: in turn, rows of `quirks.py`.
        """
        if isinstance(passwords, str):
            passwords = dict.fromkeys(names, passwords)
        self.charge_points = [
            ChargePoint(
                url,
                name,
                password=(passwords or {}).get(name),
                model=models[index % len(models)],
                quirk=quirks[index % len(quirks)] if quirks else None,
                seed=seed + index,
                connectors=connectors,
                speed=speed,
                configuration=configuration,
                storage=storage,
                record=record,
            )
            for index, name in enumerate(names)
        ]
        busy: set[str] = set()
        points = self.charge_points if id_tokens else []
        self.drivers = [Driver(point, id_tokens, seed=seed, habits=habits, busy=busy) for point in points]
        self.started = 0

    def __len__(self) -> int:
        return len(self.charge_points)

    def __getitem__(self, identity: str) -> ChargePoint:
        return next(cp for cp in self.charge_points if cp.identity == identity)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, *, per_second: float = 0.0) -> None:
        """Switch the charge points on, so many a second (0 = as fast as it goes)."""
        for index, point in enumerate(self.charge_points):
            point.start()
            if self.drivers:
                self.drivers[index].start()
            self.started += 1
            if per_second > 0:
                await asyncio.sleep(1 / per_second)
            elif index % 50 == 49:
                await asyncio.sleep(0)

    async def wait_booted(self, within: float = 30.0) -> None:
        """All are connected and accepted. Raises TimeoutError naming the first that is not."""
        deadline = asyncio.get_running_loop().time() + within
        for point in self.charge_points:
            await point.wait_booted(max(0.01, deadline - asyncio.get_running_loop().time()))

    async def wind_down(self, within: float = 10.0) -> bool:
        """Send everybody home and wait until all messages are delivered; returns whether they were."""
        for driver in self.drivers:
            driver.stop()
        connected = [point for point in self.charge_points[: self.started] if point.is_connected]
        waits = (point.wait_delivered(within) for point in connected)
        results = await asyncio.gather(*waits, return_exceptions=True)
        return not any(isinstance(result, BaseException) for result in results)

    async def stop(self) -> None:
        await asyncio.gather(*(point.stop() for point in self.charge_points[: self.started]))

    def summary(self) -> Summary:
        points = self.charge_points
        sums: Counter[str] = Counter()
        for point in points:
            tally, counters = point.tally, point.state.counters
            sums["connected"] += point.is_connected
            sums["accepted"] += point.is_connected and point.state.link.registration is Registration.ACCEPTED
            sums["charging"] += sum(c.transaction is not None for c in point.state.outlets)
            sums["started"] += counters.transactions_started
            sums["stopped"] += counters.transactions_stopped
            sums["in"] += tally.frames_in
            sums["out"] += tally.frames_out
            sums["errors"] += tally.errors
            sums["reconnects"] += max(0, tally.connections - 1)
            sums["failed"] += tally.failed_connections
            sums["discarded"] += counters.messages_discarded
        return Summary(
            charge_points=len(points),
            connected=sums["connected"],
            accepted=sums["accepted"],
            charging=sums["charging"],
            transactions_started=sums["started"],
            transactions_stopped=sums["stopped"],
            energy_wh=sum(point.energy_wh for point in points),
            frames_in=sums["in"],
            frames_out=sums["out"],
            errors=sums["errors"],
            reconnects=sums["reconnects"],
            failed_connections=sums["failed"],
            discarded=sums["discarded"],
        )
