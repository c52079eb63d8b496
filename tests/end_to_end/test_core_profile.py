"""The core profile of 1.6 through a real socket: raw frames in, raw answers and stored rows out.

Ids in the docstrings (AUTH-7, TX-9, D1 ...) are those of the behaviour notes and of the delivery torture.
"""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from csms.charging.models import ConnectorStatus, Transaction
from tests import factories
from tests.end_to_end.conftest import only_transaction, transactions
from tests.end_to_end.wire import BOOT, now, start_of, text_of, unlike_any_other, values_of

pytestmark = pytest.mark.end_to_end

ACCEPTED = {"idTagInfo": {"status": "Accepted"}}


# --- boot, heartbeat, status ---------------------------------------------------------------------------


def test_boot_is_answered_with_status_time_and_interval(charge_point):
    """BOOT-2, BOOT-11."""
    answer = charge_point.boot()
    assert list(answer) == ["status", "currentTime", "interval"]
    assert answer["status"] == "Accepted"
    assert answer["interval"] == 300
    assert abs(datetime.fromisoformat(answer["currentTime"]) - now()) < timedelta(seconds=10)


def test_every_member_of_a_boot_is_kept(site, charge_point):
    from csms.charging.models import ChargePointState

    charge_point.result(
        "BootNotification",
        BOOT
        | {
            "chargePointSerialNumber": "S-1",
            "chargeBoxSerialNumber": "B-1",
            "firmwareVersion": "1.2.3",
            "iccid": "89",
            "imsi": "26",
            "meterType": "M",
            "meterSerialNumber": "M-1",
        },
    )
    state = ChargePointState.objects.get(charge_point=charge_point.identity)
    assert (state.vendor, state.model, state.serial_number, state.firmware_version) == (
        "Vendor",
        "Model",
        "S-1",
        "1.2.3",
    )
    assert (state.iccid, state.imsi, state.meter_type, state.meter_serial_number) == ("89", "26", "M", "M-1")
    assert state.registration == "Accepted"


def test_times_are_sent_in_utc_with_z_and_answers_are_compact(charge_point):
    """Tolerance 17 and 22."""
    charge_point.send('[2,"a","Heartbeat",{}]')
    text = charge_point.socket.recv(timeout=30)
    assert re.fullmatch(r'\[3,"a",\{"currentTime":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"\}\]', text)


def test_statuses_are_kept_by_connector_and_the_newest_time_wins(charge_point):
    """SN-6, tolerance 6 and 10: any sequence, with and without a time, on connectors never seen."""
    charge_point.status(0, "Available")
    charge_point.status(2, "Faulted", errorCode="NoError", info="hot", vendorId="V", vendorErrorCode="E7")
    charge_point.status(1, "Charging", now(minutes=-10))
    charge_point.status(1, "Preparing", now(minutes=-20))  # late: it does not overwrite
    rows = ConnectorStatus.objects.filter(charge_point=charge_point.identity).order_by("evse")
    assert [(row.evse, row.connector, row.status) for row in rows] == [
        (0, 0, "Available"),
        (1, 1, "Charging"),
        (2, 1, "Faulted"),
    ]
    assert (rows[2].info, rows[2].vendor_id, rows[2].vendor_error_code) == ("hot", "V", "E7")


# --- authorize -----------------------------------------------------------------------------------------


def test_an_enrolled_token_is_accepted_and_compared_without_case(charge_point, tag):
    """GEN-3."""
    assert charge_point.result("Authorize", {"idTag": tag().lower()}) == ACCEPTED


def test_an_unknown_token_is_invalid(charge_point):
    assert charge_point.result("Authorize", {"idTag": "NOBODY"}) == {"idTagInfo": {"status": "Invalid"}}


def test_an_empty_token_is_invalid_not_an_error(charge_point):
    assert charge_point.result("Authorize", {"idTag": ""}) == {"idTagInfo": {"status": "Invalid"}}
    started = charge_point.start(id_tag="", at=now())
    assert started["idTagInfo"] == {"status": "Invalid"}
    assert started["transactionId"] > 0


