"""The four roles: Django groups, and the one table of what each may do.

`manage.py create_roles` makes them, and brings them back to this table after an upgrade. What an
installation needs beyond it belongs into groups of its own.
"""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

VIEWER = (
    "charging.view_chargepoint",
    "charging.view_site",
    "charging.view_chargepointstate",
    "charging.view_connectorstatus",
    "charging.view_transaction",
    "charging.view_metervalue",
    "charging.view_orphanmessage",
    "charging.view_chargepointsetting",
    "charging.view_hourlyactivity",
    "eventlog.view_event",
    "outbox.view_command",
)
# Id tokens are personal data: who may not view them sees them masked, in messages too.
OPERATOR = (
    *VIEWER,
    "access.view_idtoken",
    "access.view_idtokengroup",
    "backoffice.send_commands",
)
ENGINEER = (
    *OPERATOR,
    "backoffice.change_charge_point_settings",
    *(f"charging.{verb}_{model}" for model in ("chargepoint", "site") for verb in ("add", "change")),
    *(
        f"access.{verb}_{model}"
        for model in ("idtoken", "idtokengroup")
        for verb in ("add", "change", "delete")
    ),
    "eventlog.view_checkpoint",
)
ADMINISTRATOR = (
    *ENGINEER,
    "charging.delete_site",
    *(f"auth.{verb}_{model}" for model in ("user", "group") for verb in ("add", "change", "delete", "view")),
    "admin.view_logentry",
)

ROLES = {"viewer": VIEWER, "operator": OPERATOR, "engineer": ENGINEER, "administrator": ADMINISTRATOR}


def create() -> None:
    """Make the groups, each with exactly its permissions. Raises LookupError for one that is not there."""
    for role, names in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set(_permissions(names))


def _permissions(names: tuple[str, ...]) -> list[Permission]:
    wanted = Q(pk__in=[])
    for name in names:
        app, codename = name.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    found = list(Permission.objects.filter(wanted).select_related("content_type"))
    known = {f"{permission.content_type.app_label}.{permission.codename}" for permission in found}
    if missing := sorted(set(names) - known):
        raise LookupError(f"no permission {missing[0]}: run migrate first")
    return found
