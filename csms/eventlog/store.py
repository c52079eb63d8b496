"""Append to the log and read it, through Django's connection: for everything outside the gateway.

The gateway has its own writer (the journal), with the same rules and the same statements.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.timezone import now
from psycopg.errors import DeadlockDetected

from csms.eventlog import database
from csms.eventlog.projection import Fold, inline_fold
from csms.eventlog.state import EVENTS, Batch, Recorded, StreamState
from csms.eventlog.table import one_of

T = TypeVar("T")

MAX_EVENTS_PER_APPEND = 16
MAX_ATTEMPTS = 200  # a few seconds: a charge point that delivers a backlog appends every few milliseconds
MAX_PAUSE_S = 0.02


class StreamContended(Exception):
    """Others kept appending to the stream while we tried; nothing was written."""


def append(stream: str, decide: Callable[[StreamState, Batch], T]) -> T:
    """Decide on a stream's newest state and append what `decide` records, in one transaction.

    decide: gets the state and the batch, records events (at most 16) and folds their facts; it may
    raise, then nothing is written. It runs again when another process appended to the stream meanwhile.
    Returns what `decide` returned. Raises StreamContended.
    """
    return append_all(
        [stream], lambda states, batch: decide(states[stream], batch), events=MAX_EVENTS_PER_APPEND
    )


def append_all(streams: list[str], decide: Callable[[dict[str, StreamState], Batch], T], *, events: int) -> T:
    """The same for several streams at once: all of it is written, or nothing.

    events: how many `decide` records at most.
    """
    for attempt in range(MAX_ATTEMPTS):
        if attempt:  # unlike the others who try again
            time.sleep(random.random() * MAX_PAUSE_S)  # noqa: S311
        try:
            with transaction.atomic():
                # The states first: who appended before that has positions below ours, and who does so
                # after it takes our stream version. So within a stream, positions rise with the version.
                states = load_states(streams)
                batch = Batch(_positions(events), now(), inline_fold())
                result = decide(states, batch)
                if batch.events:
                    database.execute(batch.statements())
                return result
        except IntegrityError as error:
            if not is_version_conflict(error):
                raise
        except OperationalError as error:  # others wrote the same streams in another order
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
    raise StreamContended(", ".join(streams[:3]))


def is_version_conflict(error: Exception) -> bool:
    """Did another writer take this stream version (PostgreSQL) or this position (SQLite) first?"""
    text = str(error)
    taken = ("event_stream_version", "eventlog_event_pkey", "UNIQUE constraint failed: eventlog_event.")
    return any(words in text for words in taken)


def _positions(count: int) -> list[int]:
    with connection.cursor() as cursor:
        for sql, parameters in database.reserve_positions(count):
            cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]


def load_states(streams: list[str], fold: Fold | None = None) -> dict[str, StreamState]:
    """The state of each stream as it stands in the database: its version and the rows that are kept."""
    fold = fold or inline_fold()
    parameter: list[Any] = [msgspec.json.encode(streams).decode()]
    states = {stream: StreamState(stream) for stream in streams}
    with connection.cursor() as cursor:
        cursor.execute(versions_sql(), parameter)
        for stream, version in cursor.fetchall():
            states[stream].version = version
        for table in fold.tables:
            if table.append:
                continue
            cursor.execute(table.select(kept(table.keep)), parameter)
            for row in table.decode(cursor.fetchone()[0]):
                states[row.charge_point].rows.load(table, [row])
    return states


def versions_sql() -> str:
    return f"SELECT stream, max(stream_version) FROM eventlog_event WHERE {one_of('stream')} GROUP BY stream"


def kept(keep: str) -> str:
    """Condition for the rows of some streams that stand in memory."""
    return f"{one_of('charge_point')} AND ({keep})" if keep else one_of("charge_point")


def read(after: int = 0, *, limit: int = 1000) -> list[Recorded]:
    """Events above position `after`, in order; never past a gap that could still be filled (promise 9)."""
    bounds: list[Any] = [after, database.horizon(), limit]
    return selected("position > %s AND position <= %s", "ORDER BY position LIMIT %s", bounds)


def read_at(positions: list[int]) -> dict[int, Recorded]:
    """The events at these positions."""
    wanted = ", ".join(str(int(position)) for position in positions) or "NULL"
    return {event.position: event for event in selected(f"position IN ({wanted})", "", [])}


def read_stream(stream: str, *, page: int = 2000) -> Iterator[Recorded]:
    """All events of one stream in order."""
    version = 0
    while True:
        condition = "stream = %s AND stream_version > %s"
        events = selected(condition, "ORDER BY stream_version LIMIT %s", [stream, version, page])
        yield from events
        if len(events) < page:
            return
        version = events[-1].stream_version


def selected(condition: str, order: str, parameters: Sequence[Any]) -> list[Recorded]:
    """Events that meet a condition in SQL, whose values are parameters."""
    with connection.cursor() as cursor:
        cursor.execute(EVENTS.select(condition, order), parameters)
        return EVENTS.decode(cursor.fetchone()[0])
