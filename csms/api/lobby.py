"""The lobby: charge points that nobody registered, and that were let in only so far."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Query, Router

from csms.api.authentication import requires
from csms.api.charge_points import StrangerOut, live_out
from csms.api.connectors import connector_out
from csms.api.paging import Page, PageQuery, page
from csms.api.scopes import Scope
from csms.charging import queries

router = Router(tags=["charge points"])


class LobbyQuery(PageQuery):
    online: bool | None = None


@router.get("", response=Page[StrangerOut], auth=requires(Scope.READ), summary="List who waits in the lobby")
def lobby(request: HttpRequest, query: Query[LobbyQuery]):
    """To accept one, register a charge point with its identity."""
    found = queries.lobby()
    if query.online is not None:
        found = found.filter(connection__isnull=not query.online)
    rows, after = page(found, ("charge_point",), query)
    live = queries.live_of(row.charge_point for row in rows)
    items = [
        StrangerOut(
            identity=row.charge_point,
            live=live_out(row),
            connectors=[connector_out(status) for status in live[row.charge_point].connectors],
        )
        for row in rows
    ]
    return Page[StrangerOut](items=items, next=after)
