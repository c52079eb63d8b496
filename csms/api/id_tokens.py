"""Id tokens: who may charge. All of it is personal data."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Query, Router, Status

from csms.access import enrolment
from csms.access.models import IdToken
from csms.api.authentication import requires
from csms.api.errors import not_found
from csms.api.paging import Page, PageQuery, page
from csms.api.schema import Body, Moment, Schema
from csms.api.scopes import Scope

router = Router(tags=["id tokens"])

MAX_TRANSACTIONS = 32767


class IdTokenOut(Schema):
    """parent: the id token of its group, "" without one. max_transactions null: any number at once."""

    id_token: str
    holder: str
    parent: str
    blocked: bool
    expires_at: datetime | None
    max_transactions: int | None
    note: str
    created_at: datetime


class Terms(Body):
    holder: str = Field("", max_length=100)
    parent: str = Field("", max_length=20, description="The group is made when there is none with it.")
    blocked: bool = False
    expires_at: Moment | None = None
    max_transactions: int | None = Field(1, ge=0, le=MAX_TRANSACTIONS)
    note: str = Field("", max_length=10_000)


class IdTokenIn(Terms):
    id_token: str = Field(min_length=1, max_length=20)


class IdTokenPatch(Terms):
    """Only what is given is changed."""


class IdTokenQuery(PageQuery):
    parent: str = ""
    blocked: bool | None = None
    expires_before: Moment | None = None
    search: str = Field("", description="Part of the id token or of its holder.")


@router.get("", response=Page[IdTokenOut], auth=requires(Scope.PERSONAL), summary="List id tokens")
def id_tokens(request: HttpRequest, query: Query[IdTokenQuery]):
    found = IdToken.objects.select_related("group")
    if query.parent:
        found = found.filter(group__parent=query.parent)
    if query.blocked is not None:
        found = found.filter(blocked=query.blocked)
    if query.expires_before is not None:
        found = found.filter(expires_at__lt=query.expires_before)
    if query.search:
        found = found.filter(id_token__icontains=query.search) | found.filter(holder__icontains=query.search)
    rows, after = page(found, ("folded",), query)
    return Page[IdTokenOut](items=[_out(row) for row in rows], next=after)


@router.post(
    "", response={201: IdTokenOut}, auth=requires(Scope.PERSONAL, Scope.ADMIN), summary="Enrol an id token"
)
def enrol(request: HttpRequest, body: IdTokenIn):
    return Status(201, _out(enrolment.enrol(**body.dict())))


@router.get("/{path:id_token}", response=IdTokenOut, auth=requires(Scope.PERSONAL), summary="Get an id token")
def id_token(request: HttpRequest, id_token: str):
    """In whatever case it is written."""
    return _out(_existing(id_token))


@router.patch(
    "/{path:id_token}",
    response=IdTokenOut,
    auth=requires(Scope.PERSONAL, Scope.ADMIN),
    summary="Change an id token",
)
def change(request: HttpRequest, id_token: str, body: IdTokenPatch):
    token = _existing(id_token)
    enrolment.change(token, **body.dict(exclude_unset=True))
    return _out(token)


@router.delete(
    "/{path:id_token}",
    response={204: None},
    auth=requires(Scope.PERSONAL, Scope.ADMIN),
    summary="Remove an id token",
)
def remove(request: HttpRequest, id_token: str):
    """What it charged stays. To keep it from charging but in the list, block it."""
    enrolment.remove(_existing(id_token))
    return Status(204, None)


def _existing(id_token: str) -> IdToken:
    found = enrolment.find(id_token)
    if found is None:
        raise not_found(f"id token {id_token}")
    return found


def _out(token: IdToken) -> IdTokenOut:
    same = {name: getattr(token, name) for name in IdTokenOut.model_fields if name != "parent"}
    return IdTokenOut(parent=token.group.parent if token.group else "", **same)
