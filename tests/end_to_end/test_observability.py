"""Health and metrics of a real server process."""

import time
import urllib.error
import urllib.request

import pytest

from tests.server import migrate

pytestmark = pytest.mark.end_to_end


def get(server, path):
    """(status, text) of a GET."""
    try:
        with urllib.request.urlopen(f"{server.url}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health_and_metrics_are_served(database, start_server):
    server = start_server(database_url=database.url)
    assert get(server, "/health/live") == (200, "live\n")
    assert get(server, "/health/ready") == (200, "ready\n")
    status, text = get(server, "/metrics")
    assert status == 200
    assert "pyrocpp_connections 0.0" in text
    assert "pyrocpp_journal_database_away 0.0" in text
    assert get(server, "/health/else")[0] == 404


def test_server_without_its_database_is_live_but_not_ready(own_postgres, start_server, tmp_path):
    url = own_postgres.create_database("ready")
    migrate(url, directory=tmp_path)
    server = start_server(database_url=url)
    assert get(server, "/health/ready")[0] == 200
    own_postgres.stop()
    assert get(server, "/health/ready") == (503, "the database is away\n")
    assert get(server, "/health/live")[0] == 200
    own_postgres.start()
    deadline = time.monotonic() + 20
    while get(server, "/health/ready")[0] != 200:
        assert time.monotonic() < deadline, "it did not come back"
