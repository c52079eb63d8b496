"""What is known of one charge point: the rows of its projections, kept in memory and written through.

A stream's state is the unit of consistency. Everything appended to the stream is decided on it, and its
`version` is the number of the last event it has seen: if another process appended meanwhile, the unique
(stream, stream_version) refuses ours, the state is thrown away, loaded again, and the decision is made
anew. So rows and decisions can never be based on a log that is no longer the newest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from csms.domain.facts import Fact
from csms.eventlog.event_types import schema_version
from csms.eventlog.models import Event
from csms.eventlog.table import Row, Statement, Table

R = TypeVar("R", bound=Row)


class Recorded(Row):
    """An event as it is written and read; see models.Event for the meaning of each member."""

    position: int
    stream: str
    stream_version: int
    type: str
    schema_version: int
    action: str
    message_id: str
    payload: str
    repairs: str
    cause: int | None
    connection: int | None
    actor: str
    recorded_at: datetime
    happened_at: datetime | None


EVENTS = Table(Event, Recorded, key=("position",), append=True)


RowsByTable = dict[Table[Any], dict[tuple[Any, ...], Any]]


class Rows:
    """The rows of one stream by table and key (an identity map), and which of them were changed."""

    def __init__(self) -> None:
        self._rows: RowsByTable = {}
        self._changed: RowsByTable = {}
        self._hot: RowsByTable = {}

    def get(self, table: Table[R], *key: Any) -> R | None:
        """The row with this key; the stream's identity is the first member of every key."""
        rows = self._rows.get(table)
        return None if rows is None else rows.get(key)

    def all(self, table: Table[R]) -> Iterator[R]:
        return iter(self._rows.get(table, {}).values())

    def put(self, table: Table[R], row: R) -> None:
        """Keep a row that is new or was changed. For append-only tables: write it and forget it."""
        key = table.key_of(row)
        changed = self._changed.setdefault(table, {})
        if table.append:
            changed.setdefault(key, row)  # the first one counts, also within a batch
        else:
            self._rows.setdefault(table, {})[key] = row
            changed[key] = row

    def put_hot(self, table: Table[R], row: R) -> None:
        """Keep a row of which only hot columns were changed."""
        self._hot.setdefault(table, {})[table.key_of(row)] = row

    def load(self, table: Table[R], rows: list[R]) -> None:
        """Add rows as they stand in the database; what is in memory already is newer and stays."""
        known = self._rows.setdefault(table, {})
        for row in rows:
            known.setdefault(table.key_of(row), row)

    def count(self, table: Table[Any]) -> int:
        return len(self._rows.get(table, ()))

    def drop(self, table: Table[R], row: R) -> None:
        """Forget a row; it stays in the database."""
        del self._rows[table][table.key_of(row)]

    def take_changes(self) -> Changes:
        """What is to be written. A row that was put as a whole is not written as a hot one, too."""
        changed, hot = self._changed, self._hot
        self._changed, self._hot = {}, {}
        for table, rows in hot.items():
            for key in rows.keys() & changed.get(table, {}).keys():
                del rows[key]
        return Changes(changed, hot)


class Changes:
    """Rows to write, of one or of many streams."""

    def __init__(self, changed: RowsByTable | None = None, hot: RowsByTable | None = None) -> None:
        self.changed = {} if changed is None else changed
        self.hot = {} if hot is None else hot

    def add(self, other: Changes) -> None:
        for mine, theirs in ((self.changed, other.changed), (self.hot, other.hot)):
            for table, rows in theirs.items():
                if table in mine:
                    mine[table].update(rows)
                else:
                    mine[table] = rows

    def all(self, table: Table[R]) -> dict[tuple[Any, ...], R]:
        """Every row of the table, however it is to be written."""
        return self.hot.get(table, {}) | self.changed.get(table, {})

    def statements(self) -> list[Statement]:
        written = [s for table, rows in self.changed.items() for s in table.upserts(rows.values())]
        for table, rows in self.hot.items():
            written += table.upserts(rows.values(), only_hot=True)
        return written


class StreamState:
    """One charge point's rows and the version of the stream that they are true for."""

    __slots__ = ("rows", "stream", "version")

    def __init__(self, stream: str, version: int = 0) -> None:
        self.stream = stream
        self.version = version
        self.rows = Rows()


Fold = Callable[[StreamState, Recorded, tuple[Fact, ...]], None]


class Batch:
    """Events of many streams, and the rows that they change, for one database transaction."""

    def __init__(self, positions: Iterable[int], now: datetime, fold: Fold) -> None:
        self.now = now
        self._fold = fold
        self.events: list[Recorded] = []
        self._positions = iter(positions)
        self._states: dict[str, StreamState] = {}

    def record(
        self,
        state: StreamState,
        type_: str,
        *,
        payload: str,
        action: str = "",
        message_id: str = "",
        repairs: str = "",
        cause: int | None = None,
        connection: int | None = None,
        actor: str = "",
        happened_at: datetime | None = None,
        facts: tuple[Fact, ...] = (),
        facts_at: Callable[[int], tuple[Fact, ...]] | None = None,
    ) -> Recorded:
        """Append an event to a stream and fold what it says into the stream's rows.

        connection: 0 stands for the event's own position.
        facts_at: gives the facts where they name the event's own position.
        """
        position = next(self._positions)
        state.version += 1
        event = Recorded(
            position=position,
            stream=state.stream,
            stream_version=state.version,
            type=type_,
            schema_version=schema_version(type_),
            action=action,
            message_id=message_id,
            payload=payload,
            repairs=repairs,
            cause=cause,
            connection=position if connection == 0 else connection,
            actor=actor,
            recorded_at=self.now,
            happened_at=happened_at,
        )
        self.events.append(event)
        self._states[state.stream] = state
        self._fold(state, event, facts if facts_at is None else facts_at(position))
        return event

    @property
    def states(self) -> list[StreamState]:
        return list(self._states.values())

    def statements(self) -> list[Statement]:
        """The whole batch as statements: the events, then table by table."""
        changes = Changes()
        for state in self._states.values():
            changes.add(state.rows.take_changes())
        return EVENTS.inserts(self.events) + changes.statements()
