"""Group commit: the events of many connections and the rows they change, in one transaction.

A session hands in units of work; the writer takes all that wait, decides each on its stream's state,
writes everything, commits, and only then tells the sessions (commit, then answer). It starts when the
database is free, without a fixed delay: while one batch is being committed, the next one gathers.

When something goes wrong the whole batch is decided again from the database, because what is in memory
may be ahead of it:
    the database is away    wait with back-off; the answers are late, not wrong
    a stream moved on       another process appended: load the state again
    one unit is to blame    write the units one by one; it fails alone
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.utils import timezone

from csms.domain.questions import Question
from csms.eventlog import store
from csms.eventlog.projection import Fold, inline_fold
from csms.eventlog.state import Batch, StreamState
from csms.gateway.backends import Backend, CommitUnknown, DatabaseAway, DataRefused, StreamMovedOn

logger = logging.getLogger(__name__)

# A frame that is ready on a socket becomes a unit within this many turns of the event loop.
QUIET_TURNS = 3
MAX_TURNS = 24
BACK_OFF_S = (0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(slots=True, eq=False)
class Unit:
    """One atomic piece of work on one stream.

    decide: records events in the batch and gives what `done` shall hold; it may run several times.
    question: what it asks, so that the look-ups for it are made before.
    events: how many events it records at most.
    """

    stream: str
    decide: Callable[[StreamState, Batch], Any]
    question: Question | None = None
    events: int = 2
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class UnitFailed(Exception):
    """A unit's decision raised: `unit` is to blame, `cause` is why."""

    def __init__(self, unit: Unit, cause: Exception) -> None:
        super().__init__(f"{unit.stream}: {cause!r}")
        self.unit = unit
        self.cause = cause


Prepare = Callable[[list[Unit], dict[str, StreamState]], Awaitable[None]]


