"""Fold the log anew and replace the rows of projections, or only say what would change."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from csms.eventlog import rebuild
from csms.eventlog.projection import projections

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Rebuild projections from the event log. Traffic may go on meanwhile. With --check nothing is "
        "written: it compares, and ends with 1 when a row is not what the log says."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="Projections; all when none is named.")
        parser.add_argument("--check", action="store_true", help="Compare only.")

    def handle(self, *args: Any, names: list[str], check: bool, **options: Any) -> None:
        try:
            wanted = rebuild.chosen(names)
        except KeyError as error:
            known = ", ".join(projection.name() for projection in projections())
            raise CommandError(f"there is no projection {error.args[0]}; there are {known}") from error
        streams = rebuild.streams()
        found: dict[str, list[rebuild.Difference]] = {projection.name(): [] for projection in wanted}
        with self._progress() as progress:
            task = progress.add_task("Comparing" if check else "Rebuilding", total=len(streams))
            for stream in streams:
                if check:
                    for difference in rebuild.differences(stream, wanted):
                        found[difference.projection].append(difference)
                else:
                    rebuild.rebuild(stream, wanted, actor=f"shell:{getpass.getuser()}")
                progress.advance(task)
        if check:
            self._report(found, len(streams))
        else:
            rebuild.note_versions(wanted)
            self.stdout.write(f"{len(wanted)} projections of {len(streams)} charge points rebuilt.")

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        return Progress(*columns, console=Console(stderr=True), transient=True)

    def _report(self, found: dict[str, list[rebuild.Difference]], streams: int) -> None:
        for name, differences in found.items():
            verdict = f"{len(differences)} rows differ" if differences else "equal"
            self.stdout.write(f"{name}: {verdict}")
            for difference in differences[:SHOWN]:
                self.stdout.write(f"    {difference}")
            if len(differences) > SHOWN:
                self.stdout.write(f"    and {len(differences) - SHOWN} more")
        total = sum(len(differences) for differences in found.values())
        if total:
            raise CommandError(
                f"{total} rows of {streams} charge points are not what the log says", returncode=1
            )
        self.stdout.write(f"Every row of {streams} charge points is what the log says.")
