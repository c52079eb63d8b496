"""The way of a message: one at a time, in order, tried again, never lost (1.6 3.7.1, OCPP-J 4)."""

import json

import pytest

from chargepoint_sim.shell import MemoryStorage
from chargepoint_sim.testing import START
from tests.chargepoint_sim.stage import Stage

NO_ANSWER = None
REFUSED = ["InternalError", "no"]

HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "0", "issuerKeyHash": "0", "serialNumber": "0"}


def test_only_one_call_is_pending_at_a_time():
    stage = Stage(latency=1.0, booted=False, settings={"AllowOfflineTxForUnknownId": "true"})
    stage.cp.power_on()
    stage.charge()
    pending, most = set(), 0
    stage.clock.run_for(60)
    for frame in stage.cp.frames:
        message = json.loads(frame.text)
        if frame.direction == "out":
            pending.add(message[1])
        else:
            pending.discard(message[1])
        most = max(most, len(pending))
    assert most == 1
    assert stage.of("StartTransaction")


def test_an_offline_session_is_delivered_in_order_after_the_statuses():
    stage = Stage(settings={"AllowOfflineTxForUnknownId": "true"})
    stage.go_offline()
    stage.charge()
    stage.clock.run_for(130)
    stage.present()
    stage.unplug()
    stage.charge(connector=2)
    stage.clock.run_for(30)
    stage.go_online()
    assert stage.actions()[:6] == [
        "StatusNotification",
        "StartTransaction",
        "MeterValues",
        "MeterValues",
        "StopTransaction",
        "StartTransaction",
    ]
    assert stage.of("StatusNotification")[0]["connectorId"] == 2
    start, stop = stage.of("StartTransaction")[0], stage.of("StopTransaction")[0]
    assert start["timestamp"] == "2026-01-01T18:00:00Z"
    assert stop["timestamp"] == "2026-01-01T18:02:10Z"
    assert {p["transactionId"] for p in stage.of("MeterValues")[:2]} == {stop["transactionId"]} == {1}
    stage.check()


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (REFUSED, [0, 60, 180]),
        ({"transactionId": "x"}, [0, 60, 180]),
        (NO_ANSWER, [0, 90, 240]),  # 30 s more each: MessageTimeout
        ('[3,"?"]', [0, 90, 240]),
    ],
    ids=["error", "invalid result", "silence", "nonsense"],
)
def test_a_message_is_tried_again_after_growing_pauses_and_then_given_up(answer, times):
    """Attempts 3, interval 60: send, 60 s, send, 120 s, send, discard."""
    stage = Stage({"StartTransaction": answer}, settings={"MeterValueSampleInterval": "0"})
    stage.charge()
    stage.clock.run_for(1000)
    sent = [frame for frame in stage.cp.frames if frame.action == "StartTransaction"]
    assert [frame.at - START for frame in sent] == pytest.approx(times)
    assert len({json.loads(frame.text)[1] for frame in sent}) == 1, "a resend keeps its message id"
    assert stage.cp.state.counters.messages_discarded == 1
    stage.check()


def test_the_rest_of_a_transaction_whose_start_was_given_up_carries_minus_one():
    stage = Stage({"StartTransaction": REFUSED}, settings={"MeterValueSampleInterval": "60"})
    stage.charge()
    stage.clock.run_for(400)
    stage.present()
    assert {p["transactionId"] for p in stage.of("MeterValues")} == {-1}
    assert stage.of("StopTransaction")[0]["transactionId"] == -1
    assert stage.cp.state.transactions == {}
    stage.check()


def test_a_failing_message_holds_back_the_queue_but_not_other_calls():
    stage = Stage({"StartTransaction": REFUSED})
    stage.charge()
    stage.forget()
    stage.present()
    assert stage.actions() == ["StatusNotification"]
    stage.clock.run_for(400)
    assert stage.actions()[-1] == "StopTransaction"


def test_being_offline_does_not_use_up_attempts():
    stage = Stage({"StartTransaction": NO_ANSWER}, settings={"TransactionMessageAttempts": "1"})
    stage.charge()
    for _ in range(5):
        stage.go_offline()
        stage.go_online()
    assert len(stage.of("StartTransaction")) == 6
    del stage.central_system.answers["StartTransaction"]
    stage.go_offline()
    stage.go_online()
    assert stage.cp.transaction(1).transaction_id == 1


