"""The log itself, and how far its readers are. Nothing here can be added, changed or deleted."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from csms.backoffice import personal
from csms.backoffice.admin.bases import ReadOnlyAdmin
from csms.backoffice.navigation import charge_point_url
from csms.backoffice.queries import timeline
from csms.backoffice.templatetags import backoffice as shown
from csms.eventlog.models import Checkpoint, Event


def pretty(content: Any) -> SafeString:
    text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
    return format_html('<pre class="bo-pre" tabindex="0">{}</pre>', text)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    empty_help = "Nothing has happened yet. Every message of every charge point will stand here."
    list_display = ("position", "when", "where", "type", "action", "actor")
    list_display_links = ("position",)
    ordering = ("-position",)
    search_fields = ("=stream",)
    search_help_text = "The identity of a charge point, exactly"
    paginator = InfinitePaginator  # counting a long log takes longer than reading a page of it
    fieldsets = (
        (None, {"fields": ("position", "where", "stream_version", "type", "action", "message_id")}),
        ("Payload", {"fields": ("content", "repairs")}),
        (
            "Context",
            {"fields": ("recorded_at", "happened_at", "connection", "cause", "actor", "schema_version")},
        ),
    )

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            found.sees_personal = personal.may_see(request.user)
        return found

    @display(description="Recorded", ordering="position")
    def when(self, row: Event) -> SafeString | str:
        return shown.moment(row.recorded_at, True)

    @display(description="Charge point")
    def where(self, row: Event) -> SafeString:
        url = f"{charge_point_url(row.stream)}?at={row.position}"
        return format_html('<a class="bo-link" href="{}">{}</a>', url, row.stream)

    @display(description="Payload")
    def content(self, row: Any) -> SafeString:
        body = timeline.frame_of(row.payload)
        if body is None:
            return pretty(row.payload if row.sees_personal else personal.MASK)
        return pretty(body if row.sees_personal else personal.masked(body))


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    empty_help = "No projector has run yet. manage.py run_projector starts one."
    list_display = ("name", "position", "version", "renewed")
    list_display_links = None

    @display(description="Moved", ordering="updated_at")
    def renewed(self, row: Checkpoint) -> SafeString | str:
        return shown.ago(row.updated_at)
