"""The fixtures themselves: real servers, private databases, no silent skip."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from django.db import connection

from tests import services
from tests.services import PostgresServer, RedisServer, ServiceFailed


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_has_an_empty_postgresql_database(postgres_url, turn):
    with psycopg.connect(postgres_url) as client:
        client.execute("CREATE TABLE mine (id int)")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_has_an_empty_redis_database(redis_url, turn):
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("key", "value")


def test_live_database_is_migrated_and_is_the_default_of_django(live_database):
    assert connection.vendor == live_database.vendor
    assert "django_session" in connection.introspection.table_names()


def test_a_server_keeps_data_and_address_while_it_is_stopped():
    with PostgresServer() as server:
        url = server.create_database("kept")
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
        server.start()
        psycopg.connect(url).close()
    assert not server.directory.exists()


class Broken(RedisServer):
    name = "broken"

    def _launch(self, log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", "raise SystemExit('no luck')"], stderr=log)


def test_a_server_that_does_not_start_says_why():
    with pytest.raises(ServiceFailed, match="no luck"), Broken():
        pass


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_shared_servers_end_with_their_run_however_it_ends(tmp_path: Path, end: signal.Signals):
    run = tmp_path / "run"
    run.mkdir()
    owner = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    url = services.shared(RedisServer, run, owner=owner.pid)
    assert services.shared(RedisServer, run, owner=owner.pid) == url
    [keeper] = [p for p in psutil.process_iter(["cmdline"]) if str(run) in (p.info["cmdline"] or [])]
    [server] = keeper.children()

    owner.send_signal(end)
    owner.wait()
    owner.stdin.close()
    assert psutil.wait_procs([server, keeper], timeout=10)[1] == []
    assert not run.exists()
