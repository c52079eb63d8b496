"""Ask what a file says of many charge points."""

from __future__ import annotations

import json
import sys
import time
from argparse import RawDescriptionHelpFormatter
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from rich.console import Console
from rich.progress import Progress

from csms.outbox import batches, models
from csms.outbox.management.commands.command import NOT_SETTLED, as_json, shell_actor
from csms.outbox.waiting import is_settled
from csms.outbox.wording import is_good, sentence
from csms.spreadsheet import SheetError

LOOK_EVERY_S = 0.2


class Command(BaseCommand):
    help = "Ask what a CSV or JSON file says: all of it, or nothing when a row has an error."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = batches.__doc__
        parser.add_argument("file", type=Path, help="CSV or JSON, see below.")
        parser.add_argument(
            "--wait", type=float, default=0, metavar="S", help="Seconds to wait for the answers."
        )
        parser.add_argument(
            "--json", action="store_true", help="Print a JSON object for each command, one a line."
        )

    def handle(self, *args: Any, file: Path, wait: float, **options: Any) -> None:
        try:
            asked = batches.request_from(file, actor=shell_actor())
        except SheetError as error:
            raise CommandError(f"{error}\nNothing was asked.") from error
        ids = [command.command_id for _, command in asked]
        rows = self._settled(ids, wait)
        for row in rows:
            said = json.dumps(as_json(row), cls=DjangoJSONEncoder) if options["json"] else f"{sentence(row)}."
            self.stdout.write(said)
        waiting = sum(not is_settled(row.state, row.effect, "answer") for row in rows)
        if not options["json"]:
            counted = ", ".join(f"{count} {state}" for state, count in Counter(r.state for r in rows).items())
            self.stdout.write(f"{len(rows)} commands: {counted or 'none'}.")
        if wait > 0 and waiting:
            sys.exit(NOT_SETTLED)
        if any(is_settled(row.state, row.effect, "answer") and not is_good(row) for row in rows):
            sys.exit(1)

    @staticmethod
    def _settled(ids: list[str], timeout_s: float) -> list[models.Command]:
        """The commands in the order of the file, when all are answered or the time is over."""
        deadline = time.monotonic() + timeout_s
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("answered", total=len(ids))
            while True:
                found = {row.command_id: row for row in models.Command.objects.filter(command_id__in=ids)}
                done = sum(is_settled(row.state, row.effect, "answer") for row in found.values())
                bar.update(task, completed=done)
                if done == len(ids) or time.monotonic() >= deadline:
                    return [found[command_id] for command_id in ids]
                time.sleep(LOOK_EVERY_S)
