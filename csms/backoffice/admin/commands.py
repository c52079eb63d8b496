"""What was asked of charge points, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from csms.backoffice import personal, words
from csms.backoffice.admin.bases import ReadOnlyAdmin
from csms.backoffice.admin.events import pretty
from csms.backoffice.navigation import charge_point_url
from csms.backoffice.templatetags import backoffice as shown
from csms.charging.models import Transaction
from csms.outbox.models import Command


class KindFilter(admin.SimpleListFilter):
    title = "command"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        known = words.COMMANDS | {"RawCall": words.RAW_CALL}
        return [(kind, each.label) for kind, each in known.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Command)
class CommandAdmin(ReadOnlyAdmin):
    empty_help = "Nothing has been asked of charge points yet. Each has its commands on its own screen."
    list_display = ("kind", "where", "answer", "effect_seen", "actor", "asked")
    list_filter = (KindFilter, "state", "effect")
    list_before_template = "backoffice/parts/renewed_list.html"
    search_fields = ("charge_point", "actor", "reason", "command_id")
    ordering = ("-position",)
    fieldsets = (
        (None, {"fields": ("kind", "where", "given", "actor", "reason", "asked", "expires_at")}),
        (
            "Answer",
            {"fields": ("answer", "sent_at", "answered_at", "attempts", "error_description", "answer_body")},
        ),
        ("Effect", {"fields": ("effect_seen", "effect_until", "seen_in", "became")}),
        ("Names", {"fields": ("command_id", "idempotency_key", "asked_in")}),
    )

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            found.sees_personal = personal.may_see(request.user)
        return found

    @display(description="Charge point", ordering="charge_point")
    def where(self, row: Command) -> SafeString:
        url = charge_point_url(row.charge_point, "charge_point_commands")
        return format_html('<a class="bo-link" href="{}">{}</a>', url, row.charge_point)

    @display(description="Answer", ordering="state")
    def answer(self, row: Command) -> SafeString:
        return shown.command_badge(row)

    @display(description="Effect", ordering="effect")
    def effect_seen(self, row: Command) -> SafeString | str:
        return shown.effect_badge(row) or words.NOTHING

    @display(description="Asked", ordering="position")
    def asked(self, row: Command) -> SafeString | str:
        return shown.moment(row.requested_at)

    @display(description="Parameters")
    def given(self, row: Any) -> SafeString:
        return pretty(row.parameters if row.sees_personal else personal.masked(row.parameters))

    @display(description="Response")
    def answer_body(self, row: Any) -> SafeString | str:
        return (
            words.NOTHING
            if row.response is None
            else pretty(row.response if row.sees_personal else personal.masked(row.response))
        )

    @display(description="Asked in")
    def asked_in(self, row: Command) -> SafeString:
        return self._event(row, row.position)

    @display(description="Seen in")
    def seen_in(self, row: Command) -> SafeString | str:
        return self._event(row, row.effect_position) if row.effect_position else words.NOTHING

    @display(description="Became")
    def became(self, row: Command) -> SafeString | str:
        if not row.transaction_id:
            return words.NOTHING
        found = Transaction.objects.filter(
            charge_point=row.charge_point, transaction_id=row.transaction_id
        ).first()
        if found is None:
            return f"transaction {row.transaction_id}"
        url = reverse("admin:charging_transaction_change", args=[found.pk])
        return format_html('<a class="bo-link" href="{}">transaction {}</a>', url, row.transaction_id)

    @staticmethod
    def _event(row: Command, position: int) -> SafeString:
        url = f"{charge_point_url(row.charge_point)}?at={position}"
        return format_html('<a class="bo-link" href="{}">event {}</a>', url, position)
