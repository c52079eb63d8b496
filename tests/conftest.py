"""Fixtures for all tests: real databases, a real broker, real servers. What cannot start fails the test.

postgres_url     an empty PostgreSQL database of this test
redis_url        an empty database of a Redis-protocol server
database         a migrated database of this test, once on SQLite and once on PostgreSQL
live_database    the same, as Django's default connection, for tests whose commits must be real
start_server     starts server processes on a database, and ends them with the test
"""

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest
import redis
from django.conf import settings
from django.db import connections

from csms.settings.environment import database as django_database
from tests import server as servers
from tests import services
from tests.services import PostgresServer, RedisServer

# A busy machine is slow, not wrong.
hypothesis.settings.register_profile("pyrocpp", deadline=None)
hypothesis.settings.load_profile("pyrocpp")

RUN = "PYROCPP_TEST_RUN"  # directory of this run, made by the first process, inherited by the workers
OWNER = "PYROCPP_TEST_OWNER"  # its process id


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[RUN] = tempfile.mkdtemp(prefix="pyrocpp-run-")
        os.environ[OWNER] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        run = Path(os.environ.pop(RUN))
        services.stop_shared(run)
        shutil.rmtree(run, ignore_errors=True)


@pytest.fixture(scope="session")
def run_directory() -> Path:
    """Shared by all workers of this run, removed at its end."""
    return Path(os.environ[RUN])


# ---- servers


@pytest.fixture(scope="session")
def postgres_server_url(run_directory: Path) -> str:
    """A PostgreSQL on which databases may be made: DATABASE_URL if it names one, else a private one."""
    if (given := os.environ.get("DATABASE_URL", "")).startswith("postgres"):
        return given
    return services.shared(PostgresServer, run_directory, owner=int(os.environ[OWNER]))


@pytest.fixture(scope="session")
def redis_server_url(run_directory: Path) -> str:
    return os.environ.get("REDIS_URL") or services.shared(
        RedisServer, run_directory, owner=int(os.environ[OWNER])
    )


@pytest.fixture
def postgres_url(postgres_server_url: str) -> Iterator[str]:
    name = _database_name()
    yield services.create_database(postgres_server_url, name)
    services.drop_database(postgres_server_url, name)


@pytest.fixture
def redis_url(redis_server_url: str, worker_id: str) -> str:
    number = 1 if worker_id == "master" else 1 + int(worker_id.removeprefix("gw"))
    url = urlsplit(redis_server_url)._replace(path=f"/{number}").geturl()
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test alone, which it may stop and start."""
    with PostgresServer() as server:
        yield server


# ---- databases


@dataclasses.dataclass(frozen=True)
class Database:
    vendor: str  # as in django.db.connection.vendor
    url: str


@pytest.fixture(scope="session")
def migrated_sqlite(run_directory: Path) -> Path:
    path = run_directory / "migrated.sqlite3"
    with services.locked(run_directory / "migrated-sqlite.lock"):
        if not path.exists():
            draft = path.with_suffix(".draft")
            servers.migrate(f"sqlite:///{draft}", directory=run_directory)
            draft.rename(path)
    return path


@pytest.fixture(scope="session")
def migrated_postgres(run_directory: Path, postgres_server_url: str) -> str:
    """Name of a database that others are copied from; nobody connects to it."""
    name = f"pyrocpp_{os.environ[OWNER]}_migrated"
    done = run_directory / "migrated-postgres.done"
    with services.locked(run_directory / "migrated-postgres.lock"):
        if not done.exists():
            servers.migrate(services.create_database(postgres_server_url, name), directory=run_directory)
            done.touch()
    return name


@pytest.fixture
def sqlite_database(tmp_path: Path, migrated_sqlite: Path) -> Database:
    path = shutil.copy(migrated_sqlite, tmp_path / "pyrocpp.sqlite3")
    return Database("sqlite", f"sqlite:///{path}")


@pytest.fixture
def postgresql_database(postgres_server_url: str, migrated_postgres: str) -> Iterator[Database]:
    name = _database_name()
    yield Database(
        "postgresql", services.create_database(postgres_server_url, name, template=migrated_postgres)
    )
    services.drop_database(postgres_server_url, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture
def live_database(database: Database, django_db_blocker: pytest.FixtureRequest) -> Iterator[Database]:
    """Django's default connection, in every thread, is this test's own database; commits are real."""
    usual = settings.DATABASES["default"]
    with django_db_blocker.unblock():
        _use(connections.configure_settings({"default": django_database(database.url)})["default"])
        try:
            yield database
        finally:
            _use(usual)


def _use(configuration: dict) -> None:
    connections["default"].close()
    connections.settings["default"] = configuration
    del connections["default"]


_numbers = iter(range(1_000_000))


def _database_name() -> str:
    """Unlike any other, also on a server that other runs use."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return f"pyrocpp_{os.environ[OWNER]}_{worker}_{next(_numbers)}"


# ---- processes


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., servers.ServerProcess]]:
    """start_server(database_url=..., redis_url=..., call_timeout_s=2) -> a listening ServerProcess."""
    started: list[servers.ServerProcess] = []

    def start(**options: object) -> servers.ServerProcess:
        server = servers.start_server(directory=tmp_path, **options)
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()
