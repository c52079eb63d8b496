"""The server as a process: it says where it listens, ends when told, and starts again on what it stored."""

import json
import signal

import pytest
from websockets.sync.client import connect

from tests import factories

pytestmark = pytest.mark.end_to_end

BOOT = '[2,"1","BootNotification",{"chargePointVendor":"Vendor","chargePointModel":"Model"}]'


def boot(server, identity):
    """Connect, boot, disconnect; gives the status that it is told."""
    with connect(server.ocpp_url(identity), subprotocols=["ocpp1.6"]) as socket:
        socket.send(BOOT)
        kind, unique_id, payload = json.loads(socket.recv(timeout=10))
    assert (kind, unique_id) == (3, "1")
    return payload["status"]


@pytest.fixture
def registered(live_database):
    """A database with one charge point."""
    factories.charge_point(identity="CP 1/ü")
    return live_database


URL_FORM = "CP%201%2F%C3%BC"


def test_server_listens_on_a_free_port_and_ends_with_exit_code_0(registered, start_server):
    server = start_server(database_url=registered.url)
    assert server.port > 0
    assert boot(server, URL_FORM) == "Accepted"
    assert server.stop() == 0
    assert "Traceback" not in server.log()


def test_killed_server_is_started_again_on_the_same_database(registered, start_server):
    first = start_server(database_url=registered.url)
    assert boot(first, URL_FORM) == "Accepted"
    first.kill()
    assert first.process.returncode == -signal.SIGKILL
    second = start_server(database_url=registered.url)
    assert boot(second, URL_FORM) == "Accepted"
    assert second.stop() == 0
