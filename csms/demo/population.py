"""Who and what is in the demonstration. What exists already is left as people made it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from csms.access.models import IdToken, IdTokenGroup
from csms.api import tokens
from csms.api.scopes import Scope
from csms.backoffice import roles
from csms.charging import passwords
from csms.charging.models import ChargePoint, Site

PERSON = "demo"
SITE = "Harbour Street"
STRANGER = "STRANGER-99"


@dataclass(frozen=True, kw_only=True)
class Character:
    """One simulated charge point. model: of the simulator; tokens: what its visitors carry."""

    identity: str
    name: str
    model: str
    tokens: tuple[str, ...]
    has_password: bool = False
    note: str = ""


CHARACTERS = (
    Character(
        identity="WALL-01",
        name="Staff wall box",
        model="ac11",
        tokens=("04A1B2C3D4E5F6",),
        note="One cable of 11 kW, no password: security profile 0.",
    ),
    Character(
        identity="POST-02",
        name="Visitors' post",
        model="ac22",
        tokens=("04B7C8D9E0F1A2", "04C3D4E5F6A7B8", "04EXPIRED00001"),
        has_password=True,
        note="Two sockets of 22 kW, with a password: security profile 1.",
    ),
    Character(
        identity="FAST-03",
        name="Fast charger",
        model="dc50",
        tokens=("FLEET-0101", "FLEET-0102"),
        has_password=True,
        note="50 kW, reports the state of charge.",
    ),
    Character(
        identity="HYPER-04",
        name="Hyper charger",
        model="dc150",
        tokens=("FLEET-0103", "FLEET-0104"),
        note="Two cables of 150 kW.",
    ),
    Character(
        identity="OLD-05",
        name="The old one",
        model="grumpy",
        tokens=("04D5E6F7A8B9C0", "04E1F2A3B4C5D6", "04B10CKED00001"),
        note="Speaks in kWh, repeats itself and forgets timestamps, like many in the field.",
    ),
)

FLEET_PARENT = "FLEET"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What is shown once."""

    password: str
    api_token: str


def person() -> Keys | None:
    """Make the roles, and on the first start the account to log in with; None on later ones."""
    roles.create()
    people = get_user_model().objects
    if people.filter(username=PERSON).exists():
        return None
    password = secrets.token_urlsafe(12)
    owner = people.create_superuser(username=PERSON, password=password)
    _, api_token = tokens.create(owner, name="demo", scopes=Scope)
    return Keys(password=password, api_token=api_token)


def populate(extra: int) -> dict[str, str]:
    """Make the site, the charge points and the id tokens; `extra` is how many plain charge points more.

    Returns the password of each charge point that has one. They are new each time: only their digests
    are stored, and the simulated charge points are told at their start.
    """
    site, _ = Site.objects.get_or_create(
        name=SITE, defaults={"time_zone": "Europe/Berlin", "address": "Harbour Street 1"}
    )
    _id_tokens()
    given: dict[str, str] = {}
    for character in CHARACTERS:
        charge_point, _ = ChargePoint.objects.get_or_create(
            identity=character.identity,
            defaults={"name": character.name, "site": site, "note": character.note},
        )
        if character.has_password:
            given[character.identity] = passwords.generate()
            charge_point.password_digest = passwords.digest(given[character.identity].encode())
            charge_point.security_profile = ChargePoint.SecurityProfile.BASIC
            charge_point.save(update_fields=["password_digest", "security_profile"])
    for identity in more(extra):
        ChargePoint.objects.get_or_create(identity=identity, defaults={"site": site})
    return given


def more(count: int) -> list[str]:
    """Identities of the plain charge points, as the simulator names a fleet of them."""
    return ["MORE"] if count == 1 else [f"MORE-{number:04d}" for number in range(1, count + 1)]


def _id_tokens() -> None:
    fleet, _ = IdTokenGroup.objects.get_or_create(parent=FLEET_PARENT, defaults={"name": "Delivery fleet"})
    now = timezone.now()
    known: dict[str, dict[str, Any]] = {
        "04A1B2C3D4E5F6": {"holder": "Ada"},
        "04B7C8D9E0F1A2": {"holder": "Grace"},
        "04C3D4E5F6A7B8": {"holder": "Linus", "expires_at": now + timedelta(days=365)},
        "04D5E6F7A8B9C0": {"holder": "Barbara"},
        "04E1F2A3B4C5D6": {"holder": "Edsger"},
        "04B10CKED00001": {"holder": "Mallory", "blocked": True, "note": "Reported lost."},
        "04EXPIRED00001": {"holder": "Rip", "expires_at": now - timedelta(days=30)},
    }
    for number in range(1, 5):
        known[f"FLEET-010{number}"] = {"holder": f"Van {number}", "group": fleet, "max_transactions": None}
    for id_token, fields in known.items():
        IdToken.objects.get_or_create(folded=id_token.casefold(), defaults={"id_token": id_token, **fields})
