"""A new password for a charge point: made here, shown once, kept as a digest."""

from __future__ import annotations

from django.contrib.admin.models import CHANGE
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from csms.backoffice.views import shell
from csms.charging import passwords
from csms.charging.models import ChargePoint
from csms.outbox.announce import announce


@shell.needs("charging.change_chargepoint")
def screen(request: HttpRequest, quoted: str) -> HttpResponse:
    """GET explains and asks, POST makes the password and shows it."""
    here = shell.charge_point_or_404(quoted)
    if here.charge_point is None:
        raise Http404("strangers have no password")
    password = _give(request, here.charge_point) if request.method == "POST" else ""
    response = shell.page(
        request,
        "backoffice/password.html",
        title=f"New password for {here.name}",
        here=here,
        quoted=quoted,
        password=password,
    )
    patch_cache_control(response, no_store=True)
    return response


def _give(request: HttpRequest, charge_point: ChargePoint) -> str:
    password = passwords.generate()
    with transaction.atomic():
        charge_point.password_digest = passwords.digest(password.encode())
        if charge_point.security_profile == ChargePoint.SecurityProfile.OPEN:
            charge_point.security_profile = ChargePoint.SecurityProfile.BASIC
        charge_point.save(update_fields=["password_digest", "security_profile"])
        shell.log(request, charge_point, CHANGE, "New password")
        transaction.on_commit(lambda: announce("reference.changed", stream=charge_point.identity))
    return password
