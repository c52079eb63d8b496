"""Making and verifying API tokens.

Like the keys of charge points they have entropy, so a keyed digest is enough and costs microseconds. The
key of the digest is derived from SECRET_KEY: a stolen database alone lets nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q

from csms.api.models import ApiToken
from csms.api.scopes import Scope

START = "pyrocpp_"
USE_NOTED_EVERY = timedelta(minutes=1)


def create(
    owner: User, *, name: str, scopes: Iterable[Scope], expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token and its text, which is not kept and cannot be had again."""
    prefix = START + secrets.token_hex(4)
    text = f"{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        owner=owner,
        name=name,
        prefix=prefix,
        digest=_digest(text),
        scopes=sorted(scopes),
        expires_at=expires_at,
    )
    return token, text


def verified(text: str, now: datetime) -> ApiToken | None:
    """The token with this text, if it may be used; with its owner loaded."""
    prefix = "_".join(text.split("_", 2)[:2])
    token = ApiToken.objects.select_related("owner").filter(prefix=prefix).first()
    if token is None or not hmac.compare_digest(_digest(text), token.digest):
        return None
    if not token.owner.is_active or (token.expires_at is not None and token.expires_at <= now):
        return None
    _note_use(token, now)
    return token


def _note_use(token: ApiToken, now: datetime) -> None:
    """At most once a minute, so that reading stays reading."""
    before = now - USE_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at < before:
        ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=before), pk=token.pk).update(
            last_used_at=now
        )


def _digest(text: str) -> str:
    return hmac.new(_key(), text.encode(), hashlib.sha256).hexdigest()


def _key() -> bytes:
    return hashlib.sha256(b"api tokens" + settings.SECRET_KEY.encode()).digest()
