"""Waiting for a command's answer or effect.

However many wait in one process, one thread asks the database for all of them, in one query, a few times
a second, and holds no transaction. Commands are answered in whichever process holds the connection, so the
database is where all can see it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal
from weakref import WeakKeyDictionary

from django.db import Error, close_old_connections, connection

from csms.outbox.models import Command
from csms.outbox.projections import AWAITED, UNFINISHED

Until = Literal["answer", "effect"]
Key = tuple[str, Until]

POLL_S = 0.05
# Each costs an idle thread of Django's, and nothing else.
MAX_WAITING = 500


class TooManyWait(Exception):
    """This process has as many waiting requests as it will have."""


def is_settled(state: str, effect: str, until: Until) -> bool:
    """answer: it was answered, or never will be. effect: and its effect was seen, or is not to be seen."""
    return state not in UNFINISHED and (until == "answer" or effect != AWAITED)


def wait(
    command_id: str, *, until: Until, timeout_s: float, look: Callable[[], object] = lambda: None
) -> bool:
    """Wait in this thread; for command lines. look: called while waiting. Gives whether it is settled."""
    deadline = time.monotonic() + timeout_s
    while not _settled({command_id: until}):
        if time.monotonic() >= deadline:
            return False
        look()
        time.sleep(POLL_S)
    return True


class Watched:
    """A command that somebody waits for, and how many do."""

    def __init__(self) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiters = 0


class Waiting:
    """All who wait in one event loop."""

    def __init__(self) -> None:
        self._watched: dict[Key, Watched] = {}
        self._task: asyncio.Task[None] | None = None

    async def until(self, command_id: str, until: Until, timeout_s: float) -> None:
        """Return when it is settled, or when the time is over. Raises TooManyWait."""
        if sum(watched.waiters for watched in self._watched.values()) >= MAX_WAITING:
            raise TooManyWait
        key = (command_id, until)
        watched = self._watched.get(key) or self._watched.setdefault(key, Watched())
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._poll())
        watched.waiters += 1
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(watched.future)
        except TimeoutError:
            return
        finally:
            watched.waiters -= 1
            if not watched.waiters and self._watched.get(key) is watched:
                del self._watched[key]

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, thread_name_prefix="waiting")
        try:
            while self._watched:
                try:
                    settled = await loop.run_in_executor(thread, _settled_keys, list(self._watched))
                except Error:  # the database is away: who waits, waits on
                    settled = []
                for key in settled:
                    watched = self._watched.pop(key, None)
                    if watched is not None:
                        watched.future.set_result(None)
                await asyncio.sleep(POLL_S)
        finally:
            thread.submit(lambda: connection.close())  # the connection of that thread
            thread.shutdown(wait=False)


_waiting: WeakKeyDictionary[asyncio.AbstractEventLoop, Waiting] = WeakKeyDictionary()


def waiting() -> Waiting:
    """Those who wait in the running event loop."""
    return _waiting.setdefault(asyncio.get_running_loop(), Waiting())


def _settled_keys(keys: list[Key]) -> list[Key]:
    close_old_connections()
    return _settled_of(keys)


def _settled(wanted: dict[str, Until]) -> bool:
    return bool(_settled_of(list(wanted.items())))


def _settled_of(keys: list[Key]) -> list[Key]:
    rows = Command.objects.filter(command_id__in={command_id for command_id, _ in keys})
    found = {row[0]: row[1:] for row in rows.values_list("command_id", "state", "effect")}
    return [key for key in keys if key[0] in found and is_settled(*found[key[0]], until=key[1])]
