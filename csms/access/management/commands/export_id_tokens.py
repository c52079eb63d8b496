"""Write all id tokens to a CSV file."""

from __future__ import annotations

import os
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress

from csms.access import interchange


class Command(BaseCommand):
    help = "Write all id tokens as CSV. They are personal data: a file is readable by its owner only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = interchange.__doc__
        parser.add_argument("file", type=Path, nargs="?", help="Where to; without it, to standard output.")

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        if file is None:
            interchange.export_to(self.stdout)  # type: ignore[arg-type]
            return
        draft = file.with_name(f".{file.name}.draft")
        try:
            opened = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            with (
                open(opened, "w", encoding="utf-8") as out,  # noqa: PTH123 - opened with its mode
                Progress(console=Console(stderr=True), transient=True) as bar,
            ):
                task = bar.add_task("id tokens", total=None)
                count = interchange.export_to(
                    out, lambda done, total: bar.update(task, completed=done, total=total)
                )
            draft.rename(file)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        self.stdout.write(f"{count} id tokens written to {file}")
