"""Remote start and stop, unlock, reset, triggers, data transfer (1.6 chapter 5)."""

import pytest

from chargepoint_sim.v16 import HANDLERS
from ocpp_core.action import Role
from ocpp_core.v16 import CATALOGUE
from tests.chargepoint_sim.stage import Stage


def start(stage, **payload):
    return stage.ask("RemoteStartTransaction", **({"idTag": "REMOTE"} | payload))["status"]


def test_handlers_stand_only_for_calls_of_the_central_system():
    assert HANDLERS.keys() <= {action.name for action in CATALOGUE.sent_by(Role.CENTRAL_SYSTEM)}


@pytest.mark.parametrize("first", ["cable", "command"])
def test_a_remote_start_with_the_cable_before_or_after(first):
    stage = Stage()
    if first == "cable":
        stage.plug_in()
    assert start(stage, connectorId=1) == "Accepted"
    if first == "command":
        assert stage.statuses() == ["Preparing"]
        stage.plug_in()
    assert stage.of("StartTransaction")[0]["idTag"] == "REMOTE"
    assert not stage.of("Authorize")
    stage.check()


def test_the_answer_leaves_before_what_it_sets_off():
    stage = Stage()
    stage.plug_in()
    before = len(stage.cp.frames)
    start(stage, connectorId=1)
    assert [frame.text[:2] + frame.action for frame in list(stage.cp.frames)[before:]][:3] == [
        "[2RemoteStartTransaction",
        "[3",
        "[2StartTransaction",
    ]


def test_a_remote_start_nobody_follows_ends_by_itself():
    stage = Stage()
    assert start(stage) == "Accepted"
    stage.clock.run_for(61)
    assert stage.statuses(1) == ["Preparing", "Available"]
    assert not stage.of("StartTransaction")


def test_without_a_connector_the_one_with_the_cable_is_taken():
    stage = Stage()
    stage.plug_in(2)
    assert start(stage) == "Accepted"
    assert stage.cp.transaction(2) is not None


@pytest.mark.parametrize("connector", [0, 3, -1, 10**12])
def test_a_remote_start_on_a_connector_that_is_not_there(connector):
    assert start(Stage(), connectorId=connector) == "Rejected"


@pytest.mark.parametrize("state", ["busy", "authorized", "faulted", "unavailable", "resetting"])
def test_a_remote_start_that_cannot_be(state):
    stage = Stage()
    match state:
        case "busy":
            stage.charge()
        case "authorized":
            stage.present()
        case "faulted":
            stage.cp.fault(1)
        case "unavailable":
            stage.ask("ChangeAvailability", connectorId=1, type="Inoperative")
        case "resetting":
            stage.cp.state.link.resetting = "Soft"
    assert start(stage, connectorId=1) == "Rejected"


@pytest.mark.parametrize(("verdict", "starts"), [("Accepted", 1), ("Invalid", 0)])
def test_a_remote_start_may_be_authorized_first(verdict, starts):
    stage = Stage(
        {"Authorize": {"idTagInfo": {"status": verdict}}}, settings={"AuthorizeRemoteTxRequests": "true"}
    )
    stage.plug_in()
    assert start(stage, connectorId=1) == "Accepted"
    assert stage.of("Authorize") == [{"idTag": "REMOTE"}]
    assert len(stage.of("StartTransaction")) == starts
    stage.present("REMOTE")
    stage.unplug()
    stage.plug_in()
    assert start(stage, connectorId=1) == "Accepted"
    assert len(stage.of("Authorize")) == (1 if starts else 3), "a cached token is not asked for again"


def test_a_remote_stop():
    stage = Stage()
    stage.charge()
    assert stage.ask("RemoteStopTransaction", transactionId=9) == {"status": "Rejected"}
    assert stage.ask("RemoteStopTransaction", transactionId=1) == {"status": "Accepted"}
    assert stage.of("StopTransaction")[0]["reason"] == "Remote"
    assert stage.ask("RemoteStopTransaction", transactionId=1) == {"status": "Rejected"}
    stage.check()


