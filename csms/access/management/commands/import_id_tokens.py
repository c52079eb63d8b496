"""Enrol or change id tokens from a CSV file."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress

from csms.access import interchange
from csms.spreadsheet import SheetError


class Command(BaseCommand):
    help = "Enrol or change the id tokens of a CSV file: all of them, or none when a row has an error."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = interchange.__doc__
        parser.add_argument("file", type=Path, help="CSV in UTF-8, see below.")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("id tokens", total=None)
            try:
                imported = interchange.import_from(
                    file, lambda done, total: bar.update(task, completed=done, total=total)
                )
            except SheetError as error:
                raise CommandError(f"{error}\nNothing was imported.") from error
        self.stdout.write(
            f"{imported.new} id tokens are new, {imported.changed} were there and follow the file."
        )
