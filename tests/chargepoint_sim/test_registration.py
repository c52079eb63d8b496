"""Boot notification, registration, heartbeat, clock, reconnection (1.6 4.2 and 4.6, OCPP-J 5.3 and 6)."""

import itertools

import pytest

from chargepoint_sim.testing import START
from tests.chargepoint_sim.stage import Stage

ACCEPTED = {"status": "Accepted", "currentTime": "2026-01-01T18:00:00Z", "interval": 300}
PENDING = ACCEPTED | {"status": "Pending", "interval": 20}
REJECTED = ACCEPTED | {"status": "Rejected", "interval": 20}


def booting(*answers):
    """A charge point switched on, whose boots get these answers in turn, then the last for ever."""
    left = list(answers)
    stage = Stage({"BootNotification": lambda _: left.pop(0) if len(left) > 1 else left[0]}, booted=False)
    stage.cp.power_on()
    stage.clock.run_for()
    return stage


def test_after_power_on_the_boot_comes_first_then_every_status():
    stage = booting(ACCEPTED)
    assert stage.actions() == ["BootNotification", *["StatusNotification"] * 3]
    assert [p["connectorId"] for p in stage.of("StatusNotification")] == [0, 1, 2]
    assert stage.of("BootNotification")[0]["chargePointVendor"] == "Ampero"
    stage.check()


def test_the_interval_of_an_accepted_boot_is_the_heartbeats_and_is_stored():
    stage = booting(ACCEPTED | {"interval": 40})
    assert stage.ask("GetConfiguration", key=["HeartbeatInterval"])["configurationKey"][0]["value"] == "40"
    assert '"HeartbeatInterval":"40"' in stage.cp.storage.read()["configuration"]
    stage.forget()
    stage.clock.run_for(41)
    assert stage.actions() == ["Heartbeat"]


def test_an_interval_of_zero_keeps_the_configured_heartbeat():
    stage = booting(ACCEPTED | {"interval": 0})
    assert stage.ask("GetConfiguration", key=["HeartbeatInterval"])["configurationKey"][0]["value"] == "300"


@pytest.mark.parametrize("refusal", [PENDING, REJECTED], ids=["Pending", "Rejected"])
def test_nothing_but_the_boot_is_sent_until_it_is_accepted(refusal):
    stage = booting(refusal, refusal, ACCEPTED)
    stage.charge()
    stage.clock.run_for(19)
    assert stage.actions() == ["BootNotification"]
    stage.clock.run_for(20)
    assert stage.actions() == ["BootNotification"] * 2
    stage.clock.run_for(10)
    assert stage.actions()[2:4] == ["BootNotification", "StatusNotification"]
    stage.check()


def test_without_an_interval_the_charge_point_chooses_one_that_does_not_flood():
    stage = booting(PENDING | {"interval": 0})
    stage.clock.run_for(59)
    assert stage.actions() == ["BootNotification"]
    stage.clock.run_for(20)
    assert stage.actions() == ["BootNotification"] * 2


@pytest.mark.parametrize(
    "answer", [["InternalError", "later"], None, '[3,"x"'], ids=["error", "silence", "nonsense"]
)
def test_a_boot_without_a_result_is_tried_again(answer):
    stage = booting(answer, ACCEPTED)
    stage.clock.run_for(60)
    assert stage.actions()[:3] == ["BootNotification", "BootNotification", "StatusNotification"]


def test_while_pending_the_central_system_is_answered_but_may_not_start():
    stage = booting(PENDING)
    assert stage.ask("GetConfiguration", key=["HeartbeatInterval"])["configurationKey"]
    assert stage.ask("RemoteStartTransaction", idTag="TAG") == {"status": "Rejected"}
    assert stage.ask("RemoteStopTransaction", transactionId=1) == {"status": "Rejected"}
    assert stage.ask("TriggerMessage", requestedMessage="StatusNotification", connectorId=1) == {
        "status": "Accepted"
    }
    assert stage.ask("TriggerMessage", requestedMessage="Heartbeat") == {"status": "Accepted"}
    assert stage.ask("TriggerMessage", requestedMessage="BootNotification") == {"status": "Accepted"}
    stage.clock.run_for(1)
    assert stage.actions() == ["BootNotification", "StatusNotification", "Heartbeat", "BootNotification"]
    stage.check()


def test_while_rejected_nothing_is_answered():
    stage = booting(REJECTED)
    assert stage.ask("GetConfiguration") is None
    assert stage.ask("TriggerMessage", requestedMessage="BootNotification") is None


def test_before_any_answer_a_call_is_refused():
    stage = booting(None)
    assert stage.ask("GetConfiguration") == "SecurityError"


def test_a_reconnection_needs_no_boot_and_tells_only_what_changed():
    stage = Stage()
    stage.go_offline()
    stage.plug_in(2)
    stage.go_online()
    assert [(p["connectorId"], p["status"]) for p in stage.of("StatusNotification")] == [(2, "Preparing")]
    assert "BootNotification" not in stage.actions()
    stage.check()


