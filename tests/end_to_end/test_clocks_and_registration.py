"""Clocks that are ahead, tokens that were refused, strangers, and operators whose message got lost."""

import pytest

from csms.charging.models import ChargePoint as Registered
from csms.charging.models import ConnectorStatus, Transaction
from csms.domain import commands
from csms.eventlog import event_types as et
from csms.outbox.request import request
from tests import factories
from tests.end_to_end.conftest import until
from tests.end_to_end.test_review import assert_rebuilt_equal
from tests.end_to_end.wire import BOOT, ChargePoint, handshake

pytestmark = pytest.mark.end_to_end

NOW = "2026-01-01T00:00:00Z"
FUTURE = "2099-01-01T00:00:00Z"


def status(charge_point: ChargePoint, word: str, at: str | None = None) -> None:
    body = {"connectorId": 1, "status": word, "errorCode": "NoError"}
    charge_point.result("StatusNotification", body | ({"timestamp": at} if at else {}))


def start(charge_point: ChargePoint, id_tag: str, at: str, *, connector: int = 1) -> dict[str, object]:
    body = {"connectorId": connector, "idTag": id_tag, "meterStart": 0, "timestamp": at}
    return charge_point.result("StartTransaction", body)


def test_a_clock_years_ahead_freezes_neither_status_nor_transactions(own_site) -> None:
    site = own_site()
    factories.charge_point(identity="A")
    with site.connect("A") as charge_point:
        charge_point.result("BootNotification", BOOT)
        status(charge_point, "Preparing", FUTURE)
        status(charge_point, "Faulted")
        assert ConnectorStatus.objects.get(charge_point="A", evse=1).status == "Faulted"
        first = str(start(charge_point, "ONE", FUTURE)["transactionId"])
        again = str(start(charge_point, "ONE", FUTURE)["transactionId"])
        sample = {"timestamp": FUTURE, "sampledValue": [{"value": "500"}]}
        charge_point.result("MeterValues", {"connectorId": 1, "meterValue": [sample]})
        sample = {"timestamp": NOW.replace("2026", "2100"), "sampledValue": [{"value": "900"}]}
        charge_point.result("MeterValues", {"connectorId": 1, "meterValue": [sample]})
        assert again == first
        sample = {"timestamp": FUTURE, "sampledValue": [{"value": "500"}]}
        charge_point.result("MeterValues", {"connectorId": 1, "meterValue": [sample]})  # told again
        assert Transaction.objects.get(transaction_id=first).energy_wh == 900
        status(charge_point, "Available")
        second = str(start(charge_point, "TWO", FUTURE.replace("01-01", "01-02"))["transactionId"])
        assert Transaction.objects.get(transaction_id=first).state == "presumed ended"
        assert Transaction.objects.get(transaction_id=second).state == "running"
    assert_rebuilt_equal("A")


def test_a_refused_transaction_does_not_count_as_one_that_runs(own_site) -> None:
    site = own_site()
    token = factories.id_token(id_token="ONE-AT-A-TIME").id_token
    for identity in ("A", "B", "C"):
        factories.charge_point(identity=identity)
    with site.connect("A") as a, site.connect("B") as b, site.connect("C") as c:
        for charge_point in (a, b, c):
            charge_point.result("BootNotification", BOOT)
        at = a.result("Heartbeat")["currentTime"]
        assert start(a, token, at)["idTagInfo"] == {"status": "Accepted"}
        assert start(b, token, at)["idTagInfo"] == {"status": "ConcurrentTx"}
        running = Transaction.objects.get(charge_point="A")
        stop = {"transactionId": int(running.transaction_id), "meterStop": 1, "timestamp": at}
        a.result("StopTransaction", stop)
        assert start(c, token, at)["idTagInfo"] == {"status": "Accepted"}


def test_a_changed_registration_arrives_though_nobody_announced_it(own_site) -> None:
    site = own_site()
    factories.charge_point(identity="A", registration="Pending")
    with site.connect("A") as charge_point:
        assert charge_point.result("BootNotification", BOOT)["status"] == "Pending"
        assert charge_point.refusal("Heartbeat") == "SecurityError"
        Registered.objects.filter(identity="A").update(registration="Accepted")
        until(lambda: charge_point.ask("Heartbeat")[0] == 3, what="the acceptance")
        Registered.objects.filter(identity="A").update(registration="Rejected")


def test_a_pending_charge_point_is_set_up_and_charges_nobody_until_it_is_accepted(own_site) -> None:
    site = own_site()
    factories.charge_point(identity="A", registration="Pending")
    with site.connect("A") as charge_point:
        charge_point.result("BootNotification", BOOT)
        request("A", commands.RemoteStart(id_token="T"), actor="test")
        request("A", commands.RequestMessage(message="StatusNotification"), actor="test")
        call = charge_point.next_call()
        assert call[2] == "TriggerMessage"
        charge_point.send([3, call[1], {"status": "Accepted"}])
        until(lambda: site.events("A", et.RESULT_RECEIVED), what="the answer")
        status(charge_point, "Available")  # it was asked for, so it passes
        Registered.objects.filter(identity="A").update(registration="Accepted")
        assert charge_point.next_call()[2] == "RemoteStartTransaction"


def test_a_stranger_cannot_pour_into_the_log(own_site) -> None:
    site = own_site(unknown_charge_points="lobby", max_calls_burst_unaccepted=5)
    with site.connect("STRANGER") as stranger:
        stranger.result("BootNotification", BOOT)
        for _ in range(40):
            stranger.call("DataTransfer", {"vendorId": "x", "data": "y" * 3000})
        with site.connect(factories.charge_point(identity="KNOWN").identity) as known:
            known.result("BootNotification", BOOT)
            assert known.result("Heartbeat")
        assert len(site.events("STRANGER", et.CALL_RECEIVED)) < 10


def test_the_address_behind_a_trusted_proxy_is_the_charge_points(own_site) -> None:
    site = own_site(trusted_proxies="127.0.0.1, 10.0.0.9")
    factories.charge_point(identity="A")
    forwarded = "X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.0.0.9"
    assert handshake(site.server.url, "/ocpp/A", forwarded)[0] == 101
    [opened] = site.events("A", et.CONNECTION_OPENED)
    assert '"remote_address":"203.0.113.7"' in opened.payload


def test_the_address_that_anybody_claims_is_not_believed(own_site) -> None:
    site = own_site()
    factories.charge_point(identity="A")
    assert handshake(site.server.url, "/ocpp/A", "X-Forwarded-For: 198.51.100.1")[0] == 101
    [opened] = site.events("A", et.CONNECTION_OPENED)
    assert '"remote_address":"127.0.0.1"' in opened.payload


def test_a_changed_password_ends_the_connection_that_used_the_old_one(own_site) -> None:
    site = own_site()
    factories.charge_point(identity="A", registration="Pending")
    with site.connect("A") as charge_point:
        charge_point.result("BootNotification", BOOT)
        Registered.objects.filter(identity="A").update(security_profile=1, password_digest="other")
        assert charge_point.closed()[0] == 1008
