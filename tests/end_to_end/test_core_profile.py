"""The core profile of 1.6 through a real socket: raw frames in, raw answers and stored rows out.

Ids in the docstrings (AUTH-7, TX-9, D1 ...) are those of the behaviour notes and of the delivery torture.
"""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from csms.charging.models import ConnectorStatus, MeterValue, OrphanMessage, Transaction
from tests import factories
from tests.end_to_end.wire import BOOT, now, start_of, stop_of, text_of, unlike_any_other, values_of

pytestmark = pytest.mark.end_to_end

ACCEPTED = {"idTagInfo": {"status": "Accepted"}}


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
        "Vendor", "Model", "S-1", "1.2.3",
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
            (device, device.call("StartTransaction", start_of(connector=n, id_tag=f"T{n}", at=now(seconds=-n))))
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


# --- meter values --------------------------------------------------------------------------------------


def test_energy_is_what_the_register_says_in_its_unit(charge_point):
    """Mistake 2, pain 12: kWh and Wh, with and without a measurand."""
    number = charge_point.start(meter=1000)["transactionId"]
    for sample, energy in [
        ({"value": "1500"}, 500),
        ({"value": "1.75", "unit": "kWh"}, 750),
        ({"value": "2000.5", "unit": "Wh", "measurand": "Energy.Active.Import.Register"}, 1000.5),
        ({"value": "99", "measurand": "Energy.Active.Import.Interval"}, 1000.5),
        ({"value": "99", "measurand": "Energy.Active.Export.Register"}, 1000.5),
    ]:
        charge_point.result("MeterValues", values_of(1, sample, transaction_id=number))
        assert only_transaction(charge_point).energy_wh == pytest.approx(energy)
    charge_point.stop(number, meter=3000)
    assert only_transaction(charge_point).energy_wh == 2000


def test_the_live_figures_follow_the_samples(charge_point):
    number = charge_point.start(meter=0)["transactionId"]
    sampled = [
        {"value": "7.4", "measurand": "Power.Active.Import", "unit": "kW"},
        {"value": "32", "measurand": "Current.Import", "unit": "A", "phase": "L1"},
        {"value": "31", "measurand": "Current.Import", "unit": "A", "phase": "L2"},
        {"value": "230.1", "measurand": "Voltage", "phase": "L1-N"},
        {"value": "55", "measurand": "SoC", "unit": "Percent", "location": "EV"},
    ]
    charge_point.result("MeterValues", values_of(1, *sampled, transaction_id=number))
    row = only_transaction(charge_point)
    assert (row.power_w, row.current_a, row.voltage_v, row.soc_percent) == (7400, 32, 230.1, 55)
    charge_point.stop(number)
    row = only_transaction(charge_point)
    assert (row.power_w, row.current_a, row.soc_percent) == (None, None, 55)


MEASURANDS = [
    "Current.Export", "Current.Import", "Current.Offered", "Energy.Active.Export.Register",
    "Energy.Active.Import.Register", "Energy.Reactive.Export.Register", "Energy.Reactive.Import.Register",
    "Energy.Active.Export.Interval", "Energy.Active.Import.Interval", "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Import.Interval", "Frequency", "Power.Active.Export", "Power.Active.Import", "Power.Factor",
    "Power.Offered", "Power.Reactive.Export", "Power.Reactive.Import", "RPM", "SoC", "Temperature", "Voltage",
]  # fmt: skip
UNITS = ["Wh", "kWh", "varh", "kvarh", "W", "kW", "VA", "kVA", "var", "kvar", "A", "V", "K", "Celcius", "Celsius",
         "Fahrenheit", "Percent"]  # fmt: skip
