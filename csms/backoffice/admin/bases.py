"""The two kinds of tables: reference data, which people edit, and what the log says, which they only read."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from csms.outbox.announce import announce


class ReferenceAdmin(ModelAdmin):
    """Rows that people edit. The gateways are told, so that they do not decide on what was."""

    list_filter_submit = True

    def stream_of(self, row: Any) -> str:
        """The charge point that a row is about, "" for all of them."""
        return ""

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._announce(obj)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self._announce(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self._announce(row)
        super().delete_queryset(request, queryset)

    def _announce(self, row: Any) -> None:
        stream = self.stream_of(row)
        transaction.on_commit(lambda: announce("reference.changed", stream=stream))


class ReadOnlyAdmin(ModelAdmin):
    """Rows that the log gives, or that processes write. Nobody adds, changes or deletes them here."""

    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
