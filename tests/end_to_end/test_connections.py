"""The life of connections: the newest one owns its charge point (promise 5), and every end is orderly."""

import contextlib
import json
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed

from csms.charging.models import ChargePointState, Transaction
from csms.domain import commands
from csms.outbox.models import Command
from csms.outbox.request import request
from tests import factories
from tests.end_to_end.conftest import until
from tests.end_to_end.wire import (
    ChargePoint,
    handshake,
    now,
    opening,
    start_of,
    stop_of,
    unlike_any_other,
    values_of,
)

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def identity(sqlite_site):
    return factories.charge_point(identity=unlike_any_other()).identity


def state_of(identity):
    return ChargePointState.objects.get(charge_point=identity)


def test_opening_and_closing_are_events_and_the_state_follows(site):
    identity = factories.charge_point(identity=unlike_any_other()).identity
    with site.connect(identity) as charge_point:
        charge_point.boot()
        opened = site.events(identity, "connection.opened")[0]
        assert json.loads(opened.payload) == {
            "gateway": state_of(identity).gateway,
            "remote_address": "127.0.0.1",
            "subprotocol": "ocpp1.6",
            "security_profile": 0,
        }
        assert opened.connection == opened.position == state_of(identity).connection
    closed = until(lambda: site.events(identity, "connection.closed"))[0]
    assert json.loads(closed.payload) == {"code": 1000, "reason": ""}
    assert closed.connection == opened.position
    state = state_of(identity)
    assert state.connection is None
    assert state.disconnected_at == closed.recorded_at
    versions = [event.stream_version for event in site.events(identity)]
    assert versions == list(range(1, len(versions) + 1))


def test_a_line_that_is_cut_is_an_end_with_1006(sqlite_site, identity):
    with sqlite_site.connect(identity) as charge_point:
        charge_point.boot()
        charge_point.vanish()
    closed = until(lambda: sqlite_site.events(identity, "connection.closed"))[0]
    assert json.loads(closed.payload)["code"] == 1006
    assert state_of(identity).connection is None


def test_the_newest_connection_replaces_an_older_one(sqlite_site, identity):
    with sqlite_site.connect(identity) as old, sqlite_site.connect(identity) as new:
        assert old.closed()[0] == 1008
        assert "currentTime" in new.result("Heartbeat")
        until(lambda: sqlite_site.events(identity, "connection.closed"))
        newest = sqlite_site.events(identity, "connection.opened")[-1].position
        assert state_of(identity).connection == newest
        assert "currentTime" in new.result("Heartbeat")


@pytest.fixture
def half_open(sqlite_site, identity):
    """An old connection that never says another word: its socket is open and nobody reads it."""
    with opening(sqlite_site.server.url, f"/ocpp/{identity}") as (status, _, raw):
        assert status == 101
        yield raw


@pytest.mark.usefixtures("half_open")
def test_a_half_open_connection_cannot_block_its_successor_nor_its_commands(sqlite_site, identity):
    """D9, pain 7, mistake 5: commands reach the charge point within a second or so."""
    with sqlite_site.connect(identity) as new:
        new.boot()
        request(identity, commands.ResetChargePoint(kind="Soft"), actor="tester")
        asked = time.monotonic()
        call = new.next_call(timeout_s=10)
        assert time.monotonic() - asked < 5  # a second in the gateway, more on a busy machine
        assert call[2:] == ["Reset", {"type": "Soft"}]
        new.send([3, call[1], {"status": "Accepted"}])
        until(lambda: sqlite_site.events(identity, "connection.closed"))  # the old one is given up
        assert state_of(identity).connection == sqlite_site.events(identity, "connection.opened")[-1].position
        assert "currentTime" in new.result("Heartbeat")


def test_late_frames_of_an_old_connection_are_stored_under_its_own_number(sqlite_site, identity, half_open):
    text = b'[2,"late","Heartbeat",{}]'
    with sqlite_site.connect(identity) as new:
        new.boot()
        # The close frame of the gateway is under way; the old line's last words cross it.
        half_open.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        [late] = until(
            lambda: [e for e in sqlite_site.events(identity, "call.received") if e.message_id == "late"]
        )
        opened = [event.position for event in sqlite_site.events(identity, "connection.opened")]
        assert late.connection == opened[0]
        assert state_of(identity).connection == opened[1]
        assert "currentTime" in new.result("Heartbeat")


def test_a_stop_on_the_old_socket_while_the_new_one_boots_is_finished(site):
    """Tolerance 20: a hard reset. What the old socket had begun is finished, not cancelled."""
    identity = factories.charge_point(identity=unlike_any_other()).identity
    with site.connect(identity) as old:
        old.boot()
        started = old.start(at=now(minutes=-10))["transactionId"]
        old.call("StopTransaction", stop_of(started, meter=3000, reason="HardReset"), unique_id="the-stop")
        with site.connect(identity) as new:
            old.vanish()
            assert new.boot()["status"] == "Accepted"
            assert "currentTime" in new.result("Heartbeat")
            transaction = Transaction.objects.get(charge_point=identity)
            until(lambda: Transaction.objects.get(charge_point=identity).state == "ended")
            assert transaction.transaction_id == str(started)
            assert state_of(identity).connection == site.events(identity, "connection.opened")[-1].position
    [stop] = [e for e in site.events(identity, "call.received") if e.action == "StopTransaction"]
    assert stop.connection == site.events(identity, "connection.opened")[0].position


