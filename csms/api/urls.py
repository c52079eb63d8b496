"""The API and its routes."""

from __future__ import annotations

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI, Router
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

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


class Api(NinjaAPI):
    """Every operation may answer with a problem; the document says so once for all."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**options)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        described = errors.ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= described.pop("$defs", {}) | {"Problem": described}
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for item in document["paths"].values():
            for operation in item.values():
                operation["responses"]["4XX"] = {"description": "Refused.", "content": content}
                operation["responses"]["5XX"] = {"description": "Failed.", "content": content}
        return document

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Short and stable, because client generators make names of it: commands_ask."""
        return super().get_openapi_operation_id(operation).removeprefix("csms_api_")


api = Api(
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


def _methods_as_problems(pattern: URLPattern) -> None:
    """ninja answers a method that is not there in plain text."""
    view = pattern.callback

    def answered(response: HttpResponse) -> HttpResponse:
        if response.status_code != 405:
            return response
        problem = errors.problem(405, detail=f"allowed: {response['Allow']}")
        problem["Allow"] = response["Allow"]
        return problem

    async def later(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        return answered(await view(request, *args, **named))

    def at_once(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        return answered(view(request, *args, **named))

    pattern.callback = csrf_exempt(later if iscoroutinefunction(view) else at_once)


routes = api.urls
for route in routes[0]:
    if isinstance(route, URLPattern):
        _methods_as_problems(route)

urlpatterns = [path("v1/", routes), re_path(r"", nothing_here)]
