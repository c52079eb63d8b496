"""Settings inside charge points, as they reported them last (1.6: configuration keys)."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Query, Router

from csms.api.authentication import requires
from csms.api.paging import Page, PageQuery, page
from csms.api.schema import Schema
from csms.api.scopes import Scope
from csms.charging.models import ChargePointSetting

router = Router(tags=["settings"])


class SettingOut(Schema):
    """value null: it has none. reboot_required: accepted, but in force only after a reboot."""

    charge_point: str
    key: str
    value: str | None
    readonly: bool
    reboot_required: bool
    recorded_at: datetime
    position: int


class SettingQuery(PageQuery):
    charge_point: str = ""
    key: str = ""
    readonly: bool | None = None
    reboot_required: bool | None = None


@router.get("", response=Page[SettingOut], auth=requires(Scope.READ), summary="List settings")
def charge_point_settings(request: HttpRequest, query: Query[SettingQuery]):
    """To have them reported anew, send the command ReadSettings."""
    wanted = query.dict(include={"charge_point", "key", "readonly", "reboot_required"})
    found = ChargePointSetting.objects.filter(**{n: v for n, v in wanted.items() if v not in ("", None)})
    rows, after = page(found, ("charge_point", "key"), query)
    items = [SettingOut(**{name: getattr(row, name) for name in SettingOut.model_fields}) for row in rows]
    return Page[SettingOut](items=items, next=after)
