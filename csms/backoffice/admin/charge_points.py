"""Charge points and sites: the list, and the registration of each. The live screens are under `views/`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.views import ChangeList as UnfoldChangeList

from csms.backoffice import words
from csms.backoffice.admin.bases import ReadOnlyAdmin, ReferenceAdmin
from csms.backoffice.navigation import charge_point_url
from csms.backoffice.queries import charge_points
from csms.backoffice.templatetags.backoffice import ago, badge, connector_badge, moment, online_badge
from csms.charging.models import ChargePoint, ConnectorStatus, OrphanMessage, Site
from csms.charging.queries import connected

EMPTY = charge_points.Summary(state=None, connectors=[], last_event_at=None)


class OnlineFilter(admin.SimpleListFilter):
    title = "connection"
    parameter_name = "connection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("online", "Online"), ("offline", "Offline")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "online":
            return queryset.filter(connected())
        return queryset.exclude(connected()) if self.value() == "offline" else queryset


class ConnectorFilter(admin.SimpleListFilter):
    title = "a connector is"
    parameter_name = "connector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status, status) for status in words.CONNECTOR_TONES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(
            Exists(
                ConnectorStatus.objects.filter(
                    charge_point=OuterRef("identity"), evse__gt=0, status=self.value()
                )
            )
        )


class ServiceFilter(admin.SimpleListFilter):
    """Those out of service for good stay out of sight unless asked for."""

    title = "service"
    parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("archived", "Out of service for good"), ("all", "In service or not")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(archived_at__isnull=self.value() != "archived")


class LiveChangeList(UnfoldChangeList):
    """Brings what the log says of the charge points on this page, in two queries."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        summaries = charge_points.summaries([row.identity for row in self.result_list])
        for row in self.result_list:
            row.summary = summaries[row.identity]

    def url_for_result(self, result: Any) -> str:
        return charge_point_url(result.identity)


@admin.register(ChargePoint)
class ChargePointAdmin(ReferenceAdmin):
    empty_help = "Let a charge point connect and adopt it from the lobby, or register one beforehand."
    list_display = ("title", "online", "connectors", "site", "last_event", "firmware")
    list_display_links = ("title",)
    list_filter = (OnlineFilter, ConnectorFilter, "site", "registration", "security_profile", ServiceFilter)
    list_select_related = ("site",)
    list_before_template = "backoffice/parts/renewed_list.html"
    search_fields = ("identity", "name", "site__name", "note")
    autocomplete_fields = ("site",)
    fieldsets = (
        (None, {"fields": ("identity", "name", "site", "note")}),
        ("Terms", {"fields": ("registration", "security_profile", "no_automation")}),
        ("Out of service for good", {"fields": ("archived_at",)}),
    )
    actions = None
    actions_detail = ("show_live", "new_password")

    def stream_of(self, row: ChargePoint) -> str:
        return row.identity

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LiveChangeList

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("identity",) if obj else ()  # it names the stream of its events

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its history stays: it is archived

    @action(description="Live", icon="ev_station", url_path="live")
    def show_live(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(charge_point_url(get_object_or_404(ChargePoint, pk=object_id).identity))

    @action(
        description="New password",
        icon="key",
        url_path="new-password",
        permissions=["change"],
    )
    def new_password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        identity = get_object_or_404(ChargePoint, pk=object_id).identity
        return redirect(charge_point_url(identity, "charge_point_password"))

    @display(description="Charge point", ordering="identity")
    def title(self, row: Any) -> SafeString:
        below = format_html('<br><span class="bo-quiet">{}</span>', row.identity) if row.name else ""
        note = badge("Out of service", words.OFF) if row.archived_at else ""
        return format_html("{}{} {}", row.name or row.identity, below, note)

    @display(description="Connection")
    def online(self, row: Any) -> SafeString:
        return online_badge(row.summary.is_online)

    @display(description="Connectors")
    def connectors(self, row: Any) -> SafeString | str:
        statuses = row.summary.connectors
        badges = format_html_join(" ", "{}", ((connector_badge(each, True),) for each in statuses))
        return format_html('<span class="bo-row">{}</span>', badges) if statuses else words.NOTHING

    @display(description="Last event")
    def last_event(self, row: Any) -> SafeString | str:
        return ago(row.summary.last_event_at)

    @display(description="Firmware")
    def firmware(self, row: Any) -> str:
        state = row.summary.state
        return f"{state.model} {state.firmware_version}".strip() or words.NOTHING if state else words.NOTHING


@admin.register(Site)
class SiteAdmin(ReferenceAdmin):
    empty_help = "A site is a place with charge points, an address and a time zone."
    list_display = ("name", "address", "time_zone", "charge_points")
    search_fields = ("name", "address")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        in_service = Q(charge_points__archived_at=None)
        return super().get_queryset(request).annotate(count=Count("charge_points", filter=in_service))

    @display(description="Charge points", ordering="count")
    def charge_points(self, site: Any) -> int:
        return site.count


@admin.register(OrphanMessage)
class OrphanMessageAdmin(ReadOnlyAdmin):
    empty_help = "Good: every stop and every meter value belongs to a transaction that is known."
    list_display = ("message", "charge_point", "transaction_id", "meter_wh", "when")
    list_display_links = None
    list_filter = ("kind",)
    search_fields = ("charge_point", "transaction_id")
    ordering = ("-position",)

    @display(description="Message", ordering="position")
    def message(self, row: OrphanMessage) -> SafeString:
        link = f"{charge_point_url(row.charge_point)}?at={row.position}"
        return format_html('<a class="bo-link" href="{}">{}</a>', link, row.kind.capitalize())

    @display(description="Happened", ordering="happened_at")
    def when(self, row: OrphanMessage) -> SafeString | str:
        return moment(row.happened_at)
