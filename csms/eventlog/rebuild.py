"""Fold the log anew: compare the rows with those that stand in the database, or replace them.

Stream by stream. Replacing one appends `projection.rebuilt` to it, in the same transaction: so a gateway
that appended meanwhile makes us start over, and one that holds the stream in memory loads it again.
Nothing has to be stopped for a rebuild.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from csms.eventlog import database, store
from csms.eventlog import event_types as et
from csms.eventlog.interpret import Interpreter
from csms.eventlog.models import Checkpoint, Event
from csms.eventlog.projection import ASYNC, INLINE, Fold, Projection, projections
from csms.eventlog.state import Batch, Recorded, StreamState
from csms.eventlog.table import Row, Table

Key = tuple[Any, ...]

# Looks at a charge point that keeps on talking, before a difference is believed.
ATTEMPTS = 10


@dataclass(frozen=True)
class Difference:
    """A row that is not what the log says. None: not there."""

    projection: str
    table: str
    key: Key
    stored: Row | None
    rebuilt: Row | None

    def __str__(self) -> str:
        place = f"{self.projection}: {self.table} {'/'.join(map(str, self.key))}"
        if self.stored is None:
            return f"{place} is missing"
        if self.rebuilt is None:
            return f"{place} should not be there"
        columns = [
            f"{column} is {getattr(self.stored, column)!r}, should be {getattr(self.rebuilt, column)!r}"
            for column in self.stored.__struct_fields__
            if getattr(self.stored, column) != getattr(self.rebuilt, column)
        ]
        return f"{place}: {'; '.join(columns)}"


def streams() -> list[str]:
    """Every stream that has events, or rows without events."""
    return sorted(Event.objects.values_list("stream", flat=True).distinct())


def chosen(names: Iterable[str]) -> tuple[type[Projection], ...]:
    """The projections with these names; all without any. Raises KeyError with the first unknown name."""
    by_name = {projection.name(): projection for projection in projections()}
    return tuple(by_name[name] for name in names) if names else projections()


def differences(stream: str, wanted: tuple[type[Projection], ...]) -> Iterator[Difference]:
    """What a rebuild of this stream would change."""
    for _ in range(ATTEMPTS):
        before = _version(stream)
        found = list(_differences(stream, wanted))
        if not found or _version(stream) == before:
            break  # else the charge point went on between the look at the log and the look at the rows
    yield from found


def _version(stream: str) -> int:
    newest: int | None = Event.objects.filter(stream=stream).aggregate(newest=Max("stream_version"))["newest"]
    return newest or 0


def _differences(stream: str, wanted: tuple[type[Projection], ...]) -> Iterator[Difference]:
    for mode in (INLINE, ASYNC):
        of_mode = [projection for projection in wanted if projection.mode is mode]
        if not of_mode:
            continue
        with transaction.atomic():
            rebuilt = _folded(stream, mode)
            stored = {table: _stored(table, stream) for p in of_mode for table in p.tables}
        for projection in of_mode:
            for table in projection.tables:
                should, is_now = rebuilt.get(table, {}), stored[table]
                for key in sorted(should.keys() | is_now.keys(), key=str):
                    if should.get(key) != is_now.get(key):
                        yield Difference(projection.name(), table.name, key, is_now.get(key), should.get(key))


def rebuild(stream: str, wanted: tuple[type[Projection], ...], *, actor: str) -> None:
    """Replace the rows of one stream by what the log says."""

    def decide(state: StreamState, batch: Batch) -> None:
        names = []
        for mode in (INLINE, ASYNC):
            of_mode = [projection for projection in wanted if projection.mode is mode]
            if of_mode:
                rebuilt = _folded(stream, mode)
                for projection in of_mode:
                    names.append(projection.name())
                    for table in projection.tables:
                        _replace(table, stream, rebuilt.get(table, {}).values())
        # What `store.append` loaded before is void now; the event itself changes no row.
        batch.record(
            StreamState(stream, state.version),
            et.PROJECTION_REBUILT,
            payload=json.dumps({"projections": names}),
            actor=actor,
        )

    store.append(stream, decide)


def note_versions(wanted: tuple[type[Projection], ...]) -> None:
    """Remember which version of each projection wrote the rows."""
    for projection in wanted:
        Checkpoint.objects.update_or_create(name=projection.name(), defaults={"version": projection.version})


def outdated() -> list[str]:
    """Inline projections whose rows were written by another version; they should be rebuilt."""
    noted = dict(Checkpoint.objects.values_list("name", "version"))
    return [
        p.name() for p in projections() if p.mode is INLINE and noted.get(p.name(), p.version) != p.version
    ]


def _folded(stream: str, mode: Any) -> dict[Table[Any], dict[Key, Row]]:
    """All rows of a stream as the log gives them; of asynchronous projections as far as each has come."""
    if mode is INLINE:
        fold = Fold(tuple(p for p in projections() if p.mode is INLINE))
        return _fold_stream(stream, fold, None)
    rows: dict[Table[Any], dict[Key, Row]] = {}
    for projection in projections():
        if projection.mode is ASYNC:
            checkpoint = Checkpoint.objects.select_for_update().filter(name=projection.name()).first()
            rows |= _fold_stream(stream, Fold((projection,)), checkpoint.position if checkpoint else 0)
    return rows


def _fold_stream(stream: str, fold: Fold, up_to: int | None) -> dict[Table[Any], dict[Key, Row]]:
    interpreter = Interpreter()
    state = StreamState(stream)
    event: Recorded
    for event in store.read_stream(stream):
        if up_to is not None and event.position > up_to:
            break
        fold(state, event, interpreter.facts(event))
    changes = state.rows.take_changes()
    return {table: changes.all(table) for table in fold.tables}


def _stored(table: Table[Any], stream: str) -> dict[Key, Row]:
    with connection.cursor() as cursor:
        cursor.execute(table.select("charge_point = %s"), [stream])
        return {table.key_of(row): row for row in table.decode(cursor.fetchone()[0])}


def _replace(table: Table[Any], stream: str, rows: Iterable[Row]) -> None:
    table.model._default_manager.filter(charge_point=stream)._raw_delete(connection.alias)
    database.execute(table.inserts(rows))
