"""The API and its routes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI, Router

from csms import __version__
from csms.api import (
    charge_point_settings,
    charge_points,
    commands,
    connectors,
    errors,
    events,
    id_tokens,
    lobby,
    sites,
    transactions,
)
from csms.api.schema import StrictParser

DESCRIPTION = """
Everything that the back office can do, for programs.

**Who calls**: `Authorization: Bearer <token>`; tokens are made by `manage.py create_api_token`. Scopes:
`read`, `personal` (id tokens unmasked), `command`, `admin`. The session of signed-in staff is accepted, too.

**Lists** take filters and give pages: `next` is the `cursor` of the next page, null on the last.

**Errors** are problem+json (RFC 9457); `reason` is the word for programs, `errors` names members.

**Times** are RFC 3339 in UTC. Energy is in Wh, power in W. An identity in a path is percent-encoded.
"""

api = NinjaAPI(
    title="PyROCPP",
    version=__version__,
    description=DESCRIPTION,
    parser=StrictParser(),
    urls_namespace="api-v1",
    openapi_extra={"servers": []},
)
errors.register(api)

# An identity may hold slashes, so the routes of one charge point itself come after those below it.
one_charge_point = Router(tags=["charge points"])
charge_points.add_single(one_charge_point)

api.add_router("/charge-points", charge_points.router)
api.add_router("/charge-points", commands.of_charge_point)
api.add_router("/charge-points", one_charge_point)
api.add_router("/lobby", lobby.router)
api.add_router("/connectors", connectors.router)
api.add_router("/transactions", transactions.router)
api.add_router("/settings", charge_point_settings.router)
api.add_router("/commands", commands.router)
api.add_router("/command-kinds", commands.kinds_router)
api.add_router("/events", events.router)
api.add_router("/id-tokens", id_tokens.router)
api.add_router("/sites", sites.router)


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    return errors.problem(404, detail=request.path)


urlpatterns = [path("v1/", api.urls), re_path(r"", nothing_here)]
