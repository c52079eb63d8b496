"""Charge points: on which terms they are served, and what they do now."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Status

from csms.api.authentication import caller, requires
from csms.api.connectors import ConnectorOut, connector_out
from csms.api.errors import invalid, not_found
from csms.api.paging import Page, PageQuery, page
from csms.api.schema import Body, Schema
from csms.api.scopes import Scope
from csms.api.transactions import TransactionOut, transaction_out
from csms.charging import queries, registration
from csms.charging.models import ChargePoint, ChargePointState, Site

router = Router(tags=["charge points"])

RegistrationStatus = Literal["Accepted", "Pending", "Rejected"]


class SiteRef(Schema):
    id: int
    name: str


class LiveOut(Schema):
    """What the charge point said of itself, and its connection."""

    online: bool
    connected_at: datetime | None
    disconnected_at: datetime | None
    booted_at: datetime | None
    registration: str = Field(description="What it was told at its last boot.")
    gateway: str
    remote_address: str
    subprotocol: str
    vendor: str
    model: str
    serial_number: str
    firmware_version: str
    firmware_status: str
    log_status: str
    iccid: str
    imsi: str
    meter_type: str
    meter_serial_number: str


class ChargePointOut(Schema):
    identity: str
    name: str
    site: SiteRef | None
    registration: RegistrationStatus
    security_profile: int
    has_password: bool
    no_automation: bool
    note: str
    created_at: datetime
    archived_at: datetime | None
    live: LiveOut | None = Field(description="null: it never connected.")
    connectors: list[ConnectorOut]
    running_transactions: list[TransactionOut]


class StrangerOut(Schema):
    identity: str
    live: LiveOut
    connectors: list[ConnectorOut]


class Terms(Body):
    name: str = Field("", max_length=100)
    site_id: int | None = None
    registration: RegistrationStatus = "Accepted"
    security_profile: int = Field(0, ge=0, le=3)
    no_automation: bool = False
    note: str = Field("", max_length=10_000)


class ChargePointIn(Terms):
    identity: str = Field(max_length=255)


class ChargePointPatch(Terms):
    """Only what is given is changed. archived: out of service for good; its history stays."""

    archived: bool = False


class PasswordIn(Body):
    """password: without it, a new one is made."""

    password: str = Field("", max_length=40)


class PasswordOut(Schema):
    """Shown this once; only a digest is kept."""

    identity: str
    password: str


class ChargePointQuery(PageQuery):
    online: bool | None = None
    site: int | None = None
    registration: RegistrationStatus | None = None
    archived: bool = False
    vendor: str = ""
    model: str = ""
    firmware_version: str = ""
    search: str = Field("", description="Part of the identity or of the name.")


@router.get("", response=Page[ChargePointOut], auth=requires(Scope.READ), summary="List charge points")
def charge_points(request: HttpRequest, query: Query[ChargePointQuery]):
    found = ChargePoint.objects.select_related("site").filter(archived_at__isnull=not query.archived)
    if query.online is not None:
        found = found.filter(queries.connected() if query.online else ~queries.connected())
    if query.site is not None:
        found = found.filter(site_id=query.site)
    if query.registration is not None:
        found = found.filter(registration=query.registration)
    if said := {n: v for n in ("vendor", "model", "firmware_version") if (v := getattr(query, n))}:
        found = found.filter(
            Exists(ChargePointState.objects.filter(charge_point=OuterRef("identity"), **said))
        )
    if query.search:
        found = found.filter(Q(identity__icontains=query.search) | Q(name__icontains=query.search))
    rows, after = page(found, ("identity",), query)
    live = queries.live_of(row.identity for row in rows)
    sees = caller(request).sees_persons
    return Page[ChargePointOut](
        items=[charge_point_out(row, live[row.identity], sees) for row in rows], next=after
    )


@router.post(
    "", response={201: ChargePointOut}, auth=requires(Scope.ADMIN), summary="Register a charge point"
)
def register(request: HttpRequest, body: ChargePointIn, response: HttpResponse):
    """Also accepts one that waits in the lobby: it is served on these terms from its next boot on."""
    terms = body.dict(exclude={"identity"})
    _check_site(terms)
    charge_point = registration.register(body.identity, **terms)
    return Status(201, _out(request, charge_point))


@router.get("/{path:identity}/password", include_in_schema=False, auth=requires(Scope.ADMIN))
def no_password(request: HttpRequest, identity: str):
    raise not_found("a password cannot be read: POST makes a new one")


@router.post(
    "/{path:identity}/password", response=PasswordOut, auth=requires(Scope.ADMIN), summary="Set a password"
)
def set_password(request: HttpRequest, identity: str, response: HttpResponse, body: PasswordIn | None = None):
    """It is shown once. The charge point needs it from its next connection on, from security profile 1 on."""
    charge_point = existing(identity)
    response["Cache-Control"] = "no-store"
    password = registration.set_password(charge_point, body.password if body else "")
    return PasswordOut(identity=identity, password=password)


def charge_point_out(row: ChargePoint, live: queries.Live, sees_persons: bool) -> ChargePointOut:
    return ChargePointOut(
        identity=row.identity,
        name=row.name,
        site=SiteRef(id=row.site.pk, name=row.site.name) if row.site else None,
        registration=cast(RegistrationStatus, row.registration),
        security_profile=row.security_profile,
        has_password=bool(row.password_digest),
        no_automation=row.no_automation,
        note=row.note,
        created_at=row.created_at,
        archived_at=row.archived_at,
        live=None if live.state is None else live_out(live.state),
        connectors=[connector_out(status) for status in live.connectors],
        running_transactions=[transaction_out(running, sees_persons) for running in live.running],
    )


def live_out(state: ChargePointState) -> LiveOut:
    members = {name: getattr(state, name) for name in LiveOut.model_fields if name != "online"}
    return LiveOut(online=state.connection is not None, **members)


def existing(identity: str) -> ChargePoint:
    """The charge point, archived or not. Raises a 404."""
    found = ChargePoint.objects.select_related("site").filter(identity=identity).first()
    if found is None:
        raise not_found(f"charge point {identity}")
    return found


def _out(request: HttpRequest, charge_point: ChargePoint) -> ChargePointOut:
    live = queries.live_of([charge_point.identity])[charge_point.identity]
    return charge_point_out(charge_point, live, caller(request).sees_persons)


def _check_site(terms: dict[str, Any]) -> None:
    site = terms.get("site_id")
    if site is not None and not (0 < site < 2**63 and Site.objects.filter(pk=site).exists()):
        raise invalid("site_id", f"there is no site {site}")


# Last, because an identity may hold slashes: what ends otherwise was caught above.
def add_single(single: Router) -> None:
    """The routes of one charge point itself."""

    @single.get(
        "/{path:identity}", response=ChargePointOut, auth=requires(Scope.READ), summary="Get a charge point"
    )
    def charge_point(request: HttpRequest, identity: str):
        return _out(request, existing(identity))

    @single.patch(
        "/{path:identity}",
        response=ChargePointOut,
        auth=requires(Scope.ADMIN),
        summary="Change a charge point's terms",
    )
    def change(request: HttpRequest, identity: str, body: ChargePointPatch):
        found = existing(identity)
        terms = body.dict(exclude_unset=True)
        _check_site(terms)
        if "archived" in terms:
            archived = terms.pop("archived")
            terms["archived_at"] = (found.archived_at or timezone.now()) if archived else None
        registration.change(found, **terms)
        found = existing(identity)
        return _out(request, found)