@pytest.mark.parametrize("token", ["\N{ELECTRIC PLUG}" * 20, "ẞ" * 20, "İ" * 20, "a'b\"c\\d", " "], ids=ascii)
def test_odd_tokens_are_decided_like_others(charge_point, token):
    assert charge_point.result("Authorize", {"idTag": token}) == {"idTagInfo": {"status": "Invalid"}}
    assert charge_point.start(id_tag=token)["transactionId"] > 0
    assert only_transaction(charge_point).id_token == token


def test_a_blocked_token_is_blocked(charge_point, tag):
    assert charge_point.result("Authorize", {"idTag": tag(blocked=True)})["idTagInfo"]["status"] == "Blocked"


def test_an_expired_token_is_expired_and_says_when(charge_point, tag):
    at = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    info = charge_point.result("Authorize", {"idTag": tag(expires_at=at)})["idTagInfo"]
    assert info["status"] == "Expired"
    assert datetime.fromisoformat(info["expiryDate"]) == at
    assert info["expiryDate"].endswith("Z")


def test_the_parent_of_a_group_is_told(charge_point, tag):
    """AUTH-8."""
    group = factories.id_token_group(parent=f"P{uuid.uuid4().hex[:12]}")
    info = charge_point.result("Authorize", {"idTag": tag(group=group)})["idTagInfo"]
    assert info == {"status": "Accepted", "parentIdTag": group.parent}


def test_authorize_says_nothing_of_concurrency(charge_point, tag):
    """AUTH-7."""
    token = tag()
    charge_point.start(id_tag=token)
    assert charge_point.result("Authorize", {"idTag": token}) == ACCEPTED


# --- starts --------------------------------------------------------------------------------------------


def test_a_start_becomes_a_running_transaction(charge_point, tag):
    token, at = tag(), now()
    answer = charge_point.start(connector=2, id_tag=token, meter=1234, at=at, reservationId=77)
    assert answer["idTagInfo"] == {"status": "Accepted"}
    assert answer["transactionId"] > 0
    row = only_transaction(charge_point)
    assert row.transaction_id == str(answer["transactionId"])
    assert (row.evse, row.connector, row.id_token, row.verdict) == (2, 1, token, "Accepted")
    assert (row.meter_start_wh, row.reservation_id, row.state) == (1234, 77, "running")
    assert text_of(row.started_at) == text_of(at)
    assert (row.energy_wh, row.is_late) == (0, False)


@pytest.mark.parametrize("fields", [None, {"blocked": True}, {"expires_at": "2020-01-01T00:00Z"}], ids=str)
def test_a_start_is_a_fact_whatever_the_verdict(charge_point, tag, fields):
    """Promise 4, TX-5, D7: it gets its id and its row, and its stop is taken."""
    token = "UNKNOWN" if fields is None else tag(**fields)
    answer = charge_point.start(id_tag=token, at=now(days=-3))
    assert answer["transactionId"] > 0
    assert answer["idTagInfo"]["status"] != "Accepted"
    row = only_transaction(charge_point)
    assert row.verdict == answer["idTagInfo"]["status"]
    assert row.is_late
    charge_point.stop(answer["transactionId"], meter=1500, at=now(days=-3, minutes=30))
    assert only_transaction(charge_point).state == "ended"


def test_a_start_on_a_connector_never_seen_is_taken(charge_point):
    """D8."""
    assert charge_point.start(connector=17)["transactionId"] > 0


def test_transaction_ids_are_unique_over_all_charge_points(site, charge_point):
    """TX-3, mistake 1."""
    other = factories.charge_point(identity=unlike_any_other()).identity
    with site.connect(other) as second:
        sent = [
            (
                device,
                device.call("StartTransaction", start_of(connector=n, id_tag=f"T{n}", at=now(seconds=-n))),
            )
            for n in range(1, 21)
            for device in (charge_point, second)
        ]
        ids = [device.answer_to(unique_id)[2]["transactionId"] for device, unique_id in sent]
    assert len(set(ids)) == 40
    assert min(ids) > 0
    assert len(transactions(charge_point)) == 20


