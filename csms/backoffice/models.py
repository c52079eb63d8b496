"""Permissions that belong to no table."""

from __future__ import annotations

from django.db import models


class Screens(models.Model):
    """Has no rows and no table: it carries what people may do beyond viewing and editing rows."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = (
            ("send_commands", "Can send commands to charge points"),
            ("change_charge_point_settings", "Can change settings inside charge points"),
        )

    def __str__(self) -> str:
        return "the back office"
