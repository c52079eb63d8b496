"""Connectors, with the latest status of each. EVSE 0 is the charge point itself."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Query, Router

from csms.api.authentication import requires
from csms.api.paging import Page, PageQuery, page
from csms.api.schema import Schema
from csms.api.scopes import Scope
from csms.charging.models import ConnectorStatus

router = Router(tags=["connectors"])


class ConnectorOut(Schema):
    """happened_at is the charge point's time, recorded_at ours; position: the event that says so."""

    charge_point: str
    evse: int
    connector: int
    status: str
    error_code: str
    info: str
    vendor_id: str
    vendor_error_code: str
    happened_at: datetime
    recorded_at: datetime
    position: int


class ConnectorQuery(PageQuery):
    charge_point: str = ""
    evse: int | None = None
    status: str = ""
    error_code: str = ""


@router.get("", response=Page[ConnectorOut], auth=requires(Scope.READ), summary="List connectors")
def connectors(request: HttpRequest, query: Query[ConnectorQuery]):
    wanted = query.dict(include={"charge_point", "evse", "status", "error_code"})
    found = ConnectorStatus.objects.filter(**{n: v for n, v in wanted.items() if v not in ("", None)})
    rows, after = page(found, ("charge_point", "evse", "connector"), query)
    return Page[ConnectorOut](items=[connector_out(row) for row in rows], next=after)


def connector_out(row: ConnectorStatus) -> ConnectorOut:
    return ConnectorOut(**{name: getattr(row, name) for name in ConnectorOut.model_fields})
