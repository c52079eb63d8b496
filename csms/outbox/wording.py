"""A command and what came of it, in a sentence."""

from __future__ import annotations

from csms.outbox.models import Command

STATES = {
    "requested": "waits to be sent, until {row.expires_at:%Y-%m-%d %H:%M} UTC",
    "sent": "was sent, no answer yet",
    "answered": "was answered{status}{took}",
    "refused": "was refused with an error: {error}",
    "unanswered": "got no answer in time",
    "impossible": "cannot be sent: {row.error_description}",
    "expired": "expired before it could be sent",
    "cancelled": "was cancelled",
}
EFFECTS = {
    "": "",
    "awaited": "; its effect is awaited",
    "seen": "; its effect was seen{what}",
    "missing": "; no effect was seen in time",
}

# What a charge point says when it does, or will do, what was asked.
POSITIVE = frozenset({"", "Accepted", "AcceptedCanceled", "Scheduled", "RebootRequired", "Unlocked"})


def sentence(row: Command) -> str:
    """For people: what became of it so far."""
    took = ""
    if row.sent_at and row.answered_at:
        took = f" after {max(0.0, (row.answered_at - row.sent_at).total_seconds()):.1f} s"
    values = {
        "row": row,
        "status": f": {row.status}" if row.status else "",
        "took": took,
        "error": " ".join(filter(None, (row.error_code, row.error_description))),
        "what": f" (transaction {row.transaction_id})" if row.transaction_id else "",
    }
    return f"{row.kind} to {row.charge_point} " + (STATES[row.state] + EFFECTS[row.effect]).format(**values)


def is_good(row: Command) -> bool:
    """Did the charge point agree?"""
    return row.state == "answered" and row.status in POSITIVE and row.effect != "missing"
