"""Personal data on the screens: who may not see id tokens sees that there is one, in messages too."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from csms.dialects.personal import MASK, masked, members

__all__ = ["MASK", "PERMISSION", "masked", "may_see", "members"]

PERMISSION = "access.view_idtoken"


def may_see(user: AbstractBaseUser | AnonymousUser) -> bool:
    return user.has_perm(PERMISSION)  # type: ignore[union-attr]
