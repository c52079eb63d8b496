"""Status notifications and availability (1.6 4.9 and 5.2)."""

from chargepoint_sim.shell import MemoryStorage
from tests.chargepoint_sim.stage import Stage


def change(stage, connector, type_):
    return stage.ask("ChangeAvailability", connectorId=connector, type=type_)["status"]


def test_a_free_connector_changes_at_once_and_back():
    stage = Stage()
    assert change(stage, 1, "Inoperative") == "Accepted"
    assert change(stage, 1, "Inoperative") == "Accepted"
    assert change(stage, 1, "Operative") == "Accepted"
    assert stage.statuses() == ["Unavailable", "Available"]
    stage.check()


def test_a_busy_connector_changes_after_its_transaction():
    stage = Stage()
    stage.charge()
    assert change(stage, 1, "Inoperative") == "Scheduled"
    assert stage.cp.status(1) == "Charging"
    stage.present()
    stage.unplug()
    assert stage.statuses() == ["Preparing", "Charging", "Finishing", "Unavailable"]


def test_operative_cancels_what_was_scheduled():
    stage = Stage()
    stage.charge()
    change(stage, 1, "Inoperative")
    assert change(stage, 1, "Operative") == "Accepted"
    stage.present()
    stage.unplug()
    assert stage.cp.status(1) == "Available"


def test_connector_zero_is_everything():
    stage = Stage()
    stage.charge(connector=2)
    stage.forget()
    assert change(stage, 0, "Inoperative") == "Scheduled"
    assert (stage.statuses(0), stage.statuses(1), stage.statuses(2)) == (["Unavailable"], ["Unavailable"], [])
    stage.present(connector=2)
    stage.unplug(2)
    assert stage.statuses(2) == ["Finishing", "Unavailable"]
    assert change(stage, 0, "Operative") == "Accepted"
    assert [stage.cp.status(n) for n in range(3)] == ["Available"] * 3


def test_unknown_connectors_are_rejected():
    stage = Stage()
    assert change(stage, 3, "Operative") == "Rejected"
    assert change(stage, -1, "Operative") == "Rejected"


def test_availability_survives_power_loss():
    stage = Stage(storage=MemoryStorage())
    stage.charge(connector=2)
    change(stage, 0, "Inoperative")
    stage.cp.cut_power()
    stage.forget()
    stage.cp.power_on()
    stage.clock.run_for()
    assert (stage.statuses(0), stage.statuses(1), stage.statuses(2)) == (
        ["Unavailable"],
        ["Unavailable"],
        ["Finishing"],
    )
    stage.unplug(2)
    assert stage.cp.status(2) == "Unavailable"


def test_enabled_again_with_the_cable_in_it_prepares():
    stage = Stage()
    change(stage, 1, "Inoperative")
    stage.plug_in()
    assert stage.statuses() == ["Unavailable"]
    change(stage, 1, "Operative")
    assert stage.statuses() == ["Unavailable", "Preparing"]


def test_preparing_becomes_unavailable_by_way_of_available():
    stage = Stage()
    stage.plug_in()
    change(stage, 1, "Inoperative")
    assert stage.statuses() == ["Preparing", "Available", "Unavailable"]


def test_a_status_must_last_the_minimum_duration():
    stage = Stage(settings={"MinimumStatusDuration": "10"})
    stage.plug_in()
    stage.clock.run_for(5)
    stage.unplug()
    stage.clock.run_for(60)
    assert stage.statuses() == []
    stage.plug_in()
    stage.clock.run_for(11)
    assert stage.statuses() == ["Preparing"]


def test_a_trigger_during_the_minimum_duration_tells_the_status_once():
    stage = Stage(settings={"MinimumStatusDuration": "10"})
    stage.plug_in()
    stage.ask("TriggerMessage", requestedMessage="StatusNotification", connectorId=1)
    stage.clock.run_for(60)
    assert stage.statuses() == ["Preparing"]


def test_a_disconnection_during_the_minimum_duration_harms_nothing():
    stage = Stage(settings={"MinimumStatusDuration": "10"})
    stage.plug_in()
    stage.go_offline()
    stage.clock.run_for(30)
    stage.go_online()
    stage.clock.run_for(30)
    assert stage.statuses() == ["Preparing"]


def test_a_fault_of_the_charge_point_itself_offers_no_energy():
    stage = Stage()
    stage.charge()
    stage.forget()
    stage.cp.fault(0, "PowerSwitchFailure")
    stage.clock.run_for()
    assert stage.statuses(0) == ["Faulted"]
    assert stage.statuses(1) == ["SuspendedEVSE"]
    stage.cp.clear_fault(0)
    stage.clock.run_for()
    assert stage.statuses(1) == ["SuspendedEVSE", "Charging"]


def test_a_new_error_code_is_told_without_a_new_status():
    stage = Stage()
    stage.cp.fault(1, "GroundFailure")
    stage.clock.run_for()
    stage.cp.fault(1, "OverVoltage")
    stage.clock.run_for()
    assert [p["errorCode"] for p in stage.of("StatusNotification")] == ["GroundFailure", "OverVoltage"]
