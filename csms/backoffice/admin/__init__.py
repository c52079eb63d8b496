"""What the admin edits and shows, one module a subject."""

from csms.backoffice.admin import access, charge_points, commands, events, people, transactions

__all__ = ["access", "charge_points", "commands", "events", "people", "transactions"]
