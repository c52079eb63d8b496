"""The first screen: how it all stands."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from csms.backoffice import personal
from csms.backoffice.queries import overview
from csms.backoffice.views import shell

VIEW = "charging.view_chargepoint"


def screen(request: HttpRequest) -> HttpResponse:
    """For all of the staff; who may not view charge points sees a word about it instead of figures."""
    return shell.page(request, "backoffice/overview.html", title="Overview", **_context(request))


@shell.needs(VIEW)
def now(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "backoffice/parts/overview.html", _context(request))


def _context(request: HttpRequest) -> dict[str, object]:
    may_view = request.user.has_perm(VIEW)
    return {
        "may_view": may_view,
        "figures": overview.overview() if may_view else None,
        "sees_personal": personal.may_see(request.user),
        "may_adopt": request.user.has_perm("charging.add_chargepoint"),
    }
