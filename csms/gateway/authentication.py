"""Who connects? The identity from the URL, and its credentials."""

from __future__ import annotations

import base64
import binascii
import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from csms.charging import passwords
from csms.gateway.backends import DatabaseAway
from csms.gateway.lookups import ChargePointRecord

if TYPE_CHECKING:
    from csms.gateway.runtime import Gateway

logger = logging.getLogger(__name__)

PREFIX = b"/ocpp/"
MAX_IDENTITY = 255
CERTIFICATE = 3  # security profile
FAILURES_BEFORE_THROTTLE = 10
THROTTLE_S = 30.0
MAX_THROTTLED = 10_000


class Refusal(Exception):
    """The handshake ends with this HTTP status."""

    def __init__(self, status: int, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.headers = headers


def identity_of(scope: dict[str, Any]) -> str:
    """The charge point's identity: the one path element after /ocpp/, decoded once.

    An encoded slash is part of the identity, a plain one is not. Raises Refusal(404).
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    if not raw.startswith(PREFIX):
        raise Refusal(404, "no such path")
    element = raw[len(PREFIX) :].removesuffix(b"/")
    if b"/" in element or element in (b"", b".", b".."):
        raise Refusal(404, "no such path")
    try:
        identity = unquote_to_bytes(element).decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(404, "the identity is not UTF-8") from None
    if len(identity) > MAX_IDENTITY or not identity.isprintable() or not identity.strip():
        raise Refusal(404, "the identity is too long or not printable")
    return identity


async def authenticated(
    gateway: Gateway, identity: str, address: str, scope: dict[str, Any]
) -> ChargePointRecord:
    """The record of the charge point that connects. Raises Refusal."""
    try:
        record = await gateway.lookups.charge_point(identity)
    except DatabaseAway as away:
        raise Refusal(503, "the database is away") from away
    if record is None:
        raise Refusal(404, "unknown charge point")
    if record.security_profile == 0:
        return record
    if record.security_profile == CERTIFICATE:
        raise Refusal(403, "client certificates are not offered yet")
    challenge = (b"www-authenticate", b'Basic realm="OCPP", charset="UTF-8"')
    if THROTTLE.is_throttled(identity, address):
        raise Refusal(429, "too many failed attempts", (b"retry-after", str(int(THROTTLE_S)).encode()))
    credentials = basic_credentials(scope)
    if credentials is None:
        raise Refusal(401, "credentials are needed", challenge)
    # The user is usually the identity, but not always; the secret belongs to the identity in the URL.
    _, password = credentials
    if not passwords.verify(password, record.password_digest):
        THROTTLE.failed(identity, address)
        raise Refusal(401, "wrong credentials", challenge)
    THROTTLE.succeeded(identity, address)
    return record


def basic_credentials(scope: dict[str, Any]) -> tuple[str, bytes] | None:
    """User and raw password of an HTTP Basic header; None when there is none that can be read.

    The password may be any bytes (1.6 sends the key raw), and the first colon divides, also when the
    identity is percent-encoded in the URL.
    """
    for name, value in scope["headers"]:
        if name.lower() == b"authorization":
            scheme, _, encoded = value.partition(b" ")
            if scheme.lower() != b"basic":
                return None
            try:
                user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
                return (user.decode("utf-8"), password) if colon else None
            except (binascii.Error, UnicodeDecodeError):
                return None
    return None


class Throttle:
    """Slows down guessing. Only failures count, by identity and address: a storm of good ones passes."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}

    def is_throttled(self, identity: str, address: str) -> bool:
        count, until = self._failures.get((identity, address), (0, 0.0))
        return count >= FAILURES_BEFORE_THROTTLE and time.monotonic() < until

    def failed(self, identity: str, address: str) -> None:
        if len(self._failures) >= MAX_THROTTLED:
            self._failures.clear()
        count, until = self._failures.get((identity, address), (0, 0.0))
        now = time.monotonic()
        self._failures[identity, address] = (count + 1 if now < until else 1, now + THROTTLE_S)

    def succeeded(self, identity: str, address: str) -> None:
        self._failures.pop((identity, address), None)


THROTTLE = Throttle()