def test_twenty_connections_of_one_identity_at_once_leave_exactly_one(site):
    """Tolerance 8: the same identity twice at once, and worse."""
    identity = factories.charge_point(identity=unlike_any_other()).identity
    sockets: list[ChargePoint] = []

    def connect():
        with contextlib.suppress(ConnectionClosed, EOFError, OSError):
            sockets.append(site.connect(identity))

    threads = [threading.Thread(target=connect) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: len(site.events(identity, "connection.closed")) == 19)
    newest = max(event.position for event in site.events(identity, "connection.opened"))
    assert state_of(identity).connection == newest
    alive = []
    for socket in sockets:
        with contextlib.suppress(ConnectionClosed):
            socket.result("Heartbeat")
            alive.append(socket)
    assert len(alive) == 1
    for socket in sockets:
        socket.close()
    until(lambda: state_of(identity).connection is None)


def test_six_pipelined_frames_are_answered_in_order(sqlite_site, identity):
    """Tolerance 5 and mistake 11."""
    with sqlite_site.connect(identity) as charge_point:
        started = [charge_point.start(connector=n, at=now(minutes=-n))["transactionId"] for n in (1, 2, 3, 4)]
        sent = [charge_point.call("StopTransaction", stop_of(number)) for number in started]
        sent += [charge_point.call("Heartbeat"), charge_point.call("MeterValues", values_of(1, 5))]
        assert [charge_point.receive()[1] for _ in sent] == sent
        assert Transaction.objects.filter(charge_point=identity, state="ended").count() == 4


def test_calls_of_both_sides_may_cross(sqlite_site, identity):
    """D10, pain 8: an incoming call is answered while our own call waits."""
    with sqlite_site.connect(identity) as charge_point:
        charge_point.boot()
        request(identity, commands.ReadSettings(), actor="tester")
        ours = charge_point.next_call()
        assert charge_point.start()["transactionId"] > 0
        assert "currentTime" in charge_point.result("Heartbeat")
        request(identity, commands.ChangeSetting(key="K", value="1"), actor="tester")
        assert "currentTime" in charge_point.result("Heartbeat")
        assert charge_point.calls == []  # one call at a time
        charge_point.send([3, ours[1], {"configurationKey": []}])
        second = charge_point.next_call()
        assert second[2:] == ["ChangeConfiguration", {"key": "K", "value": "1"}]
        charge_point.send([4, second[1], "NotSupported", "not today", {}])
        until(lambda: Command.objects.filter(charge_point=identity, state="refused").exists())
    first, last = Command.objects.filter(charge_point=identity).order_by("position")
    assert (first.state, last.state, last.error_code) == ("answered", "refused", "NotSupported")


def test_a_charge_point_taken_out_of_service_stays_away(sqlite_site, identity):
    with sqlite_site.connect(identity) as charge_point:
        charge_point.boot()
    factories.ChargePoint.objects.filter(identity=identity).update(archived_at=now())
    assert handshake(sqlite_site.server.url, f"/ocpp/{identity}")[0] == 404


def test_a_server_that_is_told_to_end_closes_with_1001_and_everything_answered_is_stored(own_site):
    site = own_site()
    names = [factories.charge_point(identity=f"CP-{n}").identity for n in range(8)]
    with contextlib.ExitStack() as stack:
        charge_points = [stack.enter_context(site.connect(name)) for name in names]
        for charge_point in charge_points:
            charge_point.boot()
            for number in range(40):
                charge_point.call("MeterValues", values_of(1, number, at=now(seconds=number)))
        stopping = threading.Thread(target=lambda: codes.append(site.server.stop()))
        codes: list[int] = []
        stopping.start()
        assert [charge_point.closed()[0] for charge_point in charge_points] == [1001] * 8
        stopping.join()
    assert codes == [0]
    for charge_point in charge_points:
        answered = set(charge_point.waiting)
        stored = {event.message_id for event in site.events(charge_point.identity, "call.answered")}
        assert answered <= stored
        [closed] = site.events(charge_point.identity, "connection.closed")
        assert json.loads(closed.payload)["code"] == 1001
        assert state_of(charge_point.identity).connection is None
    assert "Traceback" not in site.server.log()
    assert "never retrieved" not in site.server.log()


def test_a_server_that_ends_while_clients_are_dead_ends_all_the_same(own_site):
    site = own_site(shutdown_grace_s=2)
    factories.charge_point(identity="DEAD")
    with opening(site.server.url, "/ocpp/DEAD") as (status, _, _raw):
        assert status == 101
        assert site.server.stop(timeout_s=20) == 0
    assert len(site.events("DEAD", "connection.closed")) == 1


def test_a_new_start_of_the_server_finds_the_connections_of_a_killed_one_and_ends_them(
    own_site, start_server
):
    site = own_site()
    factories.charge_point(identity="CP")
    with site.connect("CP") as charge_point:
        charge_point.start(id_tag="TAG")
        site.server.kill()
    assert state_of("CP").connection is not None
    again = start_server(database_url=site.database_url)
    with ChargePoint(again.ocpp_url(), "CP") as charge_point:
        charge_point.result("MeterValues", values_of(1, 1500))
        assert state_of("CP").connection == site.events("CP", "connection.opened")[-1].position
        assert float(Transaction.objects.get().energy_wh) == 500
        # The same start again, as a charge point that never saw its answer would send it:
        known = Transaction.objects.get()
        assert charge_point.result("StartTransaction", start_of(at=known.started_at))["transactionId"] == int(
            known.transaction_id
        )
