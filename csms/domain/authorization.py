"""May this id token charge? The rules that give a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from csms.domain.questions import Verdict

ACCEPTED, BLOCKED, EXPIRED, INVALID, CONCURRENT = "Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"


def folded(id_token: str) -> str:
    """The form in which id tokens are compared: 1.6 compares them without regard to case.

    An id token is printable ASCII. One that is not has no case; folding could make it longer than its column.
    """
    return id_token.lower() if id_token.isascii() else id_token


@dataclass(frozen=True, slots=True)
class IdTokenRecord:
    """What we know of an id token.

    parent: the group's id token, "" without a group.
    max_transactions: how many may run at once, over all charge points; None is no limit.
    """

    id_token: str
    blocked: bool = False
    expires_at: datetime | None = None
    parent: str = ""
    max_transactions: int | None = 1


def verdict(record: IdTokenRecord | None, *, now: datetime, running_elsewhere: int = 0) -> Verdict:
    """Decide on an id token.

    record: None when nobody enrolled it.
    running_elsewhere: its running transactions that the asked-for one would come on top of; 0 when
    concurrency does not matter (an Authorize, a start of long ago that is only reported now).
    Source: OCPP 1.6 4.2, 6.4; v16 errata on ConcurrentTx.
    """
    if record is None:
        return Verdict(INVALID)
    if record.blocked:
        return Verdict(BLOCKED, record.expires_at, record.parent)
    if record.expires_at is not None and record.expires_at <= now:
        return Verdict(EXPIRED, record.expires_at, record.parent)
    if record.max_transactions is not None and running_elsewhere >= record.max_transactions:
        return Verdict(CONCURRENT, record.expires_at, record.parent)
    return Verdict(ACCEPTED, record.expires_at, record.parent)
