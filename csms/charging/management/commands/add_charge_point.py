"""Register a charge point."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from csms.charging import registration
from csms.charging.models import ChargePoint, Site
from csms.domain.errors import Refused


class Command(BaseCommand):
    help = "Register a charge point, or accept one that waits in the lobby."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("identity", help="Last element of its URL, decoded.")
        parser.add_argument("--name", default="", help="What people call it.")
        parser.add_argument("--site", help="Name of the site where it stands.")
        parser.add_argument(
            "--security-profile",
            type=int,
            choices=ChargePoint.SecurityProfile.values,
            help="0 open, 1 password, 2 TLS and password, 3 TLS and certificate "
            "(default: 1 with a password, else 0).",
        )
        parser.add_argument(
            "--password-generate", action="store_true", help="Make a password; printed this once."
        )

    def handle(
        self,
        *args: Any,
        identity: str,
        name: str,
        site: str | None,
        security_profile: int | None,
        password_generate: bool,
        **options: Any,
    ) -> None:
        place = None if site is None else Site.objects.filter(name=site).first()
        if site is not None and place is None:
            raise CommandError(f"there is no site {site!r}; there are: {_names()}")
        if security_profile is None:
            security_profile = 1 if password_generate else 0
        try:
            charge_point = registration.register(
                identity, name=name, site=place, security_profile=security_profile
            )
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(f"{identity} is registered, security profile {security_profile}.")
        if password_generate:
            self.stdout.write(f"Its password, shown this once: {registration.set_password(charge_point)}")


def _names() -> str:
    return ", ".join(Site.objects.values_list("name", flat=True)) or "none"
