"""Passwords of charge points: machine keys, kept as keyed digests.

They have entropy, so a slow hash would buy nothing, and would turn a reconnection storm into minutes of
outage. The key of the digest is derived from SECRET_KEY: a stolen database alone verifies nothing.
1.6 writes AuthorizationKey in hex and sends its bytes, but many charge points send the hex text: both
forms, in either case, are the same password.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from django.conf import settings

_SCHEME = "hmac-sha256"


def digest(password: bytes) -> str:
    """What to store for a password."""
    salt = secrets.token_hex(8)
    return f"{_SCHEME}${salt}${_keyed(salt, password)}"


def verify(password: bytes, stored: str) -> bool:
    """Is it the password that `stored` was made of? Takes microseconds, and the same time either way."""
    scheme, _, rest = stored.partition("$")
    salt, _, expected = rest.partition("$")
    if scheme != _SCHEME:
        return False
    return hmac.compare_digest(_keyed(salt, password), expected)


def generate() -> str:
    """A new AuthorizationKey: 20 random bytes in hex."""
    return secrets.token_hex(20)


def _keyed(salt: str, password: bytes) -> str:
    return hmac.new(_key(), salt.encode() + b"$" + _canonical(password), hashlib.sha256).hexdigest()


def _key() -> bytes:
    return hashlib.sha256(b"charge point passwords" + settings.SECRET_KEY.encode()).digest()


def _canonical(password: bytes) -> bytes:
    """The raw bytes of a hex key, whichever way it was sent; anything else as it is."""
    if 32 <= len(password) <= 40 and len(password) % 2 == 0:
        try:
            return bytes.fromhex(password.decode("ascii"))
        except (UnicodeDecodeError, ValueError):
            return password
    return password
