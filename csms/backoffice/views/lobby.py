"""Charge points that connected and that nobody has registered."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin.models import ADDITION
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from csms.backoffice.navigation import charge_point_url
from csms.backoffice.queries import overview
from csms.backoffice.views import shell
from csms.charging.models import ChargePoint, ChargePointState
from csms.outbox.announce import announce


@shell.needs("charging.view_chargepointstate")
def screen(request: HttpRequest) -> HttpResponse:
    return shell.page(
        request,
        "backoffice/lobby.html",
        title="Lobby",
        strangers=overview.strangers(),
        may_adopt=request.user.has_perm("charging.add_chargepoint"),
    )


@require_POST
@shell.needs("charging.add_chargepoint")
def adopt(request: HttpRequest, quoted: str) -> HttpResponse:
    """Register a stranger under its identity, accepted, without a password; the rest is edited afterwards."""
    identity = unquote(quoted)
    if not ChargePointState.objects.filter(charge_point=identity).exists():
        raise Http404("no such stranger")
    with transaction.atomic():
        charge_point, is_new = ChargePoint.objects.get_or_create(identity=identity)
        if is_new:
            shell.log(request, charge_point, ADDITION, "Adopted from the lobby")
            transaction.on_commit(lambda: announce("reference.changed", stream=identity))
    if is_new:
        messages.success(
            request, f"{identity} is adopted. It is served from its next boot on, within a minute."
        )
    else:
        messages.info(request, f"{identity} was registered already.")
    return redirect(charge_point_url(identity))
