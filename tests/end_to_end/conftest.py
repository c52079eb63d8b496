"""Servers that the tests of one worker share, and what they read of the databases behind them.

site             a running server on its database, once on SQLite and once on PostgreSQL
sqlite_site      the one on SQLite, for what has nothing to do with the database
"""

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from csms.charging.models import Transaction
from csms.eventlog import store
from csms.eventlog.state import Recorded
from csms.settings.environment import database as django_database
from tests import factories, services
from tests import server as servers
from tests.end_to_end.wire import ChargePoint, unlike_any_other
from tests.server import ServerProcess

WITHIN_S = 20


class Site:
    """A server process and its database. While a test runs, Django's default connection is that database."""

    def __init__(self, vendor: str, database_url: str, server: ServerProcess) -> None:
        self.vendor = vendor
        self.database_url = database_url
        self.server = server
        self._log_seen = 0

    def connect(self, identity: str, **options: Any) -> ChargePoint:
        return ChargePoint(self.server.ocpp_url(), identity, **options)

    def events(self, stream: str, *types: str) -> list[Recorded]:
        """The stream's events in order; only of these types, when there are any."""
        return [event for event in store.read_stream(stream) if not types or event.type in types]

    def frames(self, stream: str, *types: str) -> list[str]:
        return [event.payload for event in self.events(stream, *types)]

    def new_log(self) -> str:
        """What the server has said since this was last asked."""
        log = self.server.log()
        new, self._log_seen = log[self._log_seen :], len(log)
        return new


def until(condition: Callable[[], Any], *, within_s: float = WITHIN_S, what: str = "") -> Any:
    """Wait for a condition, with a deadline; gives its value."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what or condition}")
        time.sleep(0.02)
    return value


def use(database_url: str) -> None:
    """Make this Django's default database, in this thread."""
    connections["default"].close()
    connections.settings["default"] = connections.configure_settings(
        {"default": django_database(database_url)}
    )["default"]
    del connections["default"]


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("sqlite-site")
    path = directory / "pyrocpp.sqlite3"
    path.write_bytes(migrated_sqlite.read_bytes())
    url = f"sqlite:///{path}"
    with servers.start_server(database_url=url, directory=directory) as server:
        yield Site("sqlite", url, server)


@pytest.fixture(scope="session")
def postgresql_server(
    tmp_path_factory: pytest.TempPathFactory, postgres_server_url: str, migrated_postgres: str, worker_id: str
) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("postgresql-site")
    name = f"pyrocpp_{os.environ['PYROCPP_TEST_OWNER']}_site_{worker_id}"
    url = services.create_database(postgres_server_url, name, template=migrated_postgres)
    with servers.start_server(database_url=url, directory=directory) as server:
        yield Site("postgresql", url, server)
    services.drop_database(postgres_server_url, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[Site]:
    yield from _used(request.getfixturevalue(f"{request.param}_server"), django_db_blocker)


@pytest.fixture
def sqlite_site(sqlite_server: Site, django_db_blocker: Any) -> Iterator[Site]:
    yield from _used(sqlite_server, django_db_blocker)


def _used(shared: Site, blocker: Any) -> Iterator[Site]:
    usual = settings.DATABASES["default"]
    with blocker.unblock():
        use(shared.database_url)
        try:
            yield shared
        finally:
            connections["default"].close()
            connections.settings["default"] = usual
            del connections["default"]
    assert shared.server.process.poll() is None, shared.server.log()[-4000:]
    assert "Traceback" not in (log := shared.new_log()), log[-4000:]


@pytest.fixture
def own_site(database: Any, start_server: Any, django_db_blocker: Any) -> Iterator[Callable[..., Site]]:
    """own_site(lobby_size=3, ...) -> a server of this test alone, on its own database."""
    usual = settings.DATABASES["default"]
    with django_db_blocker.unblock():
        use(database.url)
        try:
            yield lambda **options: Site(
                database.vendor, database.url, start_server(database_url=database.url, **options)
            )
        finally:
            connections["default"].close()
            connections.settings["default"] = usual
            del connections["default"]


def parsed(texts: list[str]) -> list[Any]:
    return [json.loads(text) for text in texts]


def query(sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


# --- charge points and what became of their transactions


@pytest.fixture
def charge_point(site):
    identity = factories.charge_point(identity=unlike_any_other()).identity
    with site.connect(identity) as connected:
        yield connected


@pytest.fixture
def tag():
    """Makes enrolled tokens that no other test uses."""

    def make(**fields):
        return factories.id_token(id_token=f"T{uuid.uuid4().hex[:12].upper()}", **fields).id_token

    return make


def transactions(charge_point):
    return list(Transaction.objects.filter(charge_point=charge_point.identity).order_by("start_position"))


def only_transaction(charge_point):
    [transaction] = transactions(charge_point)
    return transaction
