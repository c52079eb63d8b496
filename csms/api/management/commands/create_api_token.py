"""Make a token for a program that uses the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from csms.api import tokens
from csms.api.scopes import Scope


class Command(BaseCommand):
    help = "Make an API token on behalf of a person, and print it. It is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("owner", help="User name of the person on whose behalf it acts.")
        parser.add_argument("name", help="What uses it, for example: billing.")
        parser.add_argument(
            "--scope",
            dest="scopes",
            action="append",
            choices=[*Scope],
            help="What it may do; may be given several times (default: read).",
        )
        parser.add_argument("--days", type=int, help="Days until it expires (default: it does not).")

    def handle(
        self, *args: Any, owner: str, name: str, scopes: list[str] | None, days: int | None, **options: Any
    ) -> None:
        model = get_user_model()
        person = model.objects.filter(**{model.USERNAME_FIELD: owner}).first()
        if person is None:
            raise CommandError(f"there is no user {owner!r}")
        if days is not None and days <= 0:
            raise CommandError(f"--days {days}: a positive number is needed")
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        wanted = [Scope(scope) for scope in scopes or [Scope.READ]]
        token, text = tokens.create(person, name=name, scopes=wanted, expires_at=expires_at)
        until = f"until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else "until it is deleted"
        self.stderr.write(f"{', '.join(token.scopes)} on behalf of {owner}, {until}; shown this once:")
        self.stdout.write(text)
