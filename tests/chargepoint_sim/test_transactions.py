"""Transactions: what starts and stops them and what is told of it (1.6 4.8, 4.10)."""

import pytest

from chargepoint_sim.shell import MemoryStorage
from tests.chargepoint_sim.stage import Stage

ACCEPTED = {"idTagInfo": {"status": "Accepted"}, "transactionId": 77}
INVALID = {"idTagInfo": {"status": "Invalid"}, "transactionId": 78}


def test_the_meter_and_the_times_of_start_and_stop():
    stage = Stage()
    stage.charge()
    stage.clock.run_for(3600)
    stage.present()
    start, stop = stage.of("StartTransaction")[0], stage.of("StopTransaction")[0]
    assert start == {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": "2026-01-01T18:00:00Z"}
    assert stop["meterStop"] == 11_000
    assert stop["timestamp"] == "2026-01-01T19:00:00Z"
    assert stop["transactionId"] == 1
    stage.check()


def test_the_register_goes_on_in_the_next_transaction():
    stage = Stage()
    for _ in range(2):
        stage.charge()
        stage.clock.run_for(3600)
        stage.present()
        stage.unplug()
    starts, stops = stage.of("StartTransaction"), stage.of("StopTransaction")
    assert [s["meterStart"] for s in starts] == [0, 11_000]
    assert [s["meterStop"] for s in stops] == [11_000, 22_000]


def test_a_full_battery_suspends_and_the_transaction_goes_on():
    stage = Stage()
    stage.charge(charge_wh=59_000.0)
    stage.clock.run_for(3 * 3600)
    assert stage.statuses() == ["Preparing", "Charging", "SuspendedEV"]
    stage.unplug()
    assert stage.of("StopTransaction")[0]["meterStop"] == int(1000 / 0.92)


def test_a_car_that_pauses_and_resumes():
    stage = Stage()
    stage.charge()
    stage.forget()
    stage.cp.pause_vehicle(1)
    stage.clock.run_for(60)
    stage.cp.pause_vehicle(1, is_paused=False)
    stage.clock.run_for(60)
    assert stage.statuses() == ["SuspendedEV", "Charging"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [("ac22", ["Finishing", "Available"]), ("ac11", ["Available"])],
    ids=["socket", "fixed cable"],
)
def test_pulling_the_plug_stops_the_transaction(model, expected):
    stage = Stage(model=model)
    stage.charge()
    stage.forget()
    stage.unplug()
    assert stage.of("StopTransaction")[0]["reason"] == "EVDisconnected"
    assert stage.statuses() == expected
    stage.check()


def test_pulling_the_plug_may_only_pause():
    stage = Stage(settings={"StopTransactionOnEVSideDisconnect": "false"})
    stage.charge()
    stage.forget()
    stage.unplug()
    assert stage.actions() == ["StatusNotification"]
    assert stage.of("StatusNotification")[0]["info"] == "EV side disconnected"
    stage.plug_in()
    assert stage.statuses() == ["SuspendedEV", "Charging"]
    stage.present()
    assert stage.of("StopTransaction")[0]["reason"] == "Local"


def test_after_the_stop_the_connector_waits_for_the_cable():
    stage = Stage()
    stage.charge()
    stage.present()
    stage.clock.run_for(600)
    assert stage.cp.status(1) == "Finishing"
    stage.unplug()
    assert stage.cp.status(1) == "Available"


def test_the_same_car_may_charge_again_without_leaving():
    stage = Stage()
    stage.charge()
    stage.present()
    stage.present()
    assert stage.statuses() == ["Preparing", "Charging", "Finishing", "Preparing", "Charging"]
    assert len(stage.of("StartTransaction")) == 2


def test_a_token_refused_after_the_start_stops_with_deauthorized():
    stage = Stage({"StartTransaction": INVALID})
    stage.charge()
    stop = stage.of("StopTransaction")[0]
    assert (stop["reason"], stop["transactionId"]) == ("DeAuthorized", 78)
    assert stage.cp.status(1) == "Finishing"


def test_a_token_refused_after_the_start_may_only_lose_its_energy():
    stage = Stage({"StartTransaction": INVALID}, settings={"StopTransactionOnInvalidId": "false"})
    stage.charge()
    stage.clock.run_for(3600)
    assert stage.statuses() == ["Preparing", "Charging", "SuspendedEVSE"]
    assert stage.cp.energy_wh == 0
    stage.present()
    assert stage.of("StopTransaction")[0]["transactionId"] == 78


def test_an_emergency_stop_says_so():
    stage = Stage()
    stage.charge()
    stage.cp.press_stop(1, is_emergency=True)
    stage.clock.run_for()
    assert stage.of("StopTransaction")[0]["reason"] == "EmergencyStop"


def test_a_fault_pauses_and_its_end_resumes():
    stage = Stage()
    stage.charge()
    stage.forget()
    stage.cp.fault(1, "HighTemperature", "too hot")
    stage.clock.run_for(3600)
    assert stage.cp.energy_wh == 0
    stage.cp.clear_fault(1)
    stage.clock.run_for(3600)
    assert [(p["status"], p["errorCode"]) for p in stage.of("StatusNotification")] == [
        ("Faulted", "HighTemperature"),
        ("Charging", "NoError"),
    ]
    assert stage.cp.energy_wh == pytest.approx(11_000)
    stage.check()


def test_a_fault_without_a_code_is_not_reported_as_no_error():
    stage = Stage()
    stage.cp.fault(1, "NoError")
    stage.clock.run_for()
    assert stage.of("StatusNotification")[0]["errorCode"] == "OtherError"


def test_a_warning_is_reported_and_stops_nothing():
    stage = Stage()
    stage.charge()
    stage.forget()
    stage.cp.fault(1, "WeakSignal", is_warning=True)
    stage.clock.run_for()
    assert [(p["status"], p["errorCode"]) for p in stage.of("StatusNotification")] == [
        ("Charging", "WeakSignal")
    ]


def test_begin_and_end_stand_in_the_transaction_data():
    stage = Stage(settings={"StopTxnSampledData": "Energy.Active.Import.Register"})
    stage.charge()
    stage.clock.run_for(150)
    stage.present()
    data = stage.of("StopTransaction")[0]["transactionData"]
    contexts = [value["sampledValue"][0]["context"] for value in data]
    assert contexts == ["Transaction.Begin", "Sample.Periodic", "Sample.Periodic", "Transaction.End"]
    stage.check()


def test_transaction_data_is_thinned_but_keeps_both_ends():
    stage = Stage(
        settings={"StopTxnSampledData": "Energy.Active.Import.Register", "MeterValueSampleInterval": "10"}
    )
    stage.charge()
    stage.clock.run_for(3600)
    stage.present()
    data = stage.of("StopTransaction")[0]["transactionData"]
    assert len(data) <= 100
    contexts = [value["sampledValue"][0]["context"] for value in data]
    assert (contexts[0], contexts[-1]) == ("Transaction.Begin", "Transaction.End")
    assert [value["timestamp"] for value in data] == sorted(value["timestamp"] for value in data)


def test_without_stop_data_there_is_no_transaction_data():
    stage = Stage(settings={"StopTxnSampledData": ""})
    stage.charge()
    stage.present()
    assert "transactionData" not in stage.of("StopTransaction")[0]


def test_power_loss_stops_the_transaction_after_the_next_boot():
    stage = Stage(storage=MemoryStorage())
    stage.charge()
    stage.clock.run_for(150)
    stage.cp.cut_power()
    stage.clock.run_for(3600)
    stage.forget()
    stage.cp.power_on()
    stage.clock.run_for()
    assert stage.actions() == ["BootNotification", *["StatusNotification"] * 3, "StopTransaction"]
    stop = stage.of("StopTransaction")[0]
    assert stop["reason"] == "PowerLoss"
    assert stop["timestamp"] == "2026-01-01T18:02:00Z"  # when storage last heard of it
    assert stop["meterStop"] == int(11_000 * 150 / 3600)
    assert stage.cp.status(1) == "Finishing"
    stage.check()