class Journal:
    """The one writer of a gateway process.

    prepare: called with each batch before it is decided, to look up what its questions need.
    """

    def __init__(
        self, backend: Backend, prepare: Prepare, *, max_events: int = 2000, fold: Fold | None = None
    ) -> None:
        self.backend = backend
        self._prepare = prepare
        self._max_events = max_events
        self._fold = fold or inline_fold()
        self._waiting: list[Unit] = []
        self._wake = asyncio.Event()
        self._states: dict[str, StreamState] = {}
        self._held: dict[str, int] = {}
        self._stale: set[str] = set()
        self._stopping = False
        self.batches = 0
        self.events = 0
        self.is_away = False

    # --- for sessions ----------------------------------------------------------------------------------

    def submit(self, unit: Unit) -> asyncio.Future[Any]:
        """Hand in a unit; the future is done after its commit, with what `decide` returned."""
        self._waiting.append(unit)
        self._wake.set()
        return unit.done

    def hold(self, stream: str) -> None:
        """Keep the stream's state in memory until it is released as often as held."""
        self._held[stream] = self._held.get(stream, 0) + 1

    def release(self, stream: str) -> None:
        count = self._held.pop(stream, 0) - 1
        if count > 0:
            self._held[stream] = count
        else:
            self._stale.add(stream)

    def invalidate(self, stream: str) -> None:
        """Somebody else appended to the stream: load it again before the next decision."""
        self._stale.add(stream)

    @property
    def depth(self) -> int:
        """Units that wait."""
        return len(self._waiting)

    # --- the writer ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write until stopped; what was handed in before is written."""
        while self._waiting or not self._stopping:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            await self._gather()
            units = self._take()
            await self._settle(units)

    async def _gather(self) -> None:
        """Let the loop hand in what is ready now. Without load that is over at once; it waits for no time."""
        quiet = 0
        for _ in range(MAX_TURNS):
            before = len(self._waiting)
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) == before else 0
            if quiet >= QUIET_TURNS:
                return

    def stop(self) -> None:
        """Finish what waits, then end `run`."""
        self._stopping = True
        self._wake.set()

    def _take(self) -> list[Unit]:
        events = 0
        for index, unit in enumerate(self._waiting):
            events += unit.events
            if events > self._max_events and index:
                taken, self._waiting = self._waiting[:index], self._waiting[index:]
                return taken
        taken, self._waiting = self._waiting, []
        return taken

    async def _settle(self, units: list[Unit]) -> None:
        """Write the units, whatever it takes, and tell each how it went."""
        attempt = 0
        while units:
            try:
                results = await self._write(units)
            except UnitFailed as failure:
                await self._give_up(units)
                units.remove(failure.unit)
                _fail(failure.unit, failure.cause)
            except StreamMovedOn as moved:
                logger.debug("decided on an old state, deciding again: %s", moved)
                await self._give_up(units)
            except DatabaseAway as away:
                self._note_away(away, attempt)
                await self._give_up(units)
                await asyncio.sleep(BACK_OFF_S[min(attempt, len(BACK_OFF_S) - 1)])
                attempt += 1
            except Exception as error:  # refused data, or a bug of ours: who is to blame fails alone
                if not isinstance(error, DataRefused):
                    logger.exception("a batch of %d units failed", len(units))
                await self._give_up(units)
                if len(units) == 1:
                    _fail(units[0], error)
                    return
                for unit in units:
                    await self._settle([unit])
                return
            else:
                if self.is_away:
                    self.is_away = False
                    logger.warning("the database is back")
                for unit, result in zip(units, results, strict=True):
                    if not unit.done.done():
                        unit.done.set_result(result)
                return

    async def _write(self, units: list[Unit]) -> list[Any]:
        await self._load({unit.stream for unit in units})
        await self._prepare(units, self._states)
        positions = await self.backend.begin(sum(unit.events for unit in units))
        batch = Batch(positions, timezone.now(), self._fold)
        results = []
        for unit in units:
            try:
                results.append(unit.decide(self._states[unit.stream], batch))
            except Exception as error:
                raise UnitFailed(unit, error) from error
        if batch.events:
            await self._commit(batch)
        else:
            await self.backend.rollback()
        for stream in {unit.stream for unit in units}:
            if stream in self._held:
                self._fold.trim(self._states[stream])
            else:
                del self._states[stream]
        return results

    async def _commit(self, batch: Batch) -> None:
        try:
            await self.backend.commit(batch.statements())
        except CommitUnknown:
            if not await self._is_committed(batch):
                raise DatabaseAway("the connection broke before the commit") from None
        self.batches += 1
        self.events += len(batch.events)

    async def _is_committed(self, batch: Batch) -> bool:
        """After a broken commit: did it happen? Our positions are ours alone, so one of them tells."""
        attempt = 0
        while True:
            try:
                found = await self.backend.fetch(
                    "SELECT 1 FROM eventlog_event WHERE position = %s AND stream = %s",
                    [batch.events[0].position, batch.events[0].stream],
                )
            except DatabaseAway as away:
                self._note_away(away, attempt)
                await asyncio.sleep(BACK_OFF_S[min(attempt, len(BACK_OFF_S) - 1)])
                attempt += 1
            else:
                return bool(found)

    async def _give_up(self, units: Iterable[Unit]) -> None:
        """Undo the batch: nothing of it stands, and what was decided in memory is forgotten."""
        for unit in units:
            self._states.pop(unit.stream, None)
        try:
            await self.backend.rollback()
        except DatabaseAway as away:
            logger.debug("rollback: %s", away)

    async def _load(self, streams: set[str]) -> None:
        for stream in self._stale:
            self._states.pop(stream, None)
        self._stale.clear()
        missing = [stream for stream in streams if stream not in self._states]
        if missing:
            parameter = [msgspec.json.encode(missing).decode()]
            states = {stream: StreamState(stream) for stream in missing}
            for stream, version in await self.backend.fetch(store.versions_sql(), parameter):
                states[stream].version = version
            for table in self._fold.tables:
                if not table.append:
                    found = await self.backend.fetch(table.select(store.kept(table.keep)), parameter)
                    for row in table.decode(found[0][0]):
                        states[row.charge_point].rows.load(table, [row])
            self._states.update(states)

    def _note_away(self, away: Exception, attempt: int) -> None:
        if not self.is_away:
            self.is_away = True
            logger.error("the database is away, answers wait for it: %s", away)
        else:
            logger.debug("attempt %d: %s", attempt, away)


def _fail(unit: Unit, error: Exception) -> None:
    if not unit.done.done():
        unit.done.set_exception(error)