@pytest.mark.parametrize("ended", [False, True], ids=["while it runs", "after its stop"])
@pytest.mark.parametrize("same_id", [True, False], ids=["same message id", "new message id"])
def test_a_resent_start_is_the_same_transaction_with_the_same_verdict(charge_point, tag, same_id, ended):
    """D1, D2, D3, TX-9, pain 1: never ConcurrentTx against itself."""
    payload = start_of(id_tag=tag(), at=now())
    first = charge_point.ask("StartTransaction", payload, unique_id="start")
    if ended:
        charge_point.stop(first[2]["transactionId"])
    for number in range(4):
        again = charge_point.ask(
            "StartTransaction",
            payload | {"idTag": payload["idTag"].lower()},
            unique_id="start" if same_id else f"again-{number}",
        )
        assert again[2] == first[2]
    assert only_transaction(charge_point).state == ("ended" if ended else "running")


def test_a_start_resent_after_many_others_is_still_known(charge_point):
    """It has left the gateway's memory by then."""
    payloads = [start_of(id_tag="T", meter=n, at=now(minutes=n - 60)) for n in range(30)]
    first = [charge_point.result("StartTransaction", payload)["transactionId"] for payload in payloads]
    for number in first:
        charge_point.stop(number, at=now())
    again = [charge_point.result("StartTransaction", payload)["transactionId"] for payload in payloads]
    assert again == first
    assert len(transactions(charge_point)) == 30


def test_two_connectors_at_once_are_two_transactions(charge_point, tag):
    """Mistake 1."""
    one, two, at = tag(), tag(), now()
    first = charge_point.start(connector=1, id_tag=one, at=at)["transactionId"]
    second = charge_point.start(connector=2, id_tag=two, at=at)["transactionId"]
    assert first != second
    charge_point.result("MeterValues", values_of(1, 1100, transaction_id=first))
    charge_point.result("MeterValues", values_of(2, 1900, transaction_id=second))
    charge_point.stop(second, meter=2000)
    charge_point.stop(first, meter=1200)
    assert [(row.evse, row.id_token, row.energy_wh) for row in transactions(charge_point)] == [
        (1, one, 200),
        (2, two, 1000),
    ]


def test_two_offline_transactions_back_to_back_stay_two(charge_point):
    """Mistake 1: the second begins when and where the first ended."""
    change = now(hours=-5)
    first = charge_point.start(id_tag="A", meter=0, at=now(hours=-6))["transactionId"]
    charge_point.stop(first, meter=500, at=change)
    second = charge_point.start(id_tag="A", meter=500, at=change)["transactionId"]
    charge_point.stop(second, meter=900, at=now(hours=-4))
    assert [row.energy_wh for row in transactions(charge_point)] == [500, 400]


def test_a_token_that_charges_elsewhere_is_concurrent(site, charge_point, tag):
    """AUTH-7."""
    token = tag()
    assert charge_point.start(id_tag=token)["idTagInfo"]["status"] == "Accepted"
    other = factories.charge_point(identity=unlike_any_other()).identity
    with site.connect(other) as second:
        answer = second.start(id_tag=token.lower())
        assert answer["idTagInfo"]["status"] == "ConcurrentTx"
        assert answer["transactionId"] > 0
        assert charge_point.start(connector=2, id_tag=token)["idTagInfo"]["status"] == "ConcurrentTx"


def test_a_token_with_leave_for_two_may_charge_twice(charge_point, tag):
    token = tag(max_transactions=2)
    verdicts = [charge_point.start(connector=n, id_tag=token)["idTagInfo"]["status"] for n in (1, 2, 3)]
    assert verdicts == ["Accepted", "Accepted", "ConcurrentTx"]


def test_a_token_without_limit_may_charge_at_will(charge_point, tag):
    token = tag(max_transactions=None)
    verdicts = {charge_point.start(connector=n, id_tag=token)["idTagInfo"]["status"] for n in range(1, 8)}
    assert verdicts == {"Accepted"}


