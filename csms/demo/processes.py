"""The child processes of the demonstration: they end with it, in order, and say why when they end early."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

POLL_S = 0.05
LOG_TAIL = 2000


class ChildFailed(Exception):
    """A process that is needed ended by itself, or did not get ready in time."""


class Child:
    """One process. Its output goes to a file; Ctrl-C in the terminal does not reach it, only its parent."""

    def __init__(self, name: str, arguments: Sequence[str], *, directory: Path, log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own programs and arguments
                [sys.executable, *arguments],
                cwd=directory,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def failure(self) -> ChildFailed:
        ended = f"ended with status {self._process.poll()}" if not self.is_running else "did not get ready"
        return ChildFailed(f"{self.name} {ended}. {self.log} ends with:\n{self.said()[-LOG_TAIL:].strip()}")

    def wait_for(
        self, found: Callable[[str], str | None], *, within_s: float, stop: Callable[[], bool]
    ) -> str:
        """Wait until `found` finds something in what the child said; "" when told to stop.

        Raises ChildFailed when it ended, or when the time is over.
        """
        deadline = time.monotonic() + within_s
        while not stop():
            if (text := found(self.said())) is not None:
                return text
            if not self.is_running or time.monotonic() > deadline:
                raise self.failure()
            time.sleep(POLL_S)
        return ""

    def ask_to_end(self) -> None:
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, within_s: float) -> None:
        """Wait for its end, and enforce it after that."""
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        if self.is_running:
            self._process.kill()
        self._process.wait()


class Children:
    """All of them. As a context manager it leaves no process behind, whatever happens."""

    def __init__(self, *, directory: Path, logs: Path) -> None:
        self._directory = directory
        self._logs = logs
        self._groups: dict[str, list[Child]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, group: str, name: str, arguments: Sequence[str]) -> Child:
        child = Child(name, arguments, directory=self._directory, log=self._logs / f"{name}.log")
        self._groups.setdefault(group, []).append(child)
        return child

    def end(self, group: str, *, within_s: float) -> None:
        children = self._groups.get(group, [])
        for child in children:
            child.ask_to_end()
        deadline = time.monotonic() + within_s
        for child in children:
            child.wait(max(0.1, deadline - time.monotonic()))

    def check(self, *groups: str) -> None:
        """Raises ChildFailed for the first of these groups' processes that is not running any more."""
        for group in groups:
            for child in self._groups.get(group, []):
                if not child.is_running:
                    raise child.failure()

    def newly_ended(self, group: str) -> list[Child]:
        """Those of a group that ended by themselves since the last time."""
        ended = [child for child in self._groups.get(group, []) if not child.is_running]
        for child in ended:
            self._groups[group].remove(child)
        return ended

    def kill(self) -> None:
        for children in self._groups.values():
            for child in children:
                child.kill()

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
