"""What a hostile charge point, a lost message or a failing neighbour must not do; each did it once."""

import signal
import sqlite3
import time

import psycopg
import pytest
from redis.exceptions import RedisError

from csms.domain import commands
from csms.domain.errors import Refused
from csms.eventlog import event_types as et
from csms.eventlog.projection import projections
from csms.eventlog.rebuild import differences
from csms.outbox.request import request
from tests.end_to_end.conftest import Site, query, until
from tests.end_to_end.wire import BOOT, ChargePoint
from tests.services import RedisServer

SAMPLE = [{"timestamp": "2026-01-01T00:10:00Z", "sampledValue": [{"value": "7"}]}]


def registered(identity: str) -> str:
    from csms.charging.registration import register

    register(identity)
    return identity


def start(charge_point: ChargePoint, *, connector: int = 1, meter: int = 0, at: str = "2026-01-01T00:00:00Z"):
    request = {"connectorId": connector, "idTag": "T", "meterStart": meter, "timestamp": at}
    return charge_point.result("StartTransaction", request)["transactionId"]


def assert_rebuilt_equal(*streams: str) -> None:
    assert [str(d) for stream in streams for d in differences(stream, projections())] == []


def test_meter_readings_beyond_all_bounds_are_answered_and_harm_nobody_else(own_site) -> None:
    site = own_site()
    with site.connect(registered("A")) as charge_point, site.connect(registered("B")) as neighbour:
        charge_point.result("BootNotification", BOOT)
        transaction = start(charge_point, meter=-9 * 10**18)
        stop = {"transactionId": transaction, "meterStop": 9 * 10**18, "timestamp": "2026-01-01T01:00:00Z"}
        stopped = charge_point.call("StopTransaction", stop)
        metered = neighbour.call("MeterValues", {"connectorId": 1, "meterValue": SAMPLE})
        assert charge_point.answer_to(stopped)[0] == 3
        assert neighbour.answer_to(metered)[0] == 3
    assert_rebuilt_equal("A", "B")


def test_a_database_in_another_time_zone_gives_back_the_last_year(own_site, database) -> None:
    if database.vendor == "postgresql":
        with psycopg.connect(database.url, autocommit=True) as connection:
            name = connection.info.dbname
            connection.execute(f"ALTER DATABASE \"{name}\" SET timezone = 'Europe/Berlin'")
    site = own_site()
    with site.connect(registered("A")) as charge_point:
        charge_point.result("BootNotification", BOOT)
        start(charge_point, at="9999-12-31T23:30:00Z")
        start(charge_point, connector=2, at="1890-01-01T00:00:00Z")
    with site.connect("A") as charge_point:
        assert charge_point.result("Heartbeat")


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([{"key": "AuthorizationKey", "readonly": False, "value": None}], "answered"),
        ([{"key": "authorizationKEY", "readonly": False, "value": "TOPSECRET"}, {"key": "X"}], "refused"),
    ],
    ids=["repaired", "unreadable"],
)
def test_settings_with_a_secret_key_are_read_and_the_secret_is_not_kept(own_site, said, state) -> None:
    site = own_site()
    with site.connect(registered("A")) as charge_point:
        charge_point.result("BootNotification", BOOT)
        request("A", commands.ReadSettings(), actor="test")
        call = charge_point.next_call()
        charge_point.send([3, call[1], {"configurationKey": said}])
        until(lambda: query("SELECT 1 FROM outbox_command WHERE state = %s", state))
        charge_point.send(
            [3, "nobody-asked", {"configurationKey": [{"key": "AuthorizationKey", "value": "TOPSECRET"}]}]
        )
        charge_point.send('[3,"broken",{"configurationKey":[{"key":"AuthorizationKey","value":"TOPSECRET"}')
        assert charge_point.result("Heartbeat")
    assert "TOPSECRET" not in "".join(site.frames("A"))
    assert "TOPSECRET" not in site.server.log()
    assert_rebuilt_equal("A")


def test_an_answer_that_is_no_frame_is_rebuilt_too(own_site) -> None:
    site = own_site()
    with site.connect(registered("A")) as charge_point:
        charge_point.result("BootNotification", BOOT)
        request("A", commands.ReadSettings(), actor="test")
        call = charge_point.next_call()
        charge_point.send([3, call[1], {}, "too much"])
        until(lambda: site.events("A", et.RESULT_REJECTED))
    assert_rebuilt_equal("A")


def test_an_older_connection_gets_no_command_though_nobody_told_it(own_site, start_server, database) -> None:
    """Two processes without Redis: the announcement of the newer connection never arrives."""
    site = own_site()
    other = Site(database.vendor, database.url, start_server(database_url=database.url))
    with site.connect(registered("A")) as old:
        old.result("BootNotification", BOOT)
        with other.connect("A") as new:
            assert new.result("Heartbeat")
            request("A", commands.ReadSettings(), actor="test")
            call = new.next_call()
            assert call[2] == "GetConfiguration"
            new.send([3, call[1], {}])
            assert old.closed()[0] == 1008
            assert old.calls == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # its write lock holds the frame up
def test_a_frame_that_is_being_decided_is_answered_before_the_server_goes(own_site) -> None:
    site = own_site()
    with site.connect(registered("A")) as charge_point:
        charge_point.result("BootNotification", BOOT)
        with sqlite3.connect(site.database_url.removeprefix("sqlite:///"), isolation_level=None) as lock:
            lock.execute("BEGIN IMMEDIATE")
            unique_id = charge_point.call("Heartbeat")
            time.sleep(0.3)  # until it waits for the database
            site.server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            lock.execute("ROLLBACK")
        assert charge_point.answer_to(unique_id)[0] == 3
        assert charge_point.closed()[0] == 1001
    assert site.server.process.wait(20) == 0


def test_charge_points_connect_and_commands_are_heard_though_redis_was_away(own_site) -> None:
    with RedisServer() as redis:
        site = own_site(redis_url=redis.url)
        with site.connect(registered("A")) as first:
            first.result("BootNotification", BOOT)
            redis.stop()
            with site.connect(registered("B")) as second:
                assert second.result("Heartbeat")
                redis.start()
                until(lambda: _announced(redis.url, "B"))
                assert second.closed() == (1008, "test")
        assert "critical" not in site.server.log()


def _announced(redis_url: str, stream: str) -> bool:
    """Does a gateway listen? Then tell it to close a connection."""
    import asyncio

    from channels_redis.core import RedisChannelLayer

    from csms.outbox.announce import GATEWAYS

    async def announce() -> bool:
        layer = RedisChannelLayer(hosts=[redis_url], prefix="pyrocpp")
        try:
            if not await layer.connection(0).zcard(layer._group_key(GATEWAYS)):
                return False
            await layer.group_send(GATEWAYS, {"type": "connection.close", "stream": stream, "reason": "test"})
        except RedisError:
            return False
        return True

    return asyncio.run(announce())


def test_texts_that_no_database_keeps_are_refused_with_a_reason(own_site) -> None:
    own_site()
    registered("A")
    for wish in ({"reason": "a\0b"}, {"idempotency_key": "a\0b"}):
        with pytest.raises(Refused, match="NUL"):
            request("A", commands.ReadSettings(), actor="test", **wish)
    with pytest.raises(Refused, match="no charge point"):
        request("A\0", commands.ReadSettings(), actor="test")
