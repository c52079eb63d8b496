"""Keep the asynchronous projections up to date."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, close_old_connections

from csms.eventlog import projector

logger = logging.getLogger(__name__)

IDLE_S = 0.5
AWAY_S = 2.0


class Command(BaseCommand):
    help = "Fold new events into the asynchronous projections until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Catch up and end.")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        if once:
            total = sum(projector.catch_up(projection) for projection in projector.asynchronous())
            self.stdout.write(f"{total} events folded.")
            return
        self.stdout.write("the projector follows the log")
        while not stopping.is_set():
            try:
                moved = sum(projector.advance(projection) for projection in projector.asynchronous())
            except OperationalError as error:
                logger.warning("the database is away: %s", error)
                close_old_connections()
                stopping.wait(AWAY_S)
            else:
                if not moved:
                    stopping.wait(IDLE_S)
