"""Send a call with any name and payload to one charge point, and tell what it answers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from csms.domain.commands import raw_call
from csms.outbox.management.commands.command import add_options, ask, tell
from csms.outbox.request import RAW_CALL_EXPIRES_AFTER_S


class Command(BaseCommand):
    help = (
        'Send a call as it is, for example: call CP1 Reset \'{"type": "Soft"}\'. Nobody judges it but the '
        f"charge point; it waits {RAW_CALL_EXPIRES_AFTER_S:g} seconds for one that is not connected. Ends "
        "as the command named command does."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("identity", help="The charge point.")
        parser.add_argument("action", help="The name of the call.")
        parser.add_argument("payload", nargs="?", default="{}", help="JSON (default: %(default)s).")
        add_options(parser)

    def handle(self, *args: Any, identity: str, action: str, payload: str, **options: Any) -> None:
        tell(self.stdout, ask(identity, lambda: raw_call(action, payload), options), options)
