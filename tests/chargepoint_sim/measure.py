"""Figures of the simulator: `python -m tests.chargepoint_sim.measure [charge points]`. Linux only."""

import asyncio
import gc
import multiprocessing
import sys
import time
from pathlib import Path

from rich.console import Console

from chargepoint_sim import Fleet, inputs
from chargepoint_sim.driver import Driver
from chargepoint_sim.fleet import identities
from chargepoint_sim.hardware import Vehicle
from chargepoint_sim.v16 import step
from tests.chargepoint_sim.server import server
from tests.chargepoint_sim.stage import Stage

CONSOLE = Console(highlight=False, soft_wrap=True)


def resident_kib() -> int:
    """Memory of this process now."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def engine() -> None:
    """Steps of one busy charge point, recorded first, then made again by the bare engine."""
    stage = Stage(booted=False, model="dc150")
    recorded: list[tuple[inputs.AnyInput, float]] = []
    feed = stage.cp.feed

    def record(input: inputs.AnyInput) -> None:
        recorded.append((input, stage.cp.now()))
        feed(input)

    stage.cp.feed = record
    stage.cp.power_on()
    stage.clock.run_for(1)
    Driver(stage.cp, ["A", "B"]).start()
    began = time.perf_counter()
    stage.clock.run_for(24 * 3600)
    virtual = time.perf_counter() - began
    state = Stage(booted=False, model="dc150").cp.state
    began = time.perf_counter()
    for input, now in recorded:
        state, _ = step(state, input, now)
    elapsed = time.perf_counter() - began
    what = f"{len(recorded)} steps, {state.counters.transactions_started} transactions"
    CONSOLE.print(f"engine alone: {len(recorded) / elapsed:,.0f} steps/s ({what})")
    CONSOLE.print(
        f"a day of a fast charger in virtual time: {virtual:.2f} s, {len(stage.cp.frames):,} frames"
    )


def states(count: int = 5000) -> None:
    """Memory of booted charge points without a wire."""
    gc.collect()
    before = resident_kib()
    kept = []
    for number in range(count):
        stage = Stage(identity=f"CP{number}", record=0)
        stage.central_system.received.clear()
        kept.append(stage.cp.state)
    del stage
    gc.collect()
    CONSOLE.print(
        f"state of an idle charge point: {(resident_kib() - before) / count:.1f} KiB ({count} of them)"
    )


def serve(queue: "multiprocessing.Queue[str]") -> None:
    async def main() -> None:
        async with server() as central_system:
            queue.put(central_system.url)
            await asyncio.Event().wait()

    asyncio.run(main())


async def idle(url: str, count: int) -> None:
    """Charge points on real sockets that only send heartbeats."""
    before, cpu = resident_kib(), time.process_time()
    began = time.perf_counter()
    fleet = Fleet(url, identities("CP", count))
    async with fleet:
        await fleet.wait_booted(120)
        for point in fleet.charge_points:
            await point.wait_delivered(60)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        used = resident_kib() - before
        CONSOLE.print(f"{count} charge points connected, booted, told: {took:.1f} s, CPU {cpu:.1f} s")
        CONSOLE.print(f"memory of an idle charge point with its socket: {used / count:.1f} KiB")
        cpu = time.process_time()
        for point in fleet.charge_points:
            point.plug_in(1, Vehicle())
            point.present(1, "TAG")
        for point in fleet.charge_points:
            await point.wait_transaction(1, within=60)
            await point.wait_delivered(60)
        cpu = time.process_time() - cpu
        each = cpu / count * 1e6
        CONSOLE.print(f"a start: {each:.0f} us CPU, {each / 4:.0f} us for each of its 4 calls")


def connected(count: int) -> None:
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[str] = context.Queue()
    process = context.Process(target=serve, args=(queue,), daemon=True)
    process.start()
    try:
        asyncio.run(idle(queue.get(timeout=30), count))
    finally:
        process.terminate()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    context = multiprocessing.get_context("spawn")
    for measure, arguments in ((engine, ()), (states, ()), (connected, (count,))):
        process = context.Process(target=measure, args=arguments)  # one each: memory is not given back
        process.start()
        process.join()


if __name__ == "__main__":
    main()
