"""Personal data on the screens: who may not see id tokens sees that there is one, in messages too."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from csms.dialects import DIALECTS
from ocpp_core.payload import personal_fields

PERMISSION = "access.view_idtoken"
MASK = "•••"
# What our own events call it.
OWN_MEMBERS = frozenset({"id_token", "stop_id_token"})


def may_see(user: AbstractBaseUser | AnonymousUser) -> bool:
    return user.has_perm(PERMISSION)  # type: ignore[union-attr]


@cache
def members() -> frozenset[str]:
    """Names of the members that hold personal data, in the messages of any version and in our own events."""
    found = set(OWN_MEMBERS)
    for dialect in DIALECTS.values():
        for action in dialect.catalogue.values():
            for payload in (action.Request, action.Response):
                found.update(path.rpartition(".")[2] for path in personal_fields(payload))
    return frozenset(found)


def masked(value: Any) -> Any:
    """The same JSON with the personal members masked."""
    if isinstance(value, dict):
        return {
            name: MASK if name in members() and member not in (None, "") else masked(member)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value