def test_pipelined_starts_of_one_token_know_of_each_other(charge_point, tag):
    token = tag()
    sent = [charge_point.call("StartTransaction", start_of(connector=n, id_tag=token)) for n in (1, 2, 3)]
    verdicts = [charge_point.answer_to(unique_id)[2]["idTagInfo"]["status"] for unique_id in sent]
    assert verdicts == ["Accepted", "ConcurrentTx", "ConcurrentTx"]


def test_a_token_is_free_again_after_the_stop(charge_point, tag):
    token = tag()
    charge_point.stop(charge_point.start(connector=1, id_tag=token)["transactionId"])
    assert charge_point.start(connector=2, id_tag=token)["idTagInfo"]["status"] == "Accepted"


def test_a_start_of_long_ago_is_not_judged_by_what_runs_now(charge_point, tag):
    token = tag()
    charge_point.start(connector=1, id_tag=token)
    late = charge_point.start(connector=2, id_tag=token, at=now(days=-20))
    assert late["idTagInfo"]["status"] == "Accepted"


def test_a_zombie_on_the_same_connector_does_not_block_its_own_token(charge_point, tag):
    """Mistake 16, TX-11: accepted, and the old one ends by evidence."""
    token = tag()
    charge_point.start(id_tag=token, at=now(minutes=-9))
    charge_point.boot()
    assert charge_point.start(id_tag=token, at=now())["idTagInfo"]["status"] == "Accepted"
    old, new = transactions(charge_point)
    assert (old.state, new.state) == ("presumed ended", "running")
    assert old.evidence == f"transaction {new.transaction_id} started later"


# --- data transfer and the rest ------------------------------------------------------------------------


def test_data_of_an_unknown_vendor_are_refused_in_the_answer(charge_point):
    """DT-1."""
    answer = charge_point.result("DataTransfer", {"vendorId": "com.example", "messageId": "m", "data": "{}"})
    assert answer == {"status": "UnknownVendorId"}


def test_data_of_a_vendor_with_a_plug_in_are_answered_by_it(own_site):
    site = own_site(extra_environment={"DJANGO_SETTINGS_MODULE": "tests.end_to_end.vendor_settings"})
    factories.charge_point(identity="CP")
    with site.connect("CP") as charge_point:

        def transfer(**members):
            return charge_point.ask("DataTransfer", {"vendorId": "com.example"} | members)

        assert transfer(messageId="echo", data="ä\n{}")[2] == {"status": "Accepted", "data": "ä\n{}"}
        assert transfer(messageId="echo")[2] == {"status": "Accepted"}
        assert transfer(messageId="other")[2] == {"status": "UnknownMessageId"}
        assert transfer()[2] == {"status": "UnknownMessageId"}
        assert transfer(messageId="broken")[:3:2] == [4, "InternalError"]
        assert transfer(messageId="nonsense")[:3:2] == [4, "InternalError"]
        assert charge_point.result("DataTransfer", {"vendorId": "COM.EXAMPLE"}) == {
            "status": "UnknownVendorId"
        }
        assert charge_point.start()["transactionId"] > 0


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("DiagnosticsStatusNotification", {"status": "Uploading"}),
        ("FirmwareStatusNotification", {"status": "Downloading"}),
        ("LogStatusNotification", {"status": "Uploading", "requestId": 3}),
        ("SignedFirmwareStatusNotification", {"status": "SignatureVerified", "requestId": 4}),
        ("SecurityEventNotification", {"type": "FirmwareUpdated", "timestamp": "2024-01-01T00:00:00Z"}),
    ],
)
def test_what_is_only_recorded_is_answered_with_an_empty_payload(site, charge_point, action, payload):
    assert charge_point.result(action, payload) == {}
    assert site.events(charge_point.identity, "call.received")[0].action == action


def test_a_start_can_be_looked_up_as_soon_as_it_is_answered(charge_point):
    """Tolerance 23: what decides is projected with the answer, not later."""
    for connector in range(1, 30):
        number = charge_point.start(connector=connector)["transactionId"]
        assert Transaction.objects.filter(
            charge_point=charge_point.identity, transaction_id=str(number), state="running"
        ).exists()
