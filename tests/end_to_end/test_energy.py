"""Meter values, stops, and how much energy it was: raw frames in, stored rows out (see test_core_profile)."""

import json
import uuid
from datetime import timedelta

import pytest

from csms.charging.models import ConnectorStatus, MeterValue, OrphanMessage
from tests import factories
from tests.end_to_end.conftest import only_transaction, transactions
from tests.end_to_end.wire import now, start_of, stop_of, text_of, unlike_any_other, values_of

pytestmark = pytest.mark.end_to_end

ACCEPTED = {"idTagInfo": {"status": "Accepted"}}


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
    "Energy.Active.Import.Register", "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Register", "Energy.Active.Export.Interval", "Energy.Active.Import.Interval",
    "Energy.Reactive.Export.Interval", "Energy.Reactive.Import.Interval", "Frequency",
    "Power.Active.Export", "Power.Active.Import", "Power.Factor", "Power.Offered",
    "Power.Reactive.Export", "Power.Reactive.Import", "RPM", "SoC", "Temperature", "Voltage",
]  # fmt: skip
UNITS = ["Wh", "kWh", "varh", "kvarh", "W", "kW", "VA", "kVA", "var", "kvar", "A", "V", "K", "Celcius",
         "Celsius", "Fahrenheit", "Percent"]  # fmt: skip
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
    assert [event.repairs for event in received] == [
        "null_member",
        "null_member",
        "null_member,number_as_text",
    ]
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
    assert (row.state, row.meter_stop_wh, row.energy_wh, row.stop_reason) == (
        "ended",
        4500,
        3500,
        "EVDisconnected",
    )
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
        {"timestamp": text_of(now(minutes=n - 10)), "sampledValue": [{"value": str(n * 100)}]}
        for n in range(5)
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
    assert (ended.transaction_id, ended.state, ended.energy_wh, ended.evidence) == (
        str(old),
        "ended",
        750,
        "",
    )
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