@pytest.mark.parametrize("attempts", ["1", "0"])
def test_a_single_attempt_is_a_single_send(attempts):
    stage = Stage({"StartTransaction": REFUSED})
    stage.cp.state.configuration["TransactionMessageAttempts"] = attempts
    stage.charge()
    stage.clock.run_for(1000)
    assert len(stage.of("StartTransaction")) == 1


def test_the_queue_survives_a_power_cut_and_goes_out_without_another_event():
    stage = Stage(settings={"AllowOfflineTxForUnknownId": "true"}, storage=MemoryStorage())
    stage.go_offline()
    stage.charge()
    stage.clock.run_for(130)
    stage.present()
    stage.unplug()
    stage.cp.cut_power()
    stage.forget()
    stage.central_system.is_reachable = True
    stage.cp.power_on()
    stage.clock.run_for()
    expected = ["StartTransaction", "MeterValues", "MeterValues", "StopTransaction"]
    assert [a for a in stage.actions() if a not in ("BootNotification", "StatusNotification")] == expected
    stage.check()


def test_a_late_answer_changes_nothing():
    stage = Stage({"Authorize": NO_ANSWER})
    stage.charge()
    late = json.loads(stage.cp.frames[-1].text)
    stage.clock.run_for(40)
    stage.cp.deliver(json.dumps([3, late[1], {"idTagInfo": {"status": "Accepted"}}]))
    stage.clock.run_for()
    assert stage.cp.transaction(1) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "{}",
        "[]",
        "[2]",
        "[7,1]",
        '[3,"nobody",{}]',
        '[4,"nobody","X","",{}]',
        "[2,3,4]",
        "null",
    ],
)
def test_a_frame_that_is_none_is_ignored(text):
    stage = Stage()
    before = len(stage.cp.frames)
    stage.cp.deliver(text)
    stage.clock.run_for(10)
    assert [f.direction for f in list(stage.cp.frames)[before:]] == ["in"]


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Nonsense", {}, "NotImplemented"),
        ("BootNotification", {}, "NotSupported"),
        ("Reset", {}, "OccurenceConstraintViolation"),
        ("Reset", {"type": "Warm"}, "PropertyConstraintViolation"),
        ("Reset", {"type": 1}, "TypeConstraintViolation"),
        ("Reset", {"type": "Soft", "more": 1}, "FormationViolation"),
        ("DeleteCertificate", {"certificateHashData": HASH}, "NotSupported"),
    ],
)
def test_a_call_that_cannot_be_served_gets_the_right_error(action, payload, code):
    stage = Stage(model="grumpy")
    assert stage.ask(action, **payload) == code
    stage.check()


def test_a_broken_answer_ends_the_call_it_belongs_to():
    stage = Stage({"Heartbeat": "[3]"})
    stage.clock.run_for(301)
    pending = stage.cp.state.traffic.pending
    assert pending is not None
    stage.cp.deliver(f'[3,"{pending.unique_id}"]')
    stage.clock.run_for()
    assert stage.cp.state.traffic.pending is None
    assert stage.cp.state.counters.calls_failed == 1


def test_a_long_outage_thins_out_meter_values_and_nothing_else():
    settings = {"AllowOfflineTxForUnknownId": "true", "MeterValueSampleInterval": "10"}
    stage = Stage(settings=settings)
    stage.go_offline()
    stage.charge()
    stage.clock.run_for(12 * 3600)
    stage.present()
    assert len(stage.cp.state.traffic.queue) <= 2000
    stored = [part for part in stage.cp.storage.read() if part.startswith("queue:")]
    assert len(stored) == len(stage.cp.state.traffic.queue)
    stage.go_online()
    stage.clock.run_for(1)
    actions = [a for a in stage.actions() if a not in ("StatusNotification", "Heartbeat")]
    assert (actions[0], actions[-1]) == ("StartTransaction", "StopTransaction")
    assert set(actions[1:-1]) == {"MeterValues"}
    stamps = [p["meterValue"][0]["timestamp"] for p in stage.of("MeterValues")]
    assert stamps == sorted(stamps)
    assert stage.cp.state.counters.messages_discarded > 2000
