"""One case: its server on its database, what is asked of it, and what that cost."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import psutil
import psycopg

from tests import server as servers
from tests.bench.load import Fleet, Load
from tests.bench.mix import identity
from tests.server import ROOT, ServerProcess
from tests.services import PostgresServer

PLAIN, SQLITE, POSTGRESQL = "plain", "gateway/sqlite", "gateway/postgresql"
CASES = (PLAIN, SQLITE, POSTGRESQL)

# Connections, and seconds between two calls of one of them; 0 = the next as soon as one is answered.
LOADS = ((50, 0.0), (1000, 0.0), (1000, 1.0))
STORM = 500  # charge points with passwords
PASSWORD = "correct-horse-battery"


# On a disk: the usual place for temporary files may be in memory, where a commit costs nothing.
DIRECTORY = Path("/var/tmp")


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one measurement gave; None where it does not apply."""

    case: str
    connections: int
    calls_per_s: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    server_cpu_s_per_1000: float | None = None
    database_cpu_s_per_1000: float | None = None
    kib_per_idle_connection: float | None = None
    cpu_ratio_to_plain: float | None = None
    seconds_until_all_are_back: float | None = None
    errors: int = 0
    client_cpu_share: float | None = None  # near 1 the load generator was the limit, not the server


@dataclass
class Running:
    """A case's server, how to start it, and the process of its database if that is another one."""

    case: str
    launch: Callable[[], ServerProcess]
    server: ServerProcess
    database: int | None = None
    count_stored: Callable[[], int] = lambda: 0

    def fleet(self, first: int, count: int, *, password: str = "") -> Fleet:
        identities = [identity(number) for number in range(first, first + count)]
        return Fleet("127.0.0.1", self.server.port, identities, password)


# The first so many are open, the ones after them have PASSWORD.
OPEN = 1000


def rows_of(case: str) -> int:
    return len(LOADS) + (case != PLAIN)


def measure(case: str, *, seconds: float, report: Callable[[str], None]) -> Iterator[Row]:
    """Rows of one case as they are there. Raises ServerFailed, or Refused, with the reason."""
    with started(case) as running:
        stored = running.count_stored()
        answered = 0
        for connections, interval_s in LOADS:
            report(f"{case}: {connections} connections, {'paced' if interval_s else 'closed loop'}")
            row, calls = asyncio.run(_load(running, connections, seconds, interval_s))
            answered += calls
            yield row
        if case != PLAIN:
            _verify(running, stored, answered)
            report(f"{case}: {STORM} charge points reconnect")
            yield asyncio.run(_storm(running))


async def _load(running: Running, connections: int, seconds: float, interval_s: float) -> tuple[Row, int]:
    fleet = running.fleet(0, connections)
    before = _memory(running.server.pid)
    await fleet.connect()
    await asyncio.sleep(1)
    idle = (_memory(running.server.pid) - before) / 1024 / connections
    await fleet.start_transactions()
    server_cpu: list[float] = []
    database_cpu: list[float] = []

    def window() -> None:
        server_cpu.append(_cpu(running.server.pid))
        if running.database:
            database_cpu.append(_cpu(running.database))

    load = await fleet.run(seconds, interval_s=interval_s, on_window=window)
    fleet.abort()
    await asyncio.sleep(0.5)  # the server notices
    row = Row(
        case=f"{running.case}/paced" if interval_s else running.case,
        connections=connections,
        calls_per_s=load.calls_per_s,
        p50_ms=load.percentile_ms(50),
        p95_ms=load.percentile_ms(95),
        p99_ms=load.percentile_ms(99),
        server_cpu_s_per_1000=_per_1000(server_cpu, load),
        database_cpu_s_per_1000=_per_1000(database_cpu, load),
        # With few connections the figure is that of the allocator, not of a connection.
        kib_per_idle_connection=idle if connections >= 500 and not interval_s else None,
        errors=load.errors,
        client_cpu_share=load.client_cpu_s / load.seconds,
    )
    return row, len(load.latencies)


async def _storm(running: Running) -> Row:
    """The server is killed and started, and all come back at once: seconds until each has booted."""
    fleet = running.fleet(OPEN, STORM, password=PASSWORD)
    await fleet.connect()
    fleet.abort()
    running.server.kill()
    running.server = running.launch()
    fleet.port = running.server.port
    began = time.perf_counter()
    await fleet.connect(at_once=STORM)
    took = time.perf_counter() - began
    fleet.abort()
    return Row(case=f"{running.case}/storm", connections=STORM, seconds_until_all_are_back=took)


def _verify(running: Running, stored_before: int, answered: int) -> None:
    """A bench of a journal that stores nothing would be a fast one."""
    stored = running.count_stored() - stored_before
    if stored < answered:
        raise servers.ServerFailed(f"{answered} calls were answered, {stored} are in the event log")


# ---- servers


@contextmanager
def started(case: str) -> Iterator[Running]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="pyrocpp-bench-", dir=DIRECTORY)))
        if case == PLAIN:
            running = Running(case, launch := partial(_launch_plain, directory), launch())
        else:
            postgres = None
            url = f"sqlite:///{directory / 'pyrocpp.sqlite3'}"
            if case == POSTGRESQL:
                postgres = stack.enter_context(PostgresServer(directory=DIRECTORY, durable=True))
                url = postgres.create_database("bench")
            servers.migrate(url, directory=directory)
            _register(url, directory)
            launch = partial(_launch_gateway, url, directory)
            running = Running(case, launch, launch(), count_stored=partial(_count_stored, url))
            if postgres and postgres.process:
                running.database = postgres.process.pid
        try:
            yield running
            running.server.stop()
        finally:
            if running.server.process.poll() is None:
                running.server.kill()


def _launch_gateway(url: str, directory: Path) -> ServerProcess:
    return servers.start_server(
        database_url=url, directory=directory, extra_environment={"LOG_LEVEL": "WARNING"}
    )


def _launch_plain(directory: Path) -> ServerProcess:
    return ServerProcess(
        ["-m", "tests.bench.plain"], environment={}, directory=directory
    ).wait_until_listening()


def _register(url: str, directory: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.bench.population", str(OPEN), str(STORM), PASSWORD],
        cwd=ROOT,
        env={**os.environ, **servers.environment(database_url=url, directory=directory)},
        check=True,
    )


def _count_stored(url: str) -> int:
    query = "SELECT count(*) FROM eventlog_event WHERE type = 'call.received'"
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return connection.execute(query).fetchone()[0]
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


# ---- processes


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _cpu(pid: int) -> float:
    """Seconds used so far by a process and all below it, those that have ended included."""
    total = 0.0
    for process in _tree(pid):
        with_ended = process.cpu_times()
        total += with_ended.user + with_ended.system + with_ended.children_user + with_ended.children_system
    return total


def _memory(pid: int) -> int:
    """Resident bytes of a process and all below it."""
    return sum(process.memory_info().rss for process in _tree(pid))


def _per_1000(cpu: list[float], load: Load) -> float | None:
    if not cpu or not load.latencies:
        return None
    return (cpu[-1] - cpu[0]) / len(load.latencies) * 1000


def fsync_ms(directory: Path, *, times: int = 100) -> tuple[float, float]:
    """Median and 99th percentile of making one page durable on the disk that the databases are on."""
    with TemporaryFile(dir=directory) as file:
        took = []
        for _ in range(times):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return took[len(took) // 2], took[int(len(took) * 0.99)]
