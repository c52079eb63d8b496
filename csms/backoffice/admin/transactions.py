"""The list of transactions; one transaction is a screen under `views/`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from csms.backoffice import personal, words
from csms.backoffice.admin.bases import ReadOnlyAdmin
from csms.backoffice.navigation import charge_point_url
from csms.backoffice.templatetags import backoffice as shown
from csms.backoffice.views import transaction as screens
from csms.charging.models import Transaction
from csms.domain import authorization

VERDICTS = (
    authorization.ACCEPTED,
    authorization.BLOCKED,
    authorization.EXPIRED,
    authorization.INVALID,
    authorization.CONCURRENT,
)


class VerdictFilter(admin.SimpleListFilter):
    """Without asking the table which verdicts there are: that reads all of it."""

    title = "verdict"
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(verdict, verdict) for verdict in VERDICTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(verdict=self.value()) if self.value() else queryset


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    empty_help = "A transaction appears here when a charge point reports its start."
    list_display = (
        "transaction_id",
        "status",
        "where",
        "token",
        "started",
        "took",
        "energy",
        "power",
        "ended_by",
    )
    list_display_links = ("transaction_id",)
    list_filter = ("state", ("started_at", RangeDateTimeFilter), VerdictFilter, "is_late")
    ordering = ("-started_at",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        fields = ("transaction_id", "charge_point")
        return (*fields, "id_token") if personal.may_see(request.user) else fields

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        columns = super().get_list_display(request)
        return tuple(c for c in columns if c != "token" or personal.may_see(request.user))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return screens.screen(request, object_id)

    @display(description="State", ordering="state")
    def status(self, row: Transaction) -> SafeString:
        word = shown.transaction_badge(row)
        return (
            word
            if row.verdict == "Accepted"
            else format_html("{} {}", word, shown.badge(row.verdict, words.BAD))
        )

    @display(description="Where", ordering="charge_point")
    def where(self, row: Transaction) -> SafeString:
        return format_html(
            '<a class="bo-link" href="{}">{}</a> <span class="bo-quiet">{}</span>',
            charge_point_url(row.charge_point),
            row.charge_point,
            words.connector_name(row.evse, row.connector),
        )

    @display(description="Id token", ordering="id_token")
    def token(self, row: Transaction) -> str:
        return row.id_token

    @display(description="Started", ordering="started_at")
    def started(self, row: Transaction) -> SafeString | str:
        return shown.moment(row.started_at)

    @display(description="Took")
    def took(self, row: Transaction) -> str:
        return shown.duration(row.started_at, row.ended_at)

    @display(description="Energy", ordering="energy_wh")
    def energy(self, row: Transaction) -> str:
        return shown.kilowatt_hours(row.energy_wh)

    @display(description="Power", ordering="power_w")
    def power(self, row: Transaction) -> str:
        return shown.kilowatts(row.power_w)

    @display(description="Ended by")
    def ended_by(self, row: Transaction) -> str:
        return row.stop_reason or row.evidence or words.NOTHING
