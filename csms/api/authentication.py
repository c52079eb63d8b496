"""Who calls, and may they? A token (`Authorization: Bearer ...`), or the session of signed-in staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from ninja.security.apikey import APIKeyCookie
from ninja.security.http import HttpBearer
from ninja.utils import check_csrf

from csms.api import tokens
from csms.api.errors import Problem
from csms.api.scopes import Scope

# What a member of staff may do without being an administrator: Django's permission for each scope.
PERMISSIONS = {
    Scope.PERSONAL: "access.view_idtoken",
    Scope.COMMAND: "backoffice.send_commands",
    Scope.ADMIN: "charging.change_chargepoint",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """actor: how it is named in the log."""

    actor: str
    scopes: frozenset[Scope]

    @property
    def sees_persons(self) -> bool:
        return Scope.PERSONAL in self.scopes

    def must_see_persons(self, member: str) -> None:
        """Raises a 403: `member` would tell what is masked otherwise."""
        if not self.sees_persons:
            raise Problem(403, "missing_scope", "This caller may not do that.", f"{member} needs: personal")


def requires(*scopes: Scope) -> list[Any]:
    """`auth=` of an operation: who calls it needs all of these scopes."""
    return [Token(*scopes), Session(*scopes)]


def caller(request: HttpRequest) -> Caller:
    """Who was let in."""
    found: Caller = request.auth  # type: ignore[attr-defined]
    return found


def _let_in(found: Caller, needed: tuple[Scope, ...]) -> Caller:
    missing = [scope.value for scope in needed if scope not in found.scopes]
    if missing:
        raise Problem(403, "missing_scope", "This caller may not do that.", f"needs: {', '.join(missing)}")
    return found


class Token(HttpBearer):
    """A token that is wrong is refused at once, whatever session comes with it."""

    def __init__(self, *scopes: Scope) -> None:
        super().__init__()
        self.scopes = scopes

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        found = tokens.verified(token, timezone.now())
        if found is None:
            raise Problem(
                401, "unauthenticated", "Who calls is not known.", "the token is unknown, expired or revoked"
            )
        name = f"{found.owner.get_username()[:120]} ({found.prefix})"
        return _let_in(
            Caller(name, frozenset(Scope(s) for s in found.scopes if s in set(Scope))), self.scopes
        )


class Session(APIKeyCookie):
    """A signed-in member of staff; methods that change something need the CSRF token."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self, *scopes: Scope) -> None:
        super().__init__()
        self.scopes = scopes

    def __call__(self, request: HttpRequest) -> Caller | None:
        user = request.user
        if not user.is_authenticated or not user.is_active or not user.is_staff:
            return None
        if check_csrf(request) is not None:
            raise Problem(403, "csrf", "The CSRF token is missing or wrong.", "header X-CSRFToken")
        return _let_in(Caller(user.get_username(), scopes_of(user)), self.scopes)

    def authenticate(self, request: HttpRequest, key: str | None) -> None:
        raise NotImplementedError  # __call__ does it


def scopes_of(user: AbstractBaseUser | AnonymousUser) -> frozenset[Scope]:
    allowed = {scope for scope, name in PERMISSIONS.items() if user.has_perm(name)}  # type: ignore[union-attr]
    return frozenset({Scope.READ, *allowed})