PHASES = ["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]
CONTEXTS = ["Interruption.Begin", "Interruption.End", "Other", "Sample.Clock", "Sample.Periodic",
            "Transaction.Begin", "Transaction.End", "Trigger"]  # fmt: skip
LOCATIONS = ["Body", "Cable", "EV", "Inlet", "Outlet"]


def test_all_measurands_units_phases_contexts_and_locations_are_taken_and_kept(charge_point):
    sampled = [{"value": "1", "measurand": word} for word in MEASURANDS]
    sampled += [{"value": "2", "unit": word} for word in UNITS]
    sampled += [{"value": "3", "measurand": "Voltage", "phase": word} for word in PHASES]
    sampled += [{"value": "4", "context": word} for word in CONTEXTS]
    sampled += [{"value": "5", "location": word} for word in LOCATIONS]
    assert charge_point.result("MeterValues", values_of(1, *sampled)) == {}
    [stored] = MeterValue.objects.filter(charge_point=charge_point.identity)
    assert len(stored.values) == len(sampled)
    assert [value["measurand"] for value in stored.values[: len(MEASURANDS)]] == MEASURANDS
    assert [v["phase"] for v in stored.values if "phase" in v] == PHASES


def test_signed_data_is_kept_as_it_came(charge_point):
    """Tolerance 11."""
    blob = "OCMF|" + json.dumps({"FV": "1.0", "RD": [{"RV": 1}]}) + "|" + "ab" * 20_000
    number = charge_point.start()["transactionId"]
    charge_point.result(
        "MeterValues", values_of(1, {"value": blob, "format": "SignedData"}, 1200, transaction_id=number)
    )
    [stored] = MeterValue.objects.filter(charge_point=charge_point.identity)
    assert stored.values[0]["raw"] == blob
    assert stored.values[0]["format"] == "SignedData"
    assert only_transaction(charge_point).energy_wh == 200


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf", "1e400", "12,5", "", "0x10", "1_000", "٣"])
def test_a_value_that_is_no_number_is_kept_as_text_and_harms_no_figure(charge_point, text):
    number = charge_point.start()["transactionId"]
    charge_point.result("MeterValues", values_of(1, {"value": text}, transaction_id=number))
    charge_point.result("MeterValues", values_of(1, 1300, transaction_id=number))
    assert only_transaction(charge_point).energy_wh == 300
    charge_point.stop(number, meter=1400)
    assert only_transaction(charge_point).energy_wh == 400


def test_a_number_as_value_is_repaired_and_the_repair_is_recorded(site, charge_point):
    """Tolerance 11, promise 8."""
    number = charge_point.start()["transactionId"]
    charge_point.result("MeterValues", values_of(1, {"value": 1500.5}, transaction_id=number))
    assert only_transaction(charge_point).energy_wh == 500.5
    event = site.events(charge_point.identity, "call.received")[-1]
    assert event.repairs == "number_as_text"
    assert '"value":1500.5' in event.payload


def test_null_members_are_repaired_and_the_repair_is_recorded(site, charge_point):
    number = charge_point.result("StartTransaction", start_of() | {"reservationId": None})["transactionId"]
    charge_point.result(
        "StopTransaction", stop_of(number) | {"idTag": None, "reason": None, "transactionData": None}
    )
    charge_point.result("MeterValues", values_of(1, {"value": 7, "unit": None}))
    received = site.events(charge_point.identity, "call.received")
    assert [event.repairs for event in received] == ["null_member", "null_member", "null_member,number_as_text"]
    assert only_transaction(charge_point).stop_reason == "Local"


def test_meter_values_without_a_transaction_belong_to_the_one_that_runs_there(charge_point):
    charge_point.start(connector=1, meter=1000, at=now(minutes=-10))
    charge_point.result("MeterValues", values_of(1, 1400))
    charge_point.result("MeterValues", values_of(2, 9999))
    charge_point.result("MeterValues", values_of(0, 9999))
    assert only_transaction(charge_point).energy_wh == 400
    assert MeterValue.objects.filter(charge_point=charge_point.identity, transaction_id="").count() == 2


def test_resent_meter_values_change_no_row(charge_point):
    """Pain 2."""
    number = charge_point.start(meter=0)["transactionId"]
    payload = values_of(1, 100, {"value": "5", "measurand": "SoC"}, transaction_id=number, at=now())
    for _ in range(3):
        charge_point.result("MeterValues", payload)
    assert MeterValue.objects.filter(charge_point=charge_point.identity).count() == 1
    assert only_transaction(charge_point).energy_wh == 100


# --- stops ---------------------------------------------------------------------------------------------


def test_a_stop_ends_its_transaction(charge_point, tag):
    token = tag()
    number = charge_point.start(id_tag=token, meter=1000, at=now(minutes=-30))["transactionId"]
    at = now()
    answer = charge_point.stop(number, meter=4500, at=at, idTag=token, reason="EVDisconnected")
    assert answer == ACCEPTED  # TX-7: exactly when the request had an idTag
    row = only_transaction(charge_point)
    assert (row.state, row.meter_stop_wh, row.energy_wh, row.stop_reason) == ("ended", 4500, 3500, "EVDisconnected")
    assert row.stop_id_token == token
    assert text_of(row.ended_at) == text_of(at)


def test_a_stop_without_a_token_is_answered_with_nothing(charge_point):
    number = charge_point.start()["transactionId"]
    assert charge_point.stop(number) == {}
    assert only_transaction(charge_point).stop_reason == "Local"  # TX-6


@pytest.mark.parametrize(
    "reason",
    ["DeAuthorized", "EmergencyStop", "EVDisconnected", "HardReset", "Local", "Other", "PowerLoss", "Reboot",
     "Remote", "SoftReset", "UnlockCommand"],
)  # fmt: skip
def test_every_reason_is_taken(charge_point, reason):
    charge_point.stop(charge_point.start()["transactionId"], reason=reason)
    assert only_transaction(charge_point).stop_reason == reason


def test_a_stop_by_another_token_of_the_group_is_stored_under_the_token_that_was_presented(charge_point, tag):
    """Tolerance 21."""
    group = factories.id_token_group(parent=f"P{uuid.uuid4().hex[:12]}")
    one, other = tag(group=group), tag(group=group)
    number = charge_point.start(id_tag=one)["transactionId"]
    answer = charge_point.stop(number, idTag=other)
    assert answer == {"idTagInfo": {"status": "Accepted", "parentIdTag": group.parent}}
    row = only_transaction(charge_point)
    assert (row.id_token, row.stop_id_token) == (one, other)


def test_a_resent_stop_changes_nothing_and_a_different_one_is_an_anomaly(charge_point):
    """D4, tolerance 7."""
    number = charge_point.start(meter=1000)["transactionId"]
    at = now()
    for _ in range(3):
        assert charge_point.stop(number, meter=1500, at=at) == {}
    row = only_transaction(charge_point)
    assert (row.energy_wh, row.anomaly) == (500, "")
    assert charge_point.stop(number, meter=9500, at=now()) == {}
    row = only_transaction(charge_point)
    assert (row.energy_wh, row.meter_stop_wh) == (500, 1500)
    assert row.anomaly == "a resent stop gives 9500 Wh"
    assert text_of(row.ended_at) == text_of(at)


def test_transaction_data_of_a_stop_are_kept(charge_point):
    number = charge_point.start(meter=0)["transactionId"]
    data = [
        {"timestamp": text_of(now(minutes=n - 10)), "sampledValue": [{"value": str(n * 100)}]} for n in range(5)
    ]
    charge_point.stop(number, meter=500, transactionData=data)
    stored = MeterValue.objects.filter(charge_point=charge_point.identity, transaction_id=str(number))
    assert stored.count() == 5
    charge_point.stop(number, meter=500, transactionData=data)
    assert stored.count() == 5


def test_a_meter_that_runs_backwards_is_an_anomaly_never_a_negative_figure(charge_point):
    """TX-16."""
    number = charge_point.start(meter=5000)["transactionId"]
    charge_point.result("MeterValues", values_of(1, 10, transaction_id=number))
    assert only_transaction(charge_point).energy_wh is None
    charge_point.stop(number, meter=4000)
    row = only_transaction(charge_point)
    assert row.energy_wh is None
    assert row.anomaly == "register 4000 Wh is below the start, 5000 Wh"


@pytest.mark.parametrize("number", [0, -5, 4711, 2**31, 2**62, 2**80])
def test_a_stop_of_a_transaction_that_nobody_knows_is_answered_and_kept(charge_point, number):
    """D6, TX-10, pain 4."""
    charge_point.start()
    assert charge_point.stop(number, meter=77, idTag="NOBODY") == {"idTagInfo": {"status": "Invalid"}}
    charge_point.result("MeterValues", values_of(1, 88, transaction_id=number))
    assert only_transaction(charge_point).state == "running"
    orphans = OrphanMessage.objects.filter(charge_point=charge_point.identity).order_by("position")
    assert [(row.kind, row.transaction_id, row.meter_wh) for row in orphans] == [
        ("stop", str(number), 77),
        ("meter values", str(number), 88),
    ]


@pytest.mark.parametrize("number", [10**40, -(10**300), 10**4290], ids=["40", "300", "4290"])
def test_a_transaction_id_that_cannot_be_one_is_answered_like_an_unknown_one(charge_point, number):
    assert charge_point.stop(number) == {}
    assert charge_point.result("MeterValues", values_of(1, 88, transaction_id=number)) == {}
    assert OrphanMessage.objects.filter(charge_point=charge_point.identity).count() == 2


def test_a_transaction_of_another_charge_point_cannot_be_ended(site, charge_point):
    number = charge_point.start()["transactionId"]
    other = factories.charge_point(identity=unlike_any_other()).identity
    with site.connect(other) as stranger:
        assert stranger.stop(number) == {}
        stranger.result("MeterValues", values_of(1, 5000, transaction_id=number))
    assert only_transaction(charge_point).state == "running"
    assert only_transaction(charge_point).energy_wh == 0
    assert OrphanMessage.objects.filter(charge_point=other).count() == 2


def test_minus_one_means_the_start_that_was_never_confirmed(charge_point, tag):
    """TX-8."""
    token = tag()
    charge_point.start(id_tag=token, meter=1000, at=now(minutes=-20))
    charge_point.result("MeterValues", values_of(1, 1200, transaction_id=-1, at=now(minutes=-10)))
    assert only_transaction(charge_point).energy_wh == 200
    assert charge_point.stop(-1, meter=1700, idTag=token) == ACCEPTED
    row = only_transaction(charge_point)
    assert (row.state, row.energy_wh) == ("ended", 700)
    assert charge_point.stop(-1, meter=1, idTag=token) == ACCEPTED  # and another one is an orphan
    assert OrphanMessage.objects.filter(charge_point=charge_point.identity).count() == 1


def test_a_stop_of_an_old_session_leaves_the_one_that_runs_now_alone(charge_point):
    """D5."""
    old = charge_point.start(id_tag="A", meter=0, at=now(hours=-9))["transactionId"]
    new = charge_point.start(id_tag="B", meter=800, at=now(minutes=-5))["transactionId"]
    charge_point.stop(old, meter=750, at=now(hours=-8))
    ended, running = transactions(charge_point)
    assert (ended.transaction_id, ended.state, ended.energy_wh, ended.evidence) == (str(old), "ended", 750, "")
    assert (running.transaction_id, running.state) == (str(new), "running")


def test_a_backlog_of_weeks_during_a_live_session_is_booked_as_past(charge_point):
    """Pain 6, tolerance 6: statuses first, then the queue; order is by the charge point's time."""
    live = charge_point.start(id_tag="LIVE", meter=9000, at=now(minutes=-1))["transactionId"]
    charge_point.status(1, "Charging", now())
    for days in (30, 20, 10):
        start = now(days=-days)
        for minutes, status in enumerate(("Preparing", "Charging", "Finishing", "Available")):
            charge_point.status(1, status, start + timedelta(minutes=20 * minutes))
        number = charge_point.start(id_tag="OLD", meter=0, at=start + timedelta(minutes=20))["transactionId"]
        charge_point.result(
            "MeterValues", values_of(1, 300, transaction_id=number, at=start + timedelta(minutes=30))
        )
        charge_point.stop(number, meter=600, at=start + timedelta(minutes=40))
    charge_point.result("MeterValues", values_of(1, 9500, transaction_id=live))
    first, *old = transactions(charge_point)
    assert (first.state, first.energy_wh, first.is_late) == ("running", 500, False)
    assert [(row.state, row.energy_wh, row.is_late) for row in old] == [("ended", 600, True)] * 3
    assert ConnectorStatus.objects.get(charge_point=charge_point.identity).status == "Charging"


# --- data transfer and the rest ------------------------------------------------------------------------


def test_data_of_an_unknown_vendor_are_refused_in_the_answer(charge_point):
    """DT-1."""
    answer = charge_point.result("DataTransfer", {"vendorId": "com.example", "messageId": "m", "data": "{}"})
    assert answer == {"status": "UnknownVendorId"}


def test_data_of_a_vendor_with_a_plug_in_are_answered_by_it(own_site):
    site = own_site(
        extra_environment={"DJANGO_SETTINGS_MODULE": "tests.end_to_end.vendor_settings"}
    )
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
        assert charge_point.result("DataTransfer", {"vendorId": "COM.EXAMPLE"}) == {"status": "UnknownVendorId"}
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
