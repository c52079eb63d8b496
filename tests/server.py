"""Real server processes: `manage.py run_gateway` as it runs in a deployment. Usable without pytest."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parent.parent
READY = re.compile(r"listening on (http://\S+)")


class ServerFailed(Exception):
    """It ended or stayed silent instead of listening; the message holds the end of its log."""


class ServerProcess:
    """One server. The log file holds all it says; `url` is where it listens, known once it does."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], directory: Path) -> None:
        self.command = [sys.executable, *command]
        self.environment = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
        self.log_path = directory / f"server-{time.monotonic_ns()}.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        self.url = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def ocpp_url(self, identity: str = "") -> str:
        return f"{self.url.replace('http', 'ws', 1)}/ocpp/{identity}"

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait_until_listening(self, timeout_s: float = 60) -> Self:
        deadline = time.monotonic() + timeout_s
        while not (ready := READY.search(self.log())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"{' '.join(self.command[1:])}\n{self.log()[-4000:]}")
            time.sleep(0.02)
        self.url = ready[1].rstrip("/")
        return self

    def kill(self) -> None:
        """kill -9: no chance to tidy up."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_s: float = 30) -> int:
        """SIGTERM, as a deployment does it. Returns the exit code; kills and raises if it takes longer."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"still running {timeout_s} s after SIGTERM:\n{self.log()[-4000:]}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


def environment(
    *, database_url: str, directory: Path, redis_url: str = "", **settings: object
) -> dict[str, str]:
    """For a server process on this database. `settings`: of csms/settings/ocpp.py, call_timeout_s=2."""
    return {
        "DJANGO_SETTINGS_MODULE": "csms.settings.development",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "only-for-tests",
        "VAR_DIR": str(directory),
        **{f"PYROCPP_{name.upper()}": str(value) for name, value in settings.items()},
    }


def migrate(database_url: str, *, directory: Path) -> None:
    """Bring a database to the current schema, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, **environment(database_url=database_url, directory=directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise ServerFailed(f"migrate failed:\n{done.stdout[-4000:]}")


def start_server(
    *,
    database_url: str,
    directory: Path,
    redis_url: str = "",
    port: int = 0,
    arguments: Sequence[str] = (),
    extra_environment: Mapping[str, str] | None = None,
    **settings: object,
) -> ServerProcess:
    """Start `manage.py run_gateway` on loopback and wait until it listens.

    directory: for its log and its files.    port: 0 takes a free one.    settings: see environment().
    """
    server = ServerProcess(
        ["manage.py", "run_gateway", "--host", "127.0.0.1", "--port", str(port), *arguments],
        environment={
            **environment(database_url=database_url, redis_url=redis_url, directory=directory, **settings),
            **(extra_environment or {}),
        },
        directory=directory,
    )
    return server.wait_until_listening()
