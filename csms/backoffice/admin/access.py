"""Id tokens and their groups."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from csms.access.models import IdToken, IdTokenGroup
from csms.backoffice import words
from csms.backoffice.admin.bases import ReferenceAdmin
from csms.backoffice.templatetags.backoffice import badge, moment
from csms.domain.authorization import folded


class IdTokenForm(forms.ModelForm):
    """Says in words what the unique key of the folded token would refuse."""

    def clean_id_token(self) -> str:
        id_token: str = self.cleaned_data["id_token"]
        others = IdToken.objects.filter(folded=folded(id_token)).exclude(pk=self.instance.pk)
        if known := others.first():
            raise forms.ValidationError(
                f"There is {known.id_token} already; upper and lower case are the same."
            )
        return id_token


@admin.register(IdToken)
class IdTokenAdmin(ReferenceAdmin):
    empty_help = "An id token is what a card or an app presents. Only those enrolled here may charge."
    form = IdTokenForm
    list_display = ("id_token", "verdict", "holder", "group", "until", "max_transactions")
    list_filter = ("blocked", "group")
    list_select_related = ("group",)
    search_fields = ("id_token", "holder", "note")
    autocomplete_fields = ("group",)
    fields = ("id_token", "holder", "group", "blocked", "expires_at", "max_transactions", "note")

    @display(description="Expires", ordering="expires_at")
    def until(self, token: IdToken) -> SafeString | str:
        return moment(token.expires_at)

    @display(description="Verdict")
    def verdict(self, token: IdToken) -> SafeString:
        if token.blocked:
            return badge("Blocked", words.BAD, "block")
        if token.expires_at and token.expires_at <= timezone.now():
            return badge("Expired", words.BAD, "event_busy")
        return badge("Accepted", words.GOOD, "check")


@admin.register(IdTokenGroup)
class IdTokenGroupAdmin(ReferenceAdmin):
    empty_help = "The id tokens of one group may stop each other's transactions."
    list_display = ("__str__", "parent", "members")
    search_fields = ("name", "parent")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(member_count=Count("id_tokens"))

    @display(description="Id tokens", ordering="member_count")
    def members(self, group: Any) -> int:
        return group.member_count