def test_unlock():
    stage = Stage()
    assert stage.ask("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
    stage.charge()
    assert stage.ask("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
    assert stage.of("StopTransaction")[0]["reason"] == "UnlockCommand"
    assert stage.cp.status(1) == "Finishing"
    for number in (0, 3):
        assert stage.ask("UnlockConnector", connectorId=number) == {"status": "NotSupported"}
    assert Stage(model="ac11").ask("UnlockConnector", connectorId=1) == {"status": "NotSupported"}


def test_a_stuck_lock_fails_to_unlock():
    stage = Stage()
    stage.cp.connector(1).socket.lock_is_stuck = True
    assert stage.ask("UnlockConnector", connectorId=1) == {"status": "UnlockFailed"}


@pytest.mark.parametrize("kind", ["Soft", "Hard"])
def test_a_reset_stops_transactions_and_boots_again(kind):
    stage = Stage()
    stage.charge()
    stage.forget()
    assert stage.ask("Reset", type=kind) == {"status": "Accepted"}
    stage.clock.run_for(20)
    assert stage.of("StopTransaction")[0]["reason"] == f"{kind}Reset"
    assert stage.actions().count("StopTransaction") == 1
    assert stage.actions()[-4:] == ["BootNotification", *["StatusNotification"] * 3]
    assert stage.cp.tally.reboots == 1
    assert stage.cp.status(1) in ("Finishing", "Preparing"), "the cable is still in"
    stage.check()


@pytest.mark.parametrize(("kind", "longest"), [("Soft", 30), ("Hard", 2)])
def test_a_reset_does_not_wait_for_ever_and_the_stop_follows_after_the_boot(kind, longest):
    stage = Stage()
    stage.charge()
    stage.central_system.answers["StopTransaction"] = None
    stage.ask("Reset", type=kind)
    stage.clock.run_for(longest + 0.1)
    assert stage.cp.tally.reboots == 1
    del stage.central_system.answers["StopTransaction"]
    stage.clock.run_for(30)
    assert [p["reason"] for p in stage.of("StopTransaction")] == [f"{kind}Reset"] * 2
    assert stage.cp.state.transactions == {}


def test_a_reset_of_an_idle_charge_point_is_immediate():
    stage = Stage()
    stage.ask("Reset", type="Hard")
    assert not stage.cp.state.is_on
    stage.clock.run_for(6)
    assert stage.actions()[0] == "BootNotification"


@pytest.mark.parametrize(
    ("trigger", "connector", "expected"),
    [
        ("Heartbeat", None, ["Heartbeat"]),
        ("Heartbeat", 99, ["Heartbeat"]),
        ("StatusNotification", None, ["StatusNotification"] * 3),
        ("StatusNotification", 0, ["StatusNotification"]),
        ("MeterValues", None, ["MeterValues"] * 2),
        ("MeterValues", 0, ["MeterValues"]),
        ("MeterValues", 2, ["MeterValues"]),
    ],
)
def test_triggers(trigger, connector, expected):
    stage = Stage()
    where = {} if connector is None else {"connectorId": connector}
    assert stage.ask("TriggerMessage", requestedMessage=trigger, **where) == {"status": "Accepted"}
    assert stage.actions() == expected
    stage.check()


@pytest.mark.parametrize(
    ("trigger", "connector", "status"),
    [
        ("StatusNotification", 3, "Rejected"),
        ("MeterValues", 3, "Rejected"),
        ("FirmwareStatusNotification", None, "NotImplemented"),
        ("DiagnosticsStatusNotification", None, "NotImplemented"),
    ],
)
def test_triggers_that_are_refused(trigger, connector, status):
    stage = Stage(model="grumpy")
    where = {} if connector is None else {"connectorId": connector}
    assert stage.ask("TriggerMessage", requestedMessage=trigger, **where) == {"status": status}
    assert stage.actions() == []


def test_triggered_meter_values_belong_to_the_transaction():
    stage = Stage()
    stage.charge()
    stage.ask("TriggerMessage", requestedMessage="MeterValues", connectorId=1)
    message = stage.of("MeterValues")[0]
    assert message["transactionId"] == 1
    assert {v["context"] for v in message["meterValue"][0]["sampledValue"]} == {"Trigger"}


def test_data_transfer_knows_no_vendor():
    assert Stage().ask("DataTransfer", vendorId="anyone") == {"status": "UnknownVendorId"}
