"""Transactions and their meter values."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router

from csms.api.authentication import caller, requires
from csms.api.errors import not_found
from csms.api.paging import Page, PageQuery, page
from csms.api.schema import Moment, Schema
from csms.api.scopes import Scope
from csms.charging.models import MeterValue, Transaction
from csms.dialects.personal import MASK
from csms.domain.authorization import folded

router = Router(tags=["transactions"])


class TransactionOut(Schema):
    """Times are the charge point's. The id tokens are masked for callers without the scope personal.

    `presumed ended`: no stop came, but the evidence says that it is over.
    """

    charge_point: str
    transaction_id: str
    evse: int
    connector: int
    id_token: str
    verdict: str
    reservation_id: int | None
    state: Literal["running", "ended", "presumed ended"]
    started_at: datetime
    meter_start_wh: int
    ended_at: datetime | None
    meter_stop_wh: int | None
    stop_reason: str
    stop_id_token: str
    evidence: str
    energy_wh: float | None
    power_w: float | None
    current_a: float | None
    voltage_v: float | None
    soc_percent: float | None
    sampled_at: datetime | None
    anomaly: str
    is_late: bool = Field(description="Reported long after it happened.")
    start_position: int
    stop_position: int | None


class TransactionQuery(PageQuery):
    charge_point: str = ""
    state: Literal["running", "ended", "presumed ended"] | None = None
    evse: int | None = None
    id_token: str = Field("", description="Needs the scope personal.")
    started_after: Moment | None = Field(None, description="At this time or later.")
    started_before: Moment | None = None
    ended_after: Moment | None = Field(None, description="At this time or later.")
    ended_before: Moment | None = None
    has_anomaly: bool | None = None


class MeterValueOut(Schema):
    """All readings of one moment, in base units (Wh, W, A, V); what is default is left out."""

    sampled_at: datetime
    evse: int
    connector: int
    values: list[dict[str, Any]]
    position: int


class MeterValueQuery(PageQuery):
    sampled_after: Moment | None = Field(None, description="At this time or later.")
    sampled_before: Moment | None = None


@router.get("", response=Page[TransactionOut], auth=requires(Scope.READ), summary="List transactions")
def transactions(request: HttpRequest, query: Query[TransactionQuery]):
    """Newest start first."""
    found = Transaction.objects.all()
    wanted = query.dict(include={"charge_point", "state", "evse"})
    found = found.filter(**{name: value for name, value in wanted.items() if value not in ("", None)})
    if query.id_token:
        caller(request).must_see_persons("id_token")
        found = found.filter(id_token_folded=folded(query.id_token))
    bounds = {
        "started_at__gte": query.started_after,
        "started_at__lt": query.started_before,
        "ended_at__gte": query.ended_after,
        "ended_at__lt": query.ended_before,
    }
    found = found.filter(**{name: moment for name, moment in bounds.items() if moment is not None})
    if query.has_anomaly is not None:
        found = found.exclude(anomaly="") if query.has_anomaly else found.filter(anomaly="")
    rows, after = page(found, ("-started_at", "-start_position"), query)
    sees = caller(request).sees_persons
    return Page[TransactionOut](items=[transaction_out(row, sees) for row in rows], next=after)


@router.get(
    "/{path:charge_point}/{transaction_id}/meter-values",
    response=Page[MeterValueOut],
    auth=requires(Scope.READ),
    summary="List the meter values of a transaction",
)
def meter_values(request: HttpRequest, charge_point: str, transaction_id: str, query: Query[MeterValueQuery]):
    """Oldest first."""
    _existing(charge_point, transaction_id)
    found = MeterValue.objects.filter(charge_point=charge_point, transaction_id=transaction_id)
    if query.sampled_after is not None:
        found = found.filter(sampled_at__gte=query.sampled_after)
    if query.sampled_before is not None:
        found = found.filter(sampled_at__lt=query.sampled_before)
    rows, after = page(found, ("sampled_at", "evse", "digest"), query)
    items = [
        MeterValueOut(
            sampled_at=row.sampled_at,
            evse=row.evse,
            connector=row.connector,
            values=row.values,
            position=row.position,
        )
        for row in rows
    ]
    return Page[MeterValueOut](items=items, next=after)


@router.get(
    "/{path:charge_point}/{transaction_id}",
    response=TransactionOut,
    auth=requires(Scope.READ),
    summary="Get a transaction",
)
def transaction(request: HttpRequest, charge_point: str, transaction_id: str):
    return transaction_out(_existing(charge_point, transaction_id), caller(request).sees_persons)


def transaction_out(row: Transaction, sees_persons: bool) -> TransactionOut:
    members = {name: getattr(row, name) for name in TransactionOut.model_fields}
    if not sees_persons:
        for name in ("id_token", "stop_id_token"):
            members[name] = MASK if members[name] else ""
    return TransactionOut(**members)


def _existing(charge_point: str, transaction_id: str) -> Transaction:
    found = Transaction.objects.filter(charge_point=charge_point, transaction_id=transaction_id).first()
    if found is None:
        raise not_found(f"transaction {transaction_id} at {charge_point}")
    return found
