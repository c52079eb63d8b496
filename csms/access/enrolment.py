"""Enrolling id tokens, changing and removing them. The API, the screens and the importers use it."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from csms.access.models import IdToken, IdTokenGroup
from csms.domain.authorization import folded
from csms.domain.errors import Reason, Refused
from csms.outbox.announce import announce


def enrol(id_token: str, *, parent: str = "", **fields: Any) -> IdToken:
    """A new id token. parent: its group's id token; the group is made when there is none.

    Raises Refused(ALREADY_EXISTS), and Django's ValidationError for what is not valid.
    """
    token = IdToken(id_token=id_token, folded=folded(id_token), **fields)
    token.clean_fields()
    try:
        with transaction.atomic():
            token.group = group_of(parent)
            token.save(force_insert=True)
    except IntegrityError as error:
        if not IdToken.objects.filter(folded=token.folded).exists():
            raise
        raise Refused(Reason.ALREADY_EXISTS, f"id token {id_token}", member="id_token") from error
    announce_change()
    return token


def change(token: IdToken, **fields: Any) -> None:
    """Raises Django's ValidationError for what is not valid."""
    with transaction.atomic():
        if "parent" in fields:
            token.group = group_of(fields.pop("parent"))
        for name, value in fields.items():
            setattr(token, name, value)
        token.clean_fields()
        token.save()
    announce_change()


def remove(token: IdToken) -> None:
    token.delete()
    announce_change()


def find(id_token: str) -> IdToken | None:
    """In whatever case it is written."""
    return IdToken.objects.select_related("group").filter(folded=folded(id_token)).first()


def group_of(parent: str) -> IdTokenGroup | None:
    if not parent:
        return None
    group = IdTokenGroup.objects.filter(parent=parent).first()
    if group is None:
        group = IdTokenGroup(parent=parent)
        group.clean_fields()
        group.save()
    return group


def announce_change() -> None:
    """All gateways shall forget what they know of id tokens, once it is committed."""
    transaction.on_commit(lambda: announce("reference.changed", stream=""))
