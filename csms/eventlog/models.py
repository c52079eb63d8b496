"""The tables of the log itself. Written through `store` and the gateway's journal only."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """One thing that happened. Append-only: there is no update and no delete, not even in the admin."""

    position = models.BigAutoField(
        primary_key=True, help_text="Place in the whole log; order of commit per stream."
    )
    stream = models.CharField(max_length=255, help_text="Identity of the charge point.")
    stream_version = models.PositiveIntegerField(help_text="Place in the stream, from 1, without gaps.")
    type = models.CharField(max_length=40)
    schema_version = models.PositiveSmallIntegerField(default=1)
    action = models.CharField(max_length=50, default="", blank=True, help_text="OCPP action, for frames.")
    message_id = models.CharField(max_length=36, default="", blank=True)
    payload = models.TextField(help_text="The frame as it was on the wire, or JSON.")
    repairs = models.CharField(
        max_length=200, default="", blank=True, help_text="Names of the repairs applied when it was read."
    )
    cause = models.BigIntegerField(null=True, blank=True, help_text="Position of the event that led to it.")
    connection = models.BigIntegerField(
        null=True, blank=True, help_text="Position of the connection.opened event of its connection."
    )
    actor = models.CharField(
        max_length=150, default="", blank=True, help_text="Person or policy, for commands."
    )
    recorded_at = models.DateTimeField(help_text="Our time.")
    happened_at = models.DateTimeField(
        null=True, blank=True, help_text="The charge point's time, if it gave one."
    )

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["stream", "stream_version"], name="event_stream_version"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.stream} {self.type} {self.action}".rstrip()


class Checkpoint(models.Model):
    """How far a reader that follows positions has come."""

    name = models.CharField(max_length=100, primary_key=True)
    position = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(
        default=1, help_text="The projection's version that wrote its rows."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"
