"""Reference data: id tokens and groups. Personal data, unlike almost everything else here."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from django.db import models

from csms.domain.authorization import folded

PRINTABLE = RegexValidator(r"^[\x20-\x7e]+$", "Printable ASCII characters only.")


class IdTokenGroup(models.Model):
    """Id tokens of one group may stop each other's transactions."""

    parent = models.CharField(
        "parent id token",
        max_length=20,
        unique=True,
        validators=[PRINTABLE],
        help_text="What charge points compare to find out that two tokens belong together "
        "(1.6: parentIdTag).",
    )
    name = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ("name", "parent")

    def __str__(self) -> str:
        return self.name or self.parent


class IdToken(models.Model):
    id_token = models.CharField(
        max_length=20,
        validators=[PRINTABLE],
        help_text="As the reader sends it; upper and lower case are the same.",
    )
    folded = models.CharField(max_length=20, unique=True, editable=False)
    holder = models.CharField(max_length=100, blank=True, help_text="Whose it is.")
    group = models.ForeignKey(
        IdTokenGroup, null=True, blank=True, on_delete=models.SET_NULL, related_name="id_tokens"
    )
    blocked = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    max_transactions = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        default=1,
        help_text="How many transactions may run at once; empty: any number.",
    )
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id_token",)
        verbose_name = "id token"

    def __str__(self) -> str:
        return self.id_token

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.folded = folded(self.id_token)  # a key of the row, so it can never disagree with it
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.folded = folded(self.id_token)
