"""Sites: where charge points stand."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from ninja import Field, Query, Router, Status

from csms.api.authentication import requires
from csms.api.errors import Problem, invalid, not_found
from csms.api.paging import Page, PageQuery, page
from csms.api.schema import Body, Schema
from csms.api.scopes import Scope
from csms.charging.models import Site

router = Router(tags=["sites"])


class SiteOut(Schema):
    id: int
    name: str
    time_zone: str
    address: str
    charge_points: int = Field(description="How many stand there, archived ones included.")


class SiteIn(Body):
    name: str = Field(min_length=1, max_length=100)
    time_zone: str = Field("UTC", max_length=50, description="IANA name, for example Europe/Berlin.")
    address: str = Field("", max_length=200)


class SitePatch(Body):
    name: str = Field("", min_length=1, max_length=100)
    time_zone: str = Field("", max_length=50)
    address: str = Field("", max_length=200)


class SiteQuery(PageQuery):
    search: str = Field("", description="Part of the name.")


def _sites() -> QuerySet[Site]:
    return Site.objects.annotate(charge_point_count=Count("charge_points"))


@router.get("", response=Page[SiteOut], auth=requires(Scope.READ), summary="List sites")
def sites(request: HttpRequest, query: Query[SiteQuery]):
    found = _sites().filter(name__icontains=query.search) if query.search else _sites()
    rows, after = page(found, ("name",), query)
    return Page[SiteOut](items=[_out(row) for row in rows], next=after)


@router.post("", response={201: SiteOut}, auth=requires(Scope.ADMIN), summary="Make a site")
def make(request: HttpRequest, body: SiteIn):
    site = Site(**body.dict())
    _save(site)
    return Status(201, _out(_existing(site.pk)))


@router.get("/{int:site_id}", response=SiteOut, auth=requires(Scope.READ), summary="Get a site")
def site(request: HttpRequest, site_id: int):
    return _out(_existing(site_id))


@router.patch("/{int:site_id}", response=SiteOut, auth=requires(Scope.ADMIN), summary="Change a site")
def change(request: HttpRequest, site_id: int, body: SitePatch):
    site = _existing(site_id)
    for name, value in body.dict(exclude_unset=True).items():
        setattr(site, name, value)
    _save(site)
    return _out(_existing(site_id))


@router.delete("/{int:site_id}", response={204: None}, auth=requires(Scope.ADMIN), summary="Delete a site")
def delete(request: HttpRequest, site_id: int):
    """Its charge points stay, without a site."""
    _existing(site_id).delete()
    return Status(204, None)


def _save(site: Site) -> None:
    if site.time_zone not in available_timezones():
        raise invalid("time_zone", f"{site.time_zone!r} is not a time zone")
    if Site.objects.filter(name=site.name).exclude(pk=site.pk).exists():
        raise Problem(409, "already_exists", "There is one already.", f"site {site.name}")
    site.save()


def _existing(site_id: int) -> Site:
    found = _sites().filter(pk=site_id).first() if site_id < 2**63 else None
    if found is None:
        raise not_found(f"site {site_id}")
    return found


def _out(site: Site) -> SiteOut:
    return SiteOut(
        id=site.pk,
        name=site.name,
        time_zone=site.time_zone,
        address=site.address,
        charge_points=site.charge_point_count,  # type: ignore[attr-defined]
    )
