"""One charge point: how it stands, and its events, transactions, commands and settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from csms.backoffice import personal, words
from csms.backoffice.queries import charge_points, timeline
from csms.backoffice.views import shell
from csms.charging.models import ChargePointSetting, OrphanMessage, Transaction
from csms.outbox.models import Command

VIEW = "charging.view_chargepoint"
SHOWN_TRANSACTIONS = 30
SHOWN_COMMANDS = 30

TABS = (
    ("charge_point", "Events", "history", "eventlog.view_event"),
    ("charge_point_transactions", "Transactions", "receipt_long", "charging.view_transaction"),
    ("charge_point_commands", "Commands", "bolt", "outbox.view_command"),
    ("charge_point_settings", "Settings", "tune", "charging.view_chargepointsetting"),
    ("charge_point_about", "About", "info", "charging.view_chargepoint"),
)


@shell.needs(VIEW)
def events(request: HttpRequest, quoted: str) -> HttpResponse:
    """The event list is the first thing to see, for those who may."""
    here = shell.charge_point_or_404(quoted)
    if not request.user.has_perm("eventlog.view_event"):
        return about(request, quoted)
    chosen = _chosen(request)
    before = _whole_number(request.GET.get("before"))
    if at := _whole_number(request.GET.get("at")):
        before = timeline.page_around(here.identity, at)
    found = timeline.page(
        here.identity, before=before, sees_personal=personal.may_see(request.user), **chosen
    )
    context = {"page": found, "kinds": timeline.KINDS, "before": before, "at": at, **chosen}
    return _tab(request, quoted, here, "charge_point", chosen=urlencode(chosen), **context)


@shell.needs(VIEW, "eventlog.view_event")
def newer_events(request: HttpRequest, quoted: str) -> HttpResponse:
    """What was appended since the newest entry that the page shows."""
    chosen = _chosen(request)
    after = _whole_number(request.GET.get("after")) or 0
    found = timeline.page(
        unquote(quoted), after=after, sees_personal=personal.may_see(request.user), **chosen
    )
    context = {
        "page": found,
        "newest": found.newest or after,
        "quoted": quoted,
        "chosen": urlencode(chosen),
    }
    return TemplateResponse(request, "backoffice/parts/newer_events.html", context)


@shell.needs(VIEW, "eventlog.view_event")
def one_event(request: HttpRequest, quoted: str, position: int) -> HttpResponse:
    found = timeline.entry(unquote(quoted), position, sees_personal=personal.may_see(request.user))
    if found is None:
        raise Http404("no such event")
    return TemplateResponse(request, "backoffice/parts/event.html", {"entry": found, "quoted": quoted})


@shell.needs(VIEW, "charging.view_transaction")
def transactions(request: HttpRequest, quoted: str) -> HttpResponse:
    here = shell.charge_point_or_404(quoted)
    found = Transaction.objects.filter(charge_point=here.identity).order_by("-started_at")[
        :SHOWN_TRANSACTIONS
    ]
    orphans = OrphanMessage.objects.filter(charge_point=here.identity).order_by("-position")[
        :SHOWN_TRANSACTIONS
    ]
    return _tab(request, quoted, here, "charge_point_transactions", transactions=found, orphans=orphans)


@shell.needs(VIEW, "outbox.view_command")
def commands(request: HttpRequest, quoted: str) -> HttpResponse:
    here = shell.charge_point_or_404(quoted)
    return _tab(request, quoted, here, "charge_point_commands", commands=_commands(here.identity))


@shell.needs(VIEW, "outbox.view_command")
def command_list(request: HttpRequest, quoted: str) -> HttpResponse:
    context = {
        "commands": _commands(unquote(quoted)),
        "quoted": quoted,
        "sees_personal": personal.may_see(request.user),
    }
    return TemplateResponse(request, "backoffice/parts/commands.html", context)


@shell.needs(VIEW, "charging.view_chargepointsetting")
def settings(request: HttpRequest, quoted: str) -> HttpResponse:
    here = shell.charge_point_or_404(quoted)
    found = ChargePointSetting.objects.filter(charge_point=here.identity).order_by("key")
    return _tab(request, quoted, here, "charge_point_settings", settings=found)


@shell.needs(VIEW)
def about(request: HttpRequest, quoted: str) -> HttpResponse:
    return _tab(request, quoted, shell.charge_point_or_404(quoted), "charge_point_about")


@shell.needs(VIEW)
def now(request: HttpRequest, quoted: str) -> HttpResponse:
    here = shell.charge_point_or_404(quoted)
    return TemplateResponse(request, "backoffice/parts/charge_point.html", _here(request, quoted, here))


def _tab(
    request: HttpRequest, quoted: str, here: charge_points.Now, tab: str, **context: Any
) -> TemplateResponse:
    tabs = [
        {"name": name, "title": title, "icon": icon, "is_active": name == tab}
        for name, title, icon, permission in TABS
        if request.user.has_perm(permission)
    ]
    offered = {
        kind: known
        for kind, known in words.COMMANDS.items()
        if here.charge_point and kind != "RemoteStop" and request.user.has_perms(known.permissions)
    }
    return shell.page(
        request,
        f"backoffice/{tab}.html",
        title=here.name,
        tabs=tabs,
        tab=tab,
        offered={kind: known for kind, known in offered.items() if kind in words.EVERYDAY},
        more={kind: known for kind, known in offered.items() if kind not in words.EVERYDAY},
        **_here(request, quoted, here),
        **context,
    )


def _here(request: HttpRequest, quoted: str, here: charge_points.Now) -> dict[str, Any]:
    return {
        "here": here,
        "quoted": quoted,
        "sees_personal": personal.may_see(request.user),
        "may_command": here.charge_point is not None and request.user.has_perm("backoffice.send_commands"),
        "may_adopt": here.charge_point is None and request.user.has_perm("charging.add_chargepoint"),
        "may_edit": here.charge_point is not None and request.user.has_perm("charging.change_chargepoint"),
        "may_change_settings": request.user.has_perms(words.COMMANDS["ChangeSetting"].permissions),
    }


def _chosen(request: HttpRequest) -> dict[str, Any]:
    """Which events are wanted, as the address says: of a kind, without an action."""
    kind, hidden = request.GET.get("kind", ""), request.GET.get("hidden", "")
    return {"kind": kind if kind in timeline.KINDS else "", "hidden": hidden[:50]}


def _commands(identity: str) -> list[Command]:
    return list(Command.objects.filter(charge_point=identity)[:SHOWN_COMMANDS])


def _whole_number(text: str | None) -> int | None:
    """What stands in an address may be anything."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
