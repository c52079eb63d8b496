"""The log as a feed: pages of events by position, in which no event is ever missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from csms.eventlog import database, store
from csms.eventlog.state import Recorded

# A filter that nearly nothing passes looks at so many positions at most before it gives what it has.
MAX_POSITIONS = 50_000


@dataclass(frozen=True, slots=True)
class FeedPage:
    """after: where to go on. is_at_end: there is nothing more at this moment."""

    events: list[Recorded]
    after: int
    is_at_end: bool


def page(
    after: int,
    *,
    limit: int,
    stream: str = "",
    types: tuple[str, ...] = (),
    actions: tuple[str, ...] = (),
) -> FeedPage:
    """Events above position `after` that pass the filter, in order, at most `limit`.

    It never looks past a gap that could still be filled (see database.horizon), so a reader that goes on
    from `after` of each page sees every event once.
    """
    horizon = database.horizon()
    end = min(horizon, after + MAX_POSITIONS) if stream or types or actions else horizon
    condition = "position > %s AND position <= %s"
    parameters: list[Any] = [after, end]
    if stream:
        condition += " AND stream = %s"
        parameters.append(stream)
    for column, values in (("type", types), ("action", actions)):
        if values:
            condition += f" AND {column} IN ({', '.join(['%s'] * len(values))})"
            parameters += values
    events = store.selected(condition, "ORDER BY position LIMIT %s", [*parameters, limit])
    if len(events) == limit:
        return FeedPage(events, events[-1].position, is_at_end=False)
    return FeedPage(events, max(after, end), is_at_end=end >= horizon)
