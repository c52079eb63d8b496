"""What a caller of the API may do."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    READ = "read"  # look at everything that identifies nobody
    PERSONAL = "personal"  # see id tokens, and frames that carry them
    COMMAND = "command"  # ask something of charge points
    ADMIN = "admin"  # change charge points, sites, id tokens
