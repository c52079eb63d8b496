"""The gateway processes that are alive."""

from __future__ import annotations

from django.db import models


class GatewayProcess(models.Model):
    """One running gateway. When it stops renewing `seen_at`, another one closes its connections."""

    name = models.CharField(max_length=100, primary_key=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    connections = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ("view",)
        verbose_name_plural = "gateway processes"

    def __str__(self) -> str:
        return self.name
