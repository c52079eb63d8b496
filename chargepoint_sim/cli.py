"""`python -m chargepoint_sim`: charge points for a central system, from the command line."""

import argparse
import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from chargepoint_sim.driver import Habits
from chargepoint_sim.fleet import Fleet, Summary, identities
from chargepoint_sim.models import DEFAULT_MODEL, MODELS
from chargepoint_sim.quirks import QUIRKS
from chargepoint_sim.shell import Frame
from chargepoint_sim.v16.configuration import FACTORY
from ocpp_core.v16.configuration import KEYS_BY_NAME

OK, FAILED, USAGE = 0, 1, 2

DESCRIPTION = """\
Simulated OCPP 1.6 charge points that connect to a central system, boot, and charge.

Cars come, are plugged in, a token is presented, they charge with a meter that
agrees with their battery, and they leave. With --idle nobody comes and the charge
points only wait for commands."""

EXAMPLES = f"""\
models:
{chr(10).join(f"  {model.name:<8} {model.description}" for model in MODELS.values())}

quirks:
{chr(10).join(f"  {quirk.name:<22} {quirk.description}" for quirk in QUIRKS.values())}

examples:
  one charge point, two connectors, at sixty times the usual pace
    python -m chargepoint_sim --url ws://localhost:8000/ocpp --id CP1 --speed 60
  a hundred of mixed models for two minutes, ten started a second
    python -m chargepoint_sim --url ws://localhost:8000/ocpp --id LOAD --count 100 \\
        --model ac22 --model dc50 --model grumpy --ramp 10 --duration 120

exit status:
  0  at least one charge point was accepted and everything was delivered (also after Ctrl-C)
  1  none was accepted, or messages were left undelivered at the end
  2  the arguments make no sense
"""


class Arguments(argparse.Namespace):
    """What the command line said."""

    url: str
    id: str
    count: int
    connectors: int | None
    model: list[str]
    quirk: list[str]
    password: str | None
    tag: list[str]
    idle: bool
    session: float
    duration: float
    speed: float
    ramp: float
    seed: int
    store: Path | None
    set: list[str]
    frames: bool


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m chargepoint_sim",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = made.add_argument_group("where")
    where.add_argument(
        "--url", required=True, help="of the central system, without the identity: ws://host:port/ocpp"
    )
    where.add_argument(
        "--id", default="CP1", help="identity; with --count it gets -0001, -0002 ... (default: CP1)"
    )
    where.add_argument("--password", help="HTTP Basic password; the user is the identity")
    what = made.add_argument_group("what")
    what.add_argument("--count", type=int, default=1, help="number of charge points (default: 1)")
    what.add_argument(
        "--model", action="append", default=[], help="character, see below; several are mixed in turn"
    )
    what.add_argument(
        "--quirk", action="append", default=[], help="strangeness, see below; several are mixed in turn"
    )
    what.add_argument("--connectors", type=int, help="connectors of each (default: as the model has)")
    what.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="factory setting, an OCPP key"
    )
    what.add_argument(
        "--store", type=Path, metavar="FILE", help="SQLite file that survives the process (default: memory)"
    )
    visitors = made.add_argument_group("visitors")
    visitors.add_argument(
        "--tag",
        action="append",
        default=[],
        help="id token they carry, best one for each connector (default: TAG)",
    )
    visitors.add_argument("--idle", action="store_true", help="nobody comes")
    visitors.add_argument(
        "--session", type=float, default=1800.0, help="mean length of a session, s (default: 1800)"
    )
    visitors.add_argument("--seed", type=int, default=0, help="decides who comes when (default: 0)")
    pace = made.add_argument_group("pace")
    pace.add_argument(
        "--duration", type=float, default=0.0, help="end after so many real seconds (default: Ctrl-C)"
    )
    pace.add_argument(
        "--speed",
        type=float,
        default=1.0,
        help="cars, meters and intervals run so many times faster; timestamps stay real (default: 1)",
    )
    pace.add_argument(
        "--ramp",
        type=float,
        default=50.0,
        help="charge points started a second, 0 = all at once (default: 50)",
    )
    pace.add_argument("--frames", action="store_true", help="print every frame instead of the table")
    return made


