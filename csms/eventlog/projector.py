"""Fold the asynchronous projections: follow the log from a checkpoint, batch by batch.

A batch's rows and the checkpoint are one transaction, so a projector that is killed goes on where it
was. Two projectors for the same projection wait for each other at the checkpoint's row.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from csms.eventlog import database, store
from csms.eventlog.interpret import Interpreter
from csms.eventlog.models import Checkpoint
from csms.eventlog.projection import ASYNC, Fold, Projection, projections
from csms.eventlog.state import Changes, Recorded

BATCH = 1000


def asynchronous() -> tuple[type[Projection], ...]:
    return tuple(projection for projection in projections() if projection.mode is ASYNC)


def advance(projection: type[Projection], *, limit: int = BATCH) -> int:
    """Fold the next batch of events. Returns how many there were; 0: it has caught up."""
    with transaction.atomic():
        Checkpoint.objects.get_or_create(name=projection.name(), defaults={"version": projection.version})
        checkpoint = Checkpoint.objects.select_for_update().get(name=projection.name())
        if checkpoint.version != projection.version:
            _start_over(projection, checkpoint)
        events = store.read(checkpoint.position, limit=limit)
        if not events:
            return 0
        _fold(projection, events)
        checkpoint.position = events[-1].position
        checkpoint.save()
    return len(events)


def catch_up(projection: type[Projection], progress: Callable[[int], None] = lambda count: None) -> int:
    """Fold all that there is. progress: called with the size of each batch. Returns the total."""
    total = 0
    while count := advance(projection):
        total += count
        progress(count)
    return total


def lag(projection: type[Projection]) -> int:
    """Positions between the newest event and the projection's checkpoint."""
    checkpoint = Checkpoint.objects.filter(name=projection.name()).first()
    return database.horizon() - (checkpoint.position if checkpoint else 0)


def _fold(projection: type[Projection], events: list[Recorded]) -> None:
    fold = Fold((projection,))
    states = store.load_states(sorted({event.stream for event in events}), fold)
    interpreter = Interpreter(look_up=_one)
    for event in events:
        fold(states[event.stream], event, interpreter.facts(event))
    changes = Changes()
    for state in states.values():
        changes.add(state.rows.take_changes())
    database.execute(changes.statements())


def _one(position: int) -> Recorded:
    """An event that a later one refers to, from before this batch."""
    return store.read_at([position])[position]


def _start_over(projection: type[Projection], checkpoint: Checkpoint) -> None:
    for table in projection.tables:
        table.model._default_manager.all().delete()
    checkpoint.position = 0
    checkpoint.version = projection.version
