"""The projection of commands."""

from __future__ import annotations

from django.db import models


class Command(models.Model):
    """One thing that was asked of one charge point."""

    class State(models.TextChoices):
        REQUESTED = "requested", "waiting to be sent"
        SENT = "sent", "sent, no answer yet"
        ANSWERED = "answered", "answered"
        REFUSED = "refused", "refused with an error"
        UNANSWERED = "unanswered", "no answer in time"
        IMPOSSIBLE = "impossible", "not offered by the charge point"
        EXPIRED = "expired", "expired before it could be sent"
        CANCELLED = "cancelled", "cancelled"

    class Effect(models.TextChoices):
        NONE = "", "nothing to wait for"
        AWAITED = "awaited", "not seen yet"
        SEEN = "seen", "seen to happen"
        MISSING = "missing", "not seen in time"

    charge_point = models.CharField(max_length=255)
    command_id = models.CharField(max_length=36)
    kind = models.CharField(max_length=40)
    parameters = models.JSONField()
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=200)
    idempotency_key = models.CharField(max_length=100)
    state = models.CharField(max_length=12, choices=State.choices)
    attempts = models.IntegerField(default=0)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="Not sent any more after this.")
    sent_at = models.DateTimeField(null=True)
    connection = models.BigIntegerField(null=True, help_text="The connection on which it was sent last.")
    answered_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=30, help_text="The charge point's answer in one word.")
    response = models.JSONField(null=True)
    error_code = models.CharField(max_length=50)
    error_description = models.CharField(max_length=255)
    effect = models.CharField(max_length=8, choices=Effect.choices)
    effect_until = models.DateTimeField(null=True, help_text="By when the effect should be seen.")
    effect_position = models.BigIntegerField(null=True, help_text="The event that shows the effect.")
    transaction_id = models.CharField(max_length=36, help_text="The transaction that it became.")
    position = models.BigIntegerField()

    class Meta:
        default_permissions = ("view",)
        ordering = ("-position",)
        constraints = [
            models.UniqueConstraint(fields=["charge_point", "command_id"], name="command_key"),
            models.UniqueConstraint(
                fields=["actor", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="command_idempotency_key",
            ),
        ]
        indexes = [
            models.Index(fields=["command_id"]),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state__in=["requested", "sent"]),
                name="command_open",
            ),
            models.Index(
                fields=["effect_until"], condition=models.Q(effect="awaited"), name="command_awaited"
            ),
            models.Index(fields=["position"], name="command_position"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.charge_point}"
