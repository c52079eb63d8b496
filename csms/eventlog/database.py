"""The few statements that differ between SQLite and PostgreSQL, and nothing else that does."""

from __future__ import annotations

from django.db import connection

from csms.eventlog.table import Statement

# Namespace of our advisory locks: "which positions are being written".
WRITERS = 0x0C99

_SEQUENCE = "pg_get_serial_sequence('eventlog_event', 'position')"


def reserve_positions(count: int) -> list[tuple[str, list[int]]]:
    """Statements that reserve `count` positions in the running transaction; the last one returns them.

    PostgreSQL: another transaction may take later positions and commit earlier. Before it takes its own,
    each writer publishes a lower bound of them as a shared advisory lock, which the commit releases;
    `horizon` is what every reader may read up to. SQLite has one writer at a time.
    """
    if connection.vendor == "postgresql":
        # A sequence that was never used says 1, too, and then gives 1.
        taken = "last_value - (NOT is_called)::int"
        bound = f"(SELECT (({taken}) & 2147483647)::int FROM {sequence_name()})"
        return [
            (f"SELECT pg_advisory_xact_lock_shared({WRITERS}, {bound})", []),
            (f"SELECT nextval('{sequence_name()}') FROM generate_series(1, %s)", [count]),
        ]
    last = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'eventlog_event'), 0)"
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
    return [(f"{numbers} SELECT {last} + i FROM n", [count])]


def sequence_name() -> str:
    """The sequence behind event positions in PostgreSQL, as Django's migration makes it."""
    return '"eventlog_event_position_seq"'


def horizon() -> int:
    """The highest position below which no event can appear any more. Call it before reading.

    First the newest position is read, then the bounds of the writers at work: a writer that publishes
    its bound after that takes positions above the newest.
    """
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("SELECT coalesce(max(position), 0) FROM eventlog_event")
            return int(cursor.fetchone()[0])
        cursor.execute(f"SELECT last_value, is_called FROM {sequence_name()}")
        newest, is_called = cursor.fetchone()
        newest = newest if is_called else 0
        cursor.execute(
            "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [WRITERS],
        )
        bounds = [_unfolded(int(row[0]), newest) for row in cursor.fetchall()]
    return min([newest, *bounds])


def _unfolded(low_bits: int, newest: int) -> int:
    """The position whose low 31 bits are `low_bits`, at or below `newest`."""
    position = (newest & ~0x7FFFFFFF) | low_bits
    return position if position <= newest else position - 0x80000000


def execute(statements: list[Statement]) -> None:
    """Run a batch through Django's own connection, inside the caller's transaction."""
    with connection.cursor() as cursor:
        for sql, parameters in statements:
            cursor.execute(
                sql, [value.decode() if isinstance(value, bytes) else value for value in parameters]
            )
