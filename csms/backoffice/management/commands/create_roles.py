"""Make the roles viewer, operator, engineer and administrator."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from csms.backoffice import roles


class Command(BaseCommand):
    help = "Make the roles (groups) of the back office with their permissions; run it after migrate."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            roles.create()
        except LookupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"roles: {', '.join(roles.ROLES)}")
