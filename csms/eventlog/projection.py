"""Projections: tables that are folded from facts, and may be dropped and rebuilt at any time.

A projection is a class with one table (or a few that belong together) and a method for each fact that
it is interested in. A method gets the fact, the event that it was read from and the rows of that
charge point; it reads and puts rows, and nothing else: no clock, no query, no other charge point. So
the same method serves live traffic, the projector and a rebuild, and gives the same rows in each.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.utils.module_loading import import_string

from csms.domain.facts import Fact
from csms.eventlog.state import Recorded, Rows, StreamState
from csms.eventlog.table import Table

Handler = Callable[[Any, Any, Recorded, Rows], None]
H = TypeVar("H", bound=Handler)


class Mode(Enum):
    """When a projection's rows are written."""

    INLINE = "in the transaction that appends the event"
    ASYNC = "by the projector, behind a checkpoint"


INLINE, ASYNC = Mode.INLINE, Mode.ASYNC


class Projection:
    """version: raise it when the rows of the same events would come out otherwise, then rebuild."""

    mode: ClassVar[Mode] = INLINE
    version: ClassVar[int] = 1
    tables: ClassVar[tuple[Table[Any], ...]]

    @classmethod
    def name(cls) -> str:
        return cls.__name__

    @staticmethod
    def trim(rows: Rows) -> None:
        """Drop rows from memory that no fact can need before a look-up brings them back."""

    @classmethod
    def handlers(cls) -> dict[type[Fact] | str, Handler]:
        found: dict[type[Fact] | str, Handler] = {}
        for member in vars(cls).values():
            for subject in getattr(member, "_folds", ()):
                found[subject] = member
        return found


def on(*subjects: type[Fact] | str) -> Callable[[H], H]:
    """Mark a projection's method as the one that folds these facts.

    A subject may also be an event type, for what is counted rather than understood; the event then
    stands in the place of the fact.
    """

    def mark(method: H) -> H:
        method._folds = subjects  # type: ignore[attr-defined]
        return method

    return mark


class Fold:
    """Folds facts into the rows of a chosen set of projections."""

    def __init__(self, projections: tuple[type[Projection], ...]) -> None:
        self.projections = projections
        self.tables = tuple(table for projection in projections for table in projection.tables)
        self._trims = [p.trim for p in projections if p.trim is not Projection.trim]
        self._handlers: dict[type[Fact] | str, list[Callable[..., None]]] = {}
        for projection in projections:
            instance = projection()
            for subject, handler in projection.handlers().items():
                self._handlers.setdefault(subject, []).append(handler.__get__(instance))

    def trim(self, state: StreamState) -> None:
        """Keep a long-lived state small; to be called between batches."""
        for trim in self._trims:
            trim(state.rows)

    def __call__(self, state: StreamState, event: Recorded, facts: tuple[Fact, ...]) -> None:
        """Fold what `event` says into `state`. The order of projections is that of the setting."""
        rows = state.rows
        for handler in self._handlers.get(event.type, ()):
            handler(event, event, rows)
        for fact in facts:
            for handler in self._handlers.get(type(fact), ()):
                handler(fact, event, rows)


@cache
def projections() -> tuple[type[Projection], ...]:
    """Every projection, from the explicit list in the settings."""
    return tuple(import_string(path) for path in settings.PROJECTIONS)


@cache
def inline_fold() -> Fold:
    return Fold(tuple(projection for projection in projections() if projection.mode is INLINE))
