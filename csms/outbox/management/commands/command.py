"""Ask something of one charge point, and tell what comes of it."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from io import TextIOBase
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import model_to_dict
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from csms.domain import commands
from csms.domain.errors import Refused
from csms.outbox import models, request
from csms.outbox.waiting import is_settled, wait
from csms.outbox.wording import is_good, sentence

NOT_SETTLED = 3


class Command(BaseCommand):
    help = (
        "Ask something of a charge point, for example: command CP1 RemoteStart id_token=DEADBEEF evse=1. "
        "Ends with 0 when the charge point agreed, 1 when it did not or could not be asked, and 3 when "
        "nothing is known yet; the command then goes on by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("identity", nargs="?", help="The charge point.")
        parser.add_argument("kind", nargs="?", help="What is asked; see --list.")
        parser.add_argument("parameters", nargs="*", metavar="name=value", help="Items of lists: a,b,c.")
        parser.add_argument("--list", action="store_true", help="Show the kinds with their parameters.")
        parser.add_argument(
            "--as-given",
            action="store_true",
            help="Whatever is known of connectors, transactions and settings.",
        )
        add_options(parser)

    def handle(self, *args: Any, identity: str | None, kind: str | None, **options: Any) -> None:
        if options["list"]:
            Console(file=self.stdout).print(kinds())  # type: ignore[arg-type]
            return
        if identity is None or kind is None:
            raise CommandError("name a charge point and a kind, or use --list")

        def build() -> commands.Command:
            return commands.build_from_texts(kind, _named(options["parameters"]))

        tell(self.stdout, ask(identity, build, options), options)


def add_options(parser: CommandParser) -> None:
    """What every command that asks takes."""
    parser.add_argument("--wait", type=float, default=30, metavar="S", help="Seconds (default: %(default)s).")
    parser.add_argument(
        "--until",
        choices=["answer", "effect"],
        default="answer",
        help="What to wait for (default: answer).",
    )
    parser.add_argument("--reason", default="", help="Why; kept with the command.")
    parser.add_argument("--expires-in", type=float, metavar="S", help="Seconds in which it may be sent.")
    parser.add_argument("--json", action="store_true", help="Print the command as JSON.")


def ask(identity: str, build: Callable[[], commands.Command], options: dict[str, Any]) -> models.Command:
    expires_in = options["expires_in"]
    try:
        expires_at = None if expires_in is None else timezone.now() + timedelta(seconds=expires_in)
        asked = request.request(
            identity,
            build(),
            actor=shell_actor(),
            reason=options["reason"],
            expires_at=expires_at,
            as_given=options.get("as_given", False),
        )
    except Refused as refused:
        raise CommandError(str(refused)) from refused
    except OverflowError as error:
        raise CommandError(f"--expires-in {expires_in}: too long") from error
    return models.Command.objects.get(charge_point=identity, command_id=asked.command_id)


def tell(out: TextIOBase, row: models.Command, options: dict[str, Any]) -> None:
    """Wait for it, say what became of it, and end with the exit code that says so, too."""
    if options["wait"] > 0:
        wait(row.command_id, until=options["until"], timeout_s=options["wait"])
        row.refresh_from_db()
    if options["json"]:
        out.write(json.dumps(as_json(row), cls=DjangoJSONEncoder, indent=2))
    else:
        out.write(f"{sentence(row)}.")
        if row.response:
            out.write(f"Answer: {json.dumps(row.response)}")
        out.write(f"Command {row.command_id}")
    if not is_settled(row.state, row.effect, options["until"]):
        sys.exit(NOT_SETTLED if options["wait"] > 0 else 0)
    if not is_good(row):
        sys.exit(1)


def shell_actor() -> str:
    """Who sits at the shell, as the log names them."""
    return f"{getpass.getuser()} (shell)"


def as_json(row: models.Command) -> dict[str, Any]:
    return model_to_dict(row, exclude=["id"])


def kinds() -> Table:
    table = Table("Kind", "Parameters", "What it does", box=None, header_style="bold", pad_edge=False)
    for name, kind in commands.KINDS.items():
        parameters = []
        for declared in commands.parameters_of(kind):
            default = (
                "" if declared.required or declared.default in (None, "", ()) else f" = {declared.default}"
            )
            choices = f" ({', '.join(declared.choices)})" if declared.choices else ""
            optional = "" if declared.required else "[optional] ".replace("[", r"\[")
            text = f"{optional}{declared.help}{choices}"
            parameters.append(f"[bold]{declared.name}[/]: {declared.type}{default}. {text}")
        table.add_row(name, "\n".join(parameters), (kind.__doc__ or "").strip())
    return table


def _named(parameters: list[str]) -> dict[str, str]:
    named = {}
    for text in parameters:
        name, equals, value = text.partition("=")
        if not equals:
            raise CommandError(f"{text!r}: write name=value")
        if name in named:
            raise CommandError(f"{name} is given twice")
        named[name] = value
    return named