def test_a_status_lost_with_the_connection_is_told_afterwards():
    stage = Stage(latency=0.5)
    stage.clock.run_for(20)
    stage.forget()
    stage.plug_in(1)
    stage.central_system.is_reachable = False
    stage.cp.drop_connection()
    stage.clock.run_for(2)
    stage.go_online()
    stage.clock.run_for(10)
    assert stage.statuses(1) == ["Preparing"]


def test_reconnections_back_off_and_start_anew_after_success():
    stage = Stage()
    attempts = []
    stage.cp.connect = lambda connect=stage.cp.connect: (attempts.append(stage.clock.now), connect())[1]
    stage.go_offline()
    stage.clock.run_for(400)
    waits = [b - a for a, b in itertools.pairwise(attempts)]
    assert all(6 <= wait <= 40 for wait in waits)
    assert 12 <= waits[1] <= 22
    assert all(24 <= wait <= 34 for wait in waits[2:])
    stage.go_online()
    assert stage.cp.state.link.failures == 0


def test_a_heartbeat_is_due_only_when_nothing_else_was_sent():
    stage = Stage(settings={"MeterValueSampleInterval": "60"})
    stage.charge()
    stage.forget()
    stage.clock.run_for(3600)
    assert set(stage.actions()) == {"MeterValues"}
    stage.cp.press_stop()
    stage.unplug()
    stage.forget()
    stage.clock.run_for(3001)
    assert stage.actions() == ["Heartbeat"] * 10


def test_one_heartbeat_a_day_even_under_traffic():
    stage = Stage(settings={"ClockAlignedDataInterval": "60"})
    stage.forget()
    stage.clock.run_for(86_400 + 300)
    assert stage.actions().count("Heartbeat") == 1


def test_a_heartbeat_without_an_answer_is_not_the_last():
    stage = Stage({"Heartbeat": None})
    stage.clock.run_for(301 * 3)
    assert stage.actions() == ["Heartbeat"] * 3
    stage.go_offline()
    stage.go_online()
    stage.clock.run_for(301)
    assert stage.actions() == ["Heartbeat"] * 4


def test_a_changed_heartbeat_interval_counts_at_once():
    stage = Stage()
    assert stage.ask("ChangeConfiguration", key="HeartbeatInterval", value="10") == {"status": "Accepted"}
    stage.clock.run_for(10.5)
    assert stage.actions() == ["Heartbeat"]


def test_the_clock_follows_the_central_system_and_the_timers_do_not_notice():
    stage = booting(ACCEPTED | {"currentTime": "2030-06-01T12:00:00+02:00"})
    stage.charge()
    assert stage.of("StartTransaction")[0]["timestamp"].startswith("2030-06-01T10:00:00")
    stage.forget()
    stage.clock.run_for(60)
    assert stage.of("MeterValues")[0]["meterValue"][0]["timestamp"].startswith("2030-06-01T10:01:00")


def test_a_second_of_difference_does_not_move_the_clock():
    stage = booting(ACCEPTED | {"currentTime": "2026-01-01T18:00:00.900Z"})
    assert stage.cp.state.clock.utc(stage.clock.now) == START


def test_a_boot_is_not_triggered_once_accepted():
    stage = Stage()
    assert stage.ask("TriggerMessage", requestedMessage="BootNotification") == {"status": "Rejected"}
    stage.clock.run_for(10)
    assert stage.actions() == []


def test_the_old_one_boots_with_vendor_and_model_only_and_repeats_statuses_without_time():
    stage = Stage(booted=False, model="grumpy")
    stage.cp.power_on()
    stage.clock.run_for(301)
    assert stage.of("BootNotification") == [{"chargePointVendor": "OLDE", "chargePointModel": "EV-Box MkI"}]
    assert len(stage.of("StatusNotification")) == 6
    assert all("timestamp" not in p for p in stage.of("StatusNotification"))
    stage.check()


def test_the_serial_number_is_cut_to_its_field():
    stage = Stage(identity="Säule " + "9" * 40)
    stage.check()


def test_a_central_system_that_has_forgotten_us_gets_a_boot_and_loses_nothing():
    stage = Stage()
    forgotten = [["SecurityError", "who are you?"]]
    usual = stage.central_system.transaction_id
    stage.central_system.answers["StartTransaction"] = lambda p: (
        forgotten.pop() if forgotten else {"idTagInfo": {"status": "Accepted"}, "transactionId": usual(p)}
    )
    stage.charge()
    expected = ["StartTransaction", "BootNotification", *["StatusNotification"] * 3, "StartTransaction"]
    assert stage.actions()[-6:] == expected
    assert stage.cp.transaction(1).transaction_id == 1
    stage.check()


def test_one_that_forgets_after_every_boot_does_not_make_us_boot_for_ever():
    stage = Stage({"Heartbeat": ["SecurityError", ""]})
    stage.clock.run_for(3600)
    assert stage.actions().count("BootNotification") == 1
    assert stage.actions().count("Heartbeat") >= 10


def test_statuses_told_on_demand_while_pending_are_told_again_after_acceptance():
    stage = booting(PENDING, ACCEPTED)
    stage.ask("TriggerMessage", requestedMessage="StatusNotification", connectorId=1)
    stage.forget()
    stage.clock.run_for(21)
    assert [p["connectorId"] for p in stage.of("StatusNotification")] == [0, 1, 2]
