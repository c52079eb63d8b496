"""`make demo`: a whole central system with charge points that charge, from one command."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from csms.demo import population
from csms.demo.figures import Figures, Run
from csms.demo.population import CHARACTERS, Keys
from csms.demo.processes import Child, ChildFailed, Children
from csms.eventlog import projector

LISTENING = re.compile(r"listening on (http://\S+)")
STARTS_WITHIN_S = 60
LINE_EVERY_S = 1.0
QUIET_LINE_EVERY_S = 10  # seconds, where there is no terminal
SESSION_S = 1500.0  # mean length of a charging session in the charge points' own time
SHORTEST_SESSION_S = 120.0
SAMPLE_INTERVAL_S = 60  # in the same time: one message a second and connector at the usual speed
SESSIONS_IN_A_RUN = 3  # so many fit into a run of limited length
SIMULATORS_END_WITHIN_S = 15
GATEWAY_ENDS_WITHIN_S = 15


class Command(BaseCommand):
    help = (
        "Run a central system with simulated charge points that charge at an accelerated pace. Nothing else "
        "has to be installed; the data stays in var/. Ends with 1 when nothing was charged."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="Address to listen on (default: %(default)s)."
        )
        parser.add_argument(
            "--port", type=int, default=9000, help="Port; 0 takes a free one (default: %(default)s)."
        )
        parser.add_argument(
            "--duration", type=float, default=0.0, help="End after so many seconds of charging."
        )
        parser.add_argument(
            "--speed",
            type=float,
            default=60.0,
            help="Cars and meters run so many times faster (default: 60).",
        )
        parser.add_argument(
            "--charge-points", type=int, default=len(CHARACTERS), help="How many (default: %(default)s)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["duration"] < 0 or options["speed"] <= 0 or options["charge_points"] < 1:
            raise CommandError("--duration must not be negative, --speed above 0, --charge-points at least 1")
        with only_one(settings.VAR_DIR / "demo"):
            Demonstration(
                Console(),
                **{name: options[name] for name in ("host", "port", "duration", "speed", "charge_points")},
            ).run()


class Demonstration:
    def __init__(
        self, console: Console, *, host: str, port: int, duration: float, speed: float, charge_points: int
    ) -> None:
        self.console = console
        self.host, self.port = host, port
        self.duration, self.speed = duration, speed
        self.characters = CHARACTERS[:charge_points]
        self.more = (
            population.more(charge_points - len(self.characters))
            if charge_points > len(self.characters)
            else []
        )
        self.directory = settings.VAR_DIR / "demo"
        self.stopping = threading.Event()

    def run(self) -> None:
        """Raises SystemExit(1) when nothing was charged, CommandError when it could not run."""
        with Children(directory=settings.BASE_DIR, logs=self.directory) as children, self._signals(children):
            call_command("migrate", verbosity=0)
            keys = population.person()
            passwords = population.populate(len(self.more))
            run = Run([character.identity for character in self.characters] + self.more)
            try:
                url = self._start_servers(children)
                if self.stopping.is_set():
                    return
                self._welcome(url, keys)
                self._start_charge_points(children, url, passwords)
                run.restart_clock()
                self._watch(run, children)
                figures = self._wind_down(run, children)
            except ChildFailed as failure:
                raise CommandError(str(failure)) from failure
        self._summarise(figures)
        was_interrupted = self.stopping.is_set()
        if not was_interrupted and not (figures.transactions_finished and figures.energy_wh):
            self.console.print(f"Nothing was charged. The logs are in {self.directory}.", style="red")
            raise SystemExit(1)

    # ---- start

    def _start_servers(self, children: Children) -> str:
        """Start the gateway and the projector. Returns where the gateway listens."""
        arguments = ["manage.py", "run_gateway", "--host", self.host, "--port", str(self.port)]
        gateway = children.start("gateway", "gateway", arguments)
        children.start("projector", "projector", ["manage.py", "run_projector"])
        return gateway.wait_for(_listening, within_s=STARTS_WITHIN_S, stop=self.stopping.is_set)

    def _start_charge_points(self, children: Children, url: str, passwords: dict[str, str]) -> None:
        for character in self.characters:
            arguments = ["--id", character.identity, "--model", character.model, "--seed", "7"]
            if password := passwords.get(character.identity):
                arguments += ["--password", password]
            for token in character.tokens:
                arguments += ["--tag", token]
            self._simulate(children, url, character.identity, arguments)
        if self.more:
            name = self.more[0].partition("-")[0]
            arguments = ["--id", name, "--count", str(len(self.more)), "--model", "ac22", "--model", "dc50"]
            self._simulate(children, url, name, [*arguments, "--tag", "FLEET-0101", "--tag", "FLEET-0102"])
        self._simulate(children, url, population.STRANGER, ["--id", population.STRANGER, "--idle"])

    def _simulate(self, children: Children, url: str, name: str, arguments: list[str]) -> Child:
        always = [
            *("--url", url.replace("http", "ws", 1) + "/ocpp"),
            *("--speed", str(self.speed), "--session", str(self._session_s())),
            *("--set", f"MeterValueSampleInterval={SAMPLE_INTERVAL_S}"),
        ]
        return children.start("charge points", name, ["-m", "chargepoint_sim", *always, *arguments])

    def _session_s(self) -> float:
        """Short enough that several sessions end in a run of limited length."""
        if not self.duration:
            return SESSION_S
        return min(SESSION_S, max(SHORTEST_SESSION_S, self.duration * self.speed / SESSIONS_IN_A_RUN))

    # ---- while it runs

    def _watch(self, run: Run, children: Children) -> None:
        """Show how it goes until the time is over or somebody stops it. Raises ChildFailed."""
        quiet_at = 0.0
        live = (
            Live(console=self.console, auto_refresh=False, transient=True)
            if self.console.is_terminal
            else None
        )
        if live:
            live.start()
        try:
            while not self.stopping.is_set():
                children.check("gateway", "projector")
                for child in children.newly_ended("charge points"):
                    self.console.print(str(child.failure()), style="yellow", markup=False, highlight=False)
                figures = run.figures()
                if live:
                    live.update(_line(figures, self.duration), refresh=True)
                elif figures.elapsed_s >= quiet_at:
                    self.console.print(_line(figures, self.duration), soft_wrap=True)
                    quiet_at += QUIET_LINE_EVERY_S
                if self.duration and figures.elapsed_s >= self.duration:
                    return
                left = self.duration - figures.elapsed_s if self.duration else LINE_EVERY_S
                self.stopping.wait(min(LINE_EVERY_S, max(0.05, left)))
        finally:
            if live:
                live.stop()

    def _wind_down(self, run: Run, children: Children) -> Figures:
        """Send the cars home, and stop everything in an order in which nothing is lost."""
        before = run.figures()
        self.console.print("Stopping: the cars leave, then the servers end.", style="dim")
        children.end("charge points", within_s=SIMULATORS_END_WITHIN_S)
        children.end("gateway", within_s=GATEWAY_ENDS_WITHIN_S)
        children.end("projector", within_s=GATEWAY_ENDS_WITHIN_S)
        for projection in projector.asynchronous():
            projector.catch_up(projection)
        return run.figures().at_work(before)

    # ---- what is said

    def _welcome(self, url: str, keys: Keys | None) -> None:
        where = Table(box=None, show_header=False, pad_edge=False)
        where.add_column(style="bold")
        where.add_column(overflow="fold")
        where.add_row("Back office", f"{url}/admin/")
        if keys:
            where.add_row(
                "Log in as", f"{population.PERSON}   password: [bold]{keys.password}[/]   (shown this once)"
            )
        else:
            where.add_row(
                "Log in as",
                f"{population.PERSON}, with the password of the first start; a new one: "
                f"manage.py changepassword {population.PERSON}",
            )
        where.add_row("API", f"{url}/api/v1/docs")
        where.add_row("Charge points", f"{url.replace('http', 'ws', 1)}/ocpp/<identity>, subprotocol ocpp1.6")
        where.add_row("Data and logs", str(settings.VAR_DIR))
        self.console.print()
        self.console.print(where)
        if keys:
            curl = f'curl -H "Authorization: Bearer {keys.api_token}" {url}/api/v1/charge-points'
            self.console.print("Try the API (the token is shown this once):", style="bold")
            self.console.print(f"  {curl}", soft_wrap=True, markup=False, highlight=False)
        count = len(self.characters) + len(self.more)
        end = f"{self.duration:g} s, then it ends" if self.duration else "Ctrl-C ends it"
        self.console.print(
            f"{count} charge points charge at {self.speed:g} times the usual pace; {end}.\n", style="dim"
        )

    def _summarise(self, figures: Figures) -> None:
        summary = Table(box=None, show_header=False, pad_edge=False)
        for name, value in (
            ("charge points online", f"{figures.online} of {len(self.characters) + len(self.more)}"),
            ("transactions finished", str(figures.transactions_finished)),
            ("energy", f"{figures.energy_wh / 1000:.2f} kWh"),
            ("events stored", str(figures.events)),
            ("messages per second", f"{figures.messages_per_s:.1f}"),
        ):
            summary.add_row(name, value)
        self.console.print(summary, highlight=False)

    # ---- stopping

    @contextmanager
    def _signals(self, children: Children) -> Iterator[None]:
        """The first Ctrl-C (or SIGTERM) ends in good order; the second one at once."""

        def ask(number: int, frame: FrameType | None) -> None:
            if self.stopping.is_set():
                children.kill()
                os._exit(130)
            self.stopping.set()

        usual = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in usual.items():
                signal.signal(number, handler)


@contextmanager
def only_one(directory: Path) -> Iterator[IO[str]]:
    """Two demonstrations on one database would fight over the charge points. Raises CommandError."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "running").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"a demonstration runs already on the data in {settings.VAR_DIR}") from None
        yield file


def _listening(said: str) -> str | None:
    found = LISTENING.search(said)
    if found is None:
        return None
    url = found[1].rstrip("/")
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//:::", "//[::1]:")


def _line(figures: Figures, duration: float) -> Text:
    clock = f"{figures.elapsed_s:.0f} of {duration:g} s" if duration else f"{figures.elapsed_s:.0f} s"
    return Text.assemble(
        (f"{clock:>10}  ", "dim"),
        (f"{figures.online} online  ", "green" if figures.online else "yellow"),
        f"{figures.running} charging  {figures.power_w / 1000:.1f} kW  ",
        f"{figures.transactions_finished} finished  {figures.energy_wh / 1000:.2f} kWh  ",
        (f"{figures.messages_per_s:.0f} messages/s", "dim"),
        no_wrap=True,
        overflow="ellipsis",
    )
