"""Registering charge points, and the terms on which they are served: for the API, screens and shell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from csms.charging import passwords
from csms.charging.models import ChargePoint
from csms.domain.errors import Reason, Refused
from csms.outbox.announce import announce

MAX_IDENTITY = 255
MIN_PASSWORD, MAX_PASSWORD = 16, 40  # 1.6 security extension: AuthorizationKey


def register(identity: str, **terms: Any) -> ChargePoint:
    """Make a charge point known; one that waits in the lobby is served from now on.

    terms: fields of ChargePoint. Raises Refused(ALREADY_EXISTS, INVALID_PARAMETERS) and Django's
    ValidationError for its other fields.
    """
    check_identity(identity)
    charge_point = ChargePoint(identity=identity, **terms)
    charge_point.full_clean(validate_unique=False)
    try:
        with transaction.atomic():
            charge_point.save(force_insert=True)
    except IntegrityError as error:
        if not ChargePoint.objects.filter(identity=identity).exists():
            raise
        raise Refused(Reason.ALREADY_EXISTS, f"charge point {identity}", member="identity") from error
    announce_change(identity)
    return charge_point


def change(charge_point: ChargePoint, **terms: Any) -> None:
    """Serve it on other terms; a connected one notices at once. Raises as `register` does."""
    for name, value in terms.items():
        setattr(charge_point, name, value)
    charge_point.full_clean(validate_unique=False)
    needs_password = charge_point.security_profile in (
        ChargePoint.SecurityProfile.BASIC,
        ChargePoint.SecurityProfile.TLS_BASIC,
    )
    if needs_password and not charge_point.password_digest:
        raise Refused(
            Reason.PASSWORD_NEEDED,
            f"security_profile: {charge_point.security_profile}",
            member="security_profile",
        )
    charge_point.save(update_fields=list(terms))
    announce_change(charge_point.identity)


def archive(charge_point: ChargePoint, now: datetime) -> None:
    """Out of service for good: refused like an unknown one. Its history stays."""
    change(charge_point, archived_at=charge_point.archived_at or now)


def set_password(charge_point: ChargePoint, password: str = "") -> str:
    """Give it this password, or a new one; returns it, because only a digest is kept."""
    if password and not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Refused(
            Reason.INVALID_PARAMETERS,
            f"password: {len(password)} characters, not {MIN_PASSWORD} to {MAX_PASSWORD}",
            member="password",
        )
    password = password or passwords.generate()
    charge_point.password_digest = passwords.digest(password.encode())
    charge_point.save(update_fields=["password_digest"])
    announce_change(charge_point.identity)
    return password


def check_identity(identity: str) -> None:
    """Only what the gateway would let in. Raises Refused."""
    if not identity.strip() or not identity.isprintable() or len(identity) > MAX_IDENTITY:
        raise Refused(
            Reason.INVALID_PARAMETERS,
            f"identity: {identity[:MAX_IDENTITY]!r} is empty, too long or not printable",
            member="identity",
        )


def announce_change(identity: str = "") -> None:
    """Reference data was changed: all gateways shall look again, once it is committed."""
    transaction.on_commit(lambda: announce("reference.changed", stream=identity))
