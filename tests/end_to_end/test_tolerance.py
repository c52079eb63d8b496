"""What real charge points do, and what is not shown by another module: items of the list of tolerance.

1, 2: handshake. 3, 8, 18, 20: connections. 5, 7, 10, 11, 17, 21, 22, 23: core profile.
6: core profile, projections under fire. 13, 14: bad input, faults. 15: faults. 9, 16 concern 2.0.1 and 2.1.
"""

import contextlib
import threading

import pytest

from csms.charging.models import ChargePointState, ConnectorStatus
from tests import factories
from tests.end_to_end.conftest import until
from tests.end_to_end.wire import BOOT, opening, status_of, unlike_any_other, values_of

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def identity(sqlite_site):
    return factories.charge_point(identity=unlike_any_other()).identity


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("Heartbeat", {}),
        ("StatusNotification", status_of(1, "Available")),
        ("MeterValues", values_of(1, 5)),
        ("StopTransaction", {"transactionId": 1, "meterStop": 5, "timestamp": "2024-01-01T00:00:00Z"}),
    ],
)
def test_any_frame_may_be_the_first_after_a_reconnect(sqlite_site, identity, action, payload):
    """Item 3."""
    with sqlite_site.connect(identity) as charge_point:
        assert charge_point.ask(action, payload)[0] == 3


def test_a_status_may_come_before_the_answer_to_the_boot(sqlite_site, identity):
    """Item 4: pipelined, without waiting."""
    with sqlite_site.connect(identity) as charge_point:
        sent = [charge_point.call("StatusNotification", status_of(n, "Available")) for n in (0, 1)]
        sent.insert(1, charge_point.call("BootNotification", BOOT))
        for unique_id in sent:
            assert charge_point.answer_to(unique_id)[0] == 3
    assert ConnectorStatus.objects.filter(charge_point=identity).count() == 2


def test_a_charge_point_that_ignores_pending_and_rejected_is_told_so_and_kept(sqlite_site):
    """Item 4."""
    for registration in ("Pending", "Rejected"):
        stubborn = factories.charge_point(identity=unlike_any_other(), registration=registration).identity
        with sqlite_site.connect(stubborn) as charge_point:
            for _ in range(5):
                assert charge_point.boot()["status"] == registration
                assert (
                    charge_point.refusal("StatusNotification", status_of(1, "Available")) == "SecurityError"
                )
                assert charge_point.refusal("MeterValues", values_of(1, 5)) == "SecurityError"


def test_one_serial_number_for_every_station_confuses_nobody(sqlite_site):
    """Item 12: only the URL identifies a station."""
    twins = [factories.charge_point(identity=unlike_any_other()).identity for _ in range(3)]
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(sqlite_site.connect(twin)) for twin in twins]
        for charge_point in lines:
            charge_point.result("BootNotification", BOOT | {"chargePointSerialNumber": "0001"})
        assert [ChargePointState.objects.get(charge_point=twin).serial_number for twin in twins] == [
            "0001"
        ] * 3
        for charge_point in lines:
            assert "currentTime" in charge_point.result("Heartbeat")


def test_stations_that_boot_and_beat_in_step_are_all_served(sqlite_site):
    """Item 19."""
    names = [factories.charge_point(identity=unlike_any_other()).identity for _ in range(40)]
    barrier, served = threading.Barrier(len(names)), []

    def station(name):
        barrier.wait()
        with sqlite_site.connect(name) as charge_point:
            assert charge_point.boot()["status"] == "Accepted"
            barrier.wait(60)
            for _ in range(3):
                charge_point.result("Heartbeat")
            served.append(name)

    threads = [threading.Thread(target=station, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert sorted(served) == sorted(names)


def test_a_line_that_answers_no_ping_is_given_up_and_one_that_does_lives(own_site):
    """Mistake 10: pings count as life; an idle connection is not ended."""
    site = own_site(ping_interval_s=1, ping_timeout_s=1)
    dead, idle = (factories.charge_point(identity=name).identity for name in ("DEAD", "IDLE"))
    with opening(site.server.url, f"/ocpp/{dead}") as (status, _, _raw), site.connect(idle) as charge_point:
        assert status == 101
        until(lambda: site.events(dead, "connection.closed"), what="the dead line is given up")
        assert site.events(idle, "connection.closed") == []
        assert "currentTime" in charge_point.result("Heartbeat")