def read(arguments: Sequence[str] | None) -> Arguments:
    """Parse and check; ends the process with status 2 and one line when something is wrong."""
    made = parser()
    given = made.parse_args(arguments, namespace=Arguments())

    def wrong(what: str) -> NoReturn:
        made.error(what)

    scheme, host = urlsplit(given.url)[:2]
    if scheme not in ("ws", "wss") or not host:
        wrong(f"--url {given.url}: expected ws://host:port/path or wss://...")
    if urlsplit(given.url).query or urlsplit(given.url).fragment:
        wrong(f"--url {given.url}: has a query or fragment, the identity could not be appended")
    if not given.id:
        wrong("--id is empty")
    for name, value, least in (("count", given.count, 1), ("connectors", given.connectors, 1)):
        if value is not None and value < least:
            wrong(f"--{name} {value}: at least {least}")
    for name, number in (("speed", given.speed), ("session", given.session)):
        if number <= 0:
            wrong(f"--{name} {number}: must be above 0")
    for name, number in (("duration", given.duration), ("ramp", given.ramp)):
        if number < 0:
            wrong(f"--{name} {number}: must not be negative")
    for name in given.quirk:
        if name not in QUIRKS:
            wrong(f"--quirk {name}: not one of {', '.join(QUIRKS)}")
    for name in given.model:
        if name not in MODELS:
            wrong(f"--model {name}: not one of {', '.join(MODELS)}")
    for tag in given.tag:
        if not 0 < len(tag) <= 20:
            wrong(f"--tag {tag}: an id token has 1 to 20 characters")
    try:
        settings(given.set)
    except ValueError as error:
        wrong(f"--set {error}")
    return given


