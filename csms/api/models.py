"""The tokens by which programs act for a person."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from csms.api.scopes import Scope


class ApiToken(models.Model):
    """One key of one program. Its text is shown once, when it is made; only its digest is kept."""

    name = models.CharField(max_length=100, help_text="What uses it, for example: billing.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="api_tokens",
        help_text="On whose behalf it acts. It stops working when this person's account is deactivated.",
    )
    prefix = models.CharField(
        max_length=20, unique=True, help_text="Its first characters, to tell it from others."
    )
    digest = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list, help_text=f"Some of: {', '.join(Scope)}.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it does not expire.")
    last_used_at = models.DateTimeField(null=True, editable=False, help_text="To the minute.")

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
