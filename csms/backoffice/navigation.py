"""The one navigation, and the search behind Ctrl-K."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

from csms.access.models import IdToken
from csms.backoffice import personal
from csms.charging.models import ChargePoint, Transaction
from csms.charging.queries import lobby
from csms.outbox.models import Command

FOUND_OF_EACH = 8


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of links; what a person may not open, and what is not installed, is left out."""
    groups: list[dict[str, Any]] = [
        {
            "items": [
                _screen(request, "Overview", "dashboard", "index"),
                _list(request, "Charge points", "ev_station", "charging.chargepoint", also="/charge-points/"),
                _screen(request, "Lobby", "door_open", "lobby", "charging.view_chargepointstate"),
                _list(request, "Transactions", "receipt_long", "charging.transaction"),
                _list(request, "Commands", "bolt", "outbox.command"),
                _list(request, "Events", "history", "eventlog.event"),
            ]
        },
        {
            "title": "Access",
            "separator": True,
            "items": [
                _list(request, "Id tokens", "contactless", "access.idtoken"),
                _list(request, "Id token groups", "group_work", "access.idtokengroup"),
            ],
        },
        {
            "title": "Setup",
            "separator": True,
            "items": [
                _list(request, "Sites", "location_on", "charging.site"),
                _list(request, "Orphan messages", "contact_support", "charging.orphanmessage"),
                _list(request, "Projections", "layers", "eventlog.checkpoint"),
                _list(request, "API tokens", "key", "api.apitoken"),
                _list(request, "People", "person", "auth.user"),
                _list(request, "Roles", "shield_person", "auth.group"),
            ],
        },
    ]
    shown = [{**group, "items": [item for item in group["items"] if item]} for group in groups]
    return [group for group in shown if group["items"]]


def _screen(
    request: HttpRequest, title: str, icon: str, name: str, permission: str = "", *, also: str = ""
) -> dict[str, Any] | None:
    if permission and not request.user.has_perm(permission):
        return None
    link = reverse(f"admin:{name}")
    here = request.path
    active = here == link if name == "index" else here.startswith(link) or bool(also and also in here)
    return {"title": title, "icon": icon, "link": link, "active": lambda _: active}


def _list(
    request: HttpRequest, title: str, icon: str, label: str, *, also: str = ""
) -> dict[str, Any] | None:
    """The list of a model's rows, if the admin has one."""
    app, model = label.split(".")
    if label not in {each._meta.label_lower for each in admin.site._registry}:
        return None
    return _screen(request, title, icon, f"{app}_{model}_changelist", f"{app}.view_{model}", also=also)


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """Charge points, transactions, id tokens and commands that fit a few letters."""
    found: list[SearchResult] = []
    may = request.user.has_perm
    if may("charging.view_chargepoint"):
        found += _charge_points(term)
    if may("charging.view_transaction"):
        found += _transactions(term)
    if personal.may_see(request.user):
        for token in IdToken.objects.filter(Q(folded__contains=term.casefold()) | Q(holder__icontains=term))[
            :FOUND_OF_EACH
        ]:
            link = reverse("admin:access_idtoken_change", args=[token.pk])
            found.append(
                SearchResult(
                    token.id_token, f"Id token of {token.holder or 'nobody named'}", link, "contactless"
                )
            )
    if may("outbox.view_command"):
        for command in Command.objects.filter(Q(kind__icontains=term) | Q(command_id=term))[:FOUND_OF_EACH]:
            link = reverse("admin:outbox_command_change", args=[command.pk])
            found.append(SearchResult(str(command), f"Command, {command.get_state_display()}", link, "bolt"))
    return found


def _charge_points(term: str) -> list[SearchResult]:
    known = ChargePoint.objects.filter(
        Q(identity__icontains=term) | Q(name__icontains=term) | Q(site__name__icontains=term)
    ).select_related("site")
    found = [
        SearchResult(
            str(charge_point),
            f"Charge point {charge_point.identity}",
            charge_point_url(charge_point.identity),
            "ev_station",
        )
        for charge_point in known[:FOUND_OF_EACH]
    ]
    strangers = lobby().filter(charge_point__icontains=term)
    found += [
        SearchResult(state.charge_point, "In the lobby", charge_point_url(state.charge_point), "door_open")
        for state in strangers[:FOUND_OF_EACH]
    ]
    return found


def _transactions(term: str) -> list[SearchResult]:
    return [
        SearchResult(
            f"Transaction {transaction.transaction_id}",
            f"at {transaction.charge_point}, {transaction.state}",
            reverse("admin:charging_transaction_change", args=[transaction.pk]),
            "receipt_long",
        )
        for transaction in Transaction.objects.filter(transaction_id=term)[:FOUND_OF_EACH]
    ]


def charge_point_url(identity: str, screen: str = "charge_point") -> str:
    return reverse(f"admin:{screen}", args=[quote(identity)])