def settings(pairs: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE pairs as settings, in the standard's spelling. Raises ValueError for what we do not have."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        key = KEYS_BY_NAME.get(name)
        if not equals or key is None or key.name not in FACTORY:
            raise ValueError(f"{pair}: expected KEY=VALUE with a key of OCPP 1.6 that the simulator has")
        problem = key.check(value)
        if problem is not None:
            raise ValueError(problem)
        found[key.name] = value
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns the exit status."""
    given = read(arguments)
    with suppress(KeyboardInterrupt):
        return asyncio.run(run(given))
    return FAILED


async def run(given: Arguments) -> int:
    fleet = Fleet(
        given.url,
        identities(given.id, given.count),
        passwords=given.password,
        models=given.model or (DEFAULT_MODEL,),
        quirks=given.quirk,
        connectors=given.connectors,
        speed=given.speed,
        configuration=settings(given.set),
        storage=given.store,
        id_tokens=() if given.idle else given.tag or ("TAG",),
        habits=Habits(session=given.session),
        seed=given.seed,
    )
    console = Console(soft_wrap=True)
    stopping = _stop_on_signals()
    _allow_sockets(given.count)
    if given.frames:
        for point in fleet.charge_points:
            point.on_frame = _printer(console, point.identity)
    ramp = asyncio.get_running_loop().create_task(
        fleet.start(per_second=given.ramp if given.count > 1 else 0.0)
    )
    began = time.monotonic()
    was_accepted = await _watch(fleet, given, console, stopping, began)
    ramp.cancel()
    with suppress(asyncio.CancelledError):
        await ramp
    is_delivered = await fleet.wind_down()
    summary = fleet.summary()
    failure = next((p.last_failure for p in fleet.charge_points if p.last_failure), "")
    await fleet.stop()
    _print_summary(console, summary, time.monotonic() - began)
    if not was_accepted:
        console.print(
            f"No charge point was accepted. Last failure: {failure or 'none, the boot was not accepted'}"
        )
    elif not is_delivered:
        console.print("Some messages were left undelivered.")
    return OK if was_accepted and is_delivered else FAILED


async def _watch(
    fleet: Fleet, given: Arguments, console: Console, stopping: asyncio.Event, began: float
) -> bool:
    """Show what goes on until time is up or somebody stops us; returns whether any was ever accepted."""
    is_table = console.is_terminal and not given.frames
    was_accepted = False
    last_line = ""
    pause = 0.5 if is_table and given.count <= 500 else 1.0
    with Live(console=console, auto_refresh=False, transient=True) if is_table else nullcontext() as live:
        while not stopping.is_set():
            summary = fleet.summary()
            was_accepted = was_accepted or summary.accepted > 0
            elapsed = time.monotonic() - began
            if isinstance(live, Live):
                live.update(_screen(fleet, summary, elapsed, given.duration), refresh=True)
            elif not given.frames:
                line = _line(summary)
                if line != last_line and int(elapsed) % 5 == 0:
                    console.print(f"{elapsed:6.0f} s  {line}", highlight=False)
                    last_line = line
            if given.duration and elapsed >= given.duration:
                break
            left = given.duration - elapsed if given.duration else pause
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), min(pause, left))
    return was_accepted or fleet.summary().accepted > 0


def _stop_on_signals() -> asyncio.Event:
    """The first Ctrl-C (or SIGTERM) ends in good order, the second at once."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            for task in asyncio.all_tasks(loop):
                task.cancel()
        stopping.set()

    with suppress(NotImplementedError):  # Windows has no such handlers; there Ctrl-C raises KeyboardInterrupt
        loop.add_signal_handler(signal.SIGINT, stop)
        loop.add_signal_handler(signal.SIGTERM, stop)
    return stopping


def _allow_sockets(count: int) -> None:
    """Raise the limit of open files as far as this user may."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < count + 100:
        wanted = count + 100 if hard == resource.RLIM_INFINITY else min(hard, count + 100)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _line(summary: Summary) -> str:
    return (
        f"connected {summary.connected}/{summary.charge_points}  charging {summary.charging}  "
        f"transactions {summary.transactions_started}/{summary.transactions_stopped}  "
        f"{summary.energy_wh / 1000:.1f} kWh  frames out {summary.frames_out} in {summary.frames_in}  "
        f"errors {summary.errors}  reconnects {summary.reconnects}"
    )


def _screen(fleet: Fleet, summary: Summary, elapsed: float, duration: float) -> Group:
    """The live picture: figures, and the first charge points one by one."""
    table = Table(box=None, pad_edge=False)
    for column in ("charge point", "model", "link", "connectors", "kW", "kWh", "frames"):
        table.add_column(column, justify="right" if column in ("kW", "kWh", "frames") else "left")
    total = len(fleet.charge_points)
    shown = fleet.charge_points[:20]
    for point in shown:
        link = (
            point.state.link.registration.value if point.is_connected else point.last_failure or "connecting"
        )
        statuses = " ".join(c.status.value for c in point.state.outlets)
        table.add_row(
            point.identity,
            point.model.name,
            Text(link[:28], style="green" if point.is_connected and point.is_booted else "yellow"),
            Text(statuses[:60]),
            f"{point.power_w / 1000:.1f}",
            f"{point.energy_wh / 1000:.2f}",
            str(point.tally.frames_in + point.tally.frames_out),
        )
    more = f"... and {total - len(shown)} more" if total > len(shown) else ""
    left = f"{elapsed:.0f} of {duration:.0f} s" if duration else f"{elapsed:.0f} s, Ctrl-C ends"
    return Group(Text(f"{left}   {_line(summary)}"), table, Text(more))


def _print_summary(console: Console, summary: Summary, elapsed: float) -> None:
    table = Table(
        title=f"after {elapsed:.0f} s", title_justify="left", box=None, show_header=False, pad_edge=False
    )
    for name, value in (
        ("charge points connected at the end", f"{summary.connected} of {summary.charge_points}"),
        ("transactions started", str(summary.transactions_started)),
        ("transactions stopped", str(summary.transactions_stopped)),
        ("energy", f"{summary.energy_wh / 1000:.2f} kWh"),
        ("frames sent", str(summary.frames_out)),
        ("frames received", str(summary.frames_in)),
        ("errors", str(summary.errors)),
        ("reconnects", str(summary.reconnects)),
        ("failed connections", str(summary.failed_connections)),
        ("messages given up", str(summary.discarded)),
    ):
        table.add_row(name, value)
    console.print(table, highlight=False)


def _printer(console: Console, identity: str) -> Callable[[Frame], None]:
    def show(frame: Frame) -> None:
        arrow = "->" if frame.direction == "out" else "<-"
        moment = time.strftime("%H:%M:%S", time.localtime(frame.at))
        console.print(f"{moment} {identity} {arrow} {frame.text}", markup=False, highlight=False)

    return show
