"""What goes wrong on the wire, and how a charge point lives with it."""

import json

import pytest

from chargepoint_sim.faults import (
    Answer,
    Corrupt,
    Delay,
    Drop,
    Duplicate,
    Extra,
    Faults,
    HalfOpen,
    Reorder,
    Rewrite,
    Unzoned,
)
from chargepoint_sim.quirks import QUIRKS
from tests.chargepoint_sim.stage import Stage, check_frames

SETTINGS = {"TransactionMessageRetryInterval": "1", "TransactionMessageAttempts": "100"}


def faulty(*rules, booted=True, **options):
    stage = Stage(booted=booted, settings=SETTINGS, **options)
    for rule in rules:
        stage.cp.faults.add(rule)
    return stage


def replies(stage):
    """Frames that the central system could not take for an answer are kept as they came."""
    return list(stage.central_system.replies.values())


def test_a_delayed_frame_is_overtaken():
    stage = faulty(Delay(action="StatusNotification", of="call", seconds=5, times=1))
    stage.charge()
    assert stage.actions() == []
    stage.clock.run_for(5)
    assert stage.actions()[0] == "StatusNotification"
    assert "StartTransaction" in stage.actions()


@pytest.mark.parametrize("direction", ["out", "in"])
def test_a_lost_call_or_answer_is_sent_again_with_the_same_id(direction):
    of = "call" if direction == "out" else "answer"
    stage = faulty(Drop(direction=direction, action="StartTransaction", of=of, times=1))
    stage.charge()
    stage.clock.run_for(60)
    starts = [
        f.message[1] for f in stage.cp.frames if f.action == "StartTransaction" and f.direction == "out"
    ]
    assert len(set(starts)) == 1
    assert len(stage.of("StartTransaction")) == (1 if direction == "out" else 2)
    assert stage.cp.transaction(1).transaction_id == 1


def test_a_duplicate():
    stage = faulty(Duplicate(action="StartTransaction", of="call", copies=2))
    stage.charge()
    assert len(stage.of("StartTransaction")) == 3
    assert stage.cp.transaction(1).transaction_id == 1
    check_frames(stage.cp.frames)


def test_a_duplicate_with_an_id_of_its_own():
    stage = faulty(Duplicate(action="StartTransaction", of="call", with_new_id=True))
    stage.charge()
    ids = [f.message[1] for f in stage.cp.frames if f.action == "StartTransaction"]
    assert len(set(ids)) == 2
    check_frames(stage.cp.frames)


def test_the_answer_to_a_remote_start_may_come_after_what_it_set_off():
    stage = faulty(Reorder(action="RemoteStartTransaction", of="answer"))
    stage.plug_in()
    before = len(stage.cp.frames)
    assert stage.ask("RemoteStartTransaction", idTag="A", connectorId=1) == {"status": "Accepted"}
    out = [f for f in list(stage.cp.frames)[before:] if f.direction == "out"]
    assert [f.message[0] for f in out[:2]] == [2, 3]
    assert out[0].action == "StartTransaction"


def test_what_waits_for_a_next_frame_does_not_wait_for_ever():
    stage = faulty(Reorder(action="GetConfiguration", of="answer", seconds=3))
    assert stage.ask("GetConfiguration") is None
    stage.clock.run_for(3)
    assert len(replies(stage)) == 1


def test_a_corrupt_answer_is_a_failed_call():
    stage = faulty(Corrupt(direction="in", action="StartTransaction", of="answer", times=1))
    stage.charge()
    stage.clock.run_for(60)
    assert len(stage.of("StartTransaction")) == 2
    assert stage.cp.transaction(1).transaction_id == 1


def test_a_half_open_connection_breaks_in_the_end_and_nothing_is_lost():
    stage = faulty(HalfOpen(action="StartTransaction", of="call", seconds=45, times=1))
    stage.charge()
    stage.clock.run_for(44)
    assert stage.cp.is_connected
    assert stage.actions() == ["StatusNotification", "Authorize"]
    stage.present()
    stage.clock.run_for(120)
    assert [len(stage.of(action)) for action in ("StartTransaction", "StopTransaction")] == [1, 1]
    assert stage.cp.tally.connections == 2


def test_a_held_or_late_frame_dies_with_its_connection():
    stage = faulty(Delay(action="Heartbeat", of="call", seconds=20), Reorder(action="Authorize", of="call"))
    stage.ask("TriggerMessage", requestedMessage="Heartbeat")
    stage.go_offline()
    stage.clock.run_for(60)
    stage.go_online()
    assert "Heartbeat" not in stage.actions()


def test_rules_count_and_are_sparing():
    stage = faulty(Drop(action="Heartbeat", of="call", after=1, times=1))
    for _ in range(3):
        stage.ask("TriggerMessage", requestedMessage="Heartbeat")
        stage.clock.run_for(40)
    assert len(stage.of("Heartbeat")) == 2
    stage.cp.faults.clear()
    stage.ask("TriggerMessage", requestedMessage="Heartbeat")
    assert len(stage.of("Heartbeat")) == 3


def test_an_extra_frame_and_a_rewritten_one():
    stage = faulty(
        Rewrite(action="StatusNotification", of="call", field="errorCode", value="Odd{}"),
        Unzoned(action="StatusNotification", of="call"),
    )
    stage.plug_in()
    told = stage.of("StatusNotification")[0]
    assert (told["errorCode"], told["timestamp"]) == ("OddNoError", "2026-01-01T18:00:00")
    seen = []
    stage.central_system.receive = lambda text, now: seen.append(text)
    stage.cp.faults.add(Extra(action="StatusNotification", of="call", text="[1]"))
    stage.unplug()
    assert seen[1] == "[1]"


@pytest.mark.parametrize(
    ("reply", "answers", "is_done"),
    [
        ("Rejected", [[3, "cs-1", {"status": "Rejected"}]], False),
        ("error", [[4, "cs-1", "InternalError", "", {}]], False),
        ({"status": "Scheduled"}, [[3, "cs-1", {"status": "Scheduled"}]], False),
        ("wrong id", [[3, "cs-1-?", {"status": "Accepted"}]], True),
        ("twice", [[3, "cs-1", {"status": "Accepted"}]] * 2, True),
        ("malformed", ["[3,"], True),
        ("never", [], True),
    ],
    ids=["rejected", "error", "payload", "wrong id", "twice", "malformed", "never"],
)
def test_other_answers(reply, answers, is_done):
    stage = faulty(Answer(action="ChangeAvailability", reply=reply))
    before = len(stage.cp.frames)
    receive = stage.central_system.receive
    stage.central_system.receive = lambda text, now: receive(text, now) if text.startswith("[2") else None
    stage.ask("ChangeAvailability", connectorId=1, type="Inoperative")
    sent = [f.text for f in list(stage.cp.frames)[before:] if f.direction == "out" and not f.is_call]
    if reply == "malformed":
        assert [text[:3] for text in sent] == answers
        with pytest.raises(ValueError, match=r".+"):
            json.loads(sent[0])
    else:
        assert [json.loads(text) for text in sent] == answers
    assert (stage.cp.status(1) == "Unavailable") is is_done


def test_the_same_seed_gives_the_same_faults():
    def lost(seed):
        faults = Faults(seed, [Drop(chance=0.5)], lambda: "id")
        return [not faults.carry("out", '[2,"a","Heartbeat",{}]').passages for _ in range(60)]

    assert lost(1) == lost(1)
    assert lost(1) != lost(2)
    assert 15 < sum(lost(1)) < 45


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", "[2]", '["2","x"]', "[9,1,2]", "{}", "[2,null,[],{}]"]
)
def test_whatever_comes_is_carried(text):
    rules = [Duplicate(with_new_id=True), Rewrite(field="a.*.b", value=1), Unzoned(), Corrupt(chance=0.0)]
    faults = Faults(0, rules, lambda: "id")
    assert faults.carry("out", text).passages


@pytest.mark.parametrize("seed", range(12))
def test_no_transaction_is_lost_or_doubled_on_a_bad_line(seed):
    stage = faulty(
        Drop(chance=0.15, of="both"),
        Drop(direction="in", chance=0.1),
        Duplicate(chance=0.1),
        Delay(chance=0.1, seconds=3),
        Reorder(chance=0.1),
        Corrupt(direction="in", chance=0.05),
        HalfOpen(chance=0.01, seconds=40),
        seed=seed,
    )
    for number in range(4):
        stage.charge(f"T{number}")
        stage.clock.run_for(700)
        stage.cp.press_stop(1)
        stage.unplug()
        stage.clock.run_for(300)
    stage.cp.faults.clear()
    stage.clock.run_for(2000)
    state = stage.cp.state
    assert state.traffic.queue == []
    assert state.transactions == {}
    stops = {p["transactionId"]: p["meterStop"] for p in stage.of("StopTransaction")}
    assert state.counters.messages_discarded == 0
    assert state.counters.transactions_started >= 1
    assert len(stage.central_system.transactions) == state.counters.transactions_started
    assert sorted(stops) == sorted(stage.central_system.transactions.values())


# Clocks


def test_a_clock_that_jumps_is_set_by_the_next_heartbeat():
    stage = Stage()
    stage.charge()
    stage.cp.jump_clock(7200)
    stage.present()
    assert stage.of("StopTransaction")[0]["timestamp"] == "2026-01-01T20:00:00Z"
    stage.ask("TriggerMessage", requestedMessage="Heartbeat")
    stage.unplug()
    assert stage.of("StatusNotification")[-1]["timestamp"] == "2026-01-01T18:00:00Z"
    stage.check()


@pytest.mark.parametrize(
    ("quirk", "first", "later"),
    [
        ("two-hours-ahead", "2026-01-01T20:00:00Z", "2026-01-01T20:01:00Z"),
        ("no-zone", "2026-01-01T20:00:00", "2026-01-01T20:01:00"),
        ("always-the-seventies", "1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z"),
        ("seventies", "2026-01-01T18:00:00Z", "2026-01-01T18:01:00Z"),
    ],
)
def test_clocks_that_are_wrong(quirk, first, later):
    stage = Stage(booted=False, quirk=quirk)
    stage.cp.power_on()
    stage.clock.run_for(60)
    stage.charge()
    times = [p["timestamp"] for p in stage.of("StatusNotification")]
    assert (times[0], times[-1]) == (first, later)
    assert stage.of("StartTransaction")[0]["timestamp"] == later


# Quirks


@pytest.mark.parametrize("name", QUIRKS)
def test_a_strange_charge_point_still_charges(name):
    stage = Stage(quirk=name)
    stage.charge()
    stage.clock.run_for(130)
    stage.present()
    stage.unplug()
    stage.clock.run_for(60)
    assert stage.cp.state.counters.transactions_stopped == 1
    assert stage.of("StopTransaction")
    assert stage.cp.state.traffic.queue == []


def quirky(name, **options):
    return Stage(quirk=name, booted=False, **options)


def test_what_the_strange_ones_say():
    stage = quirky("huge-connector-count")
    stage.cp.power_on()
    stage.clock.run_for()
    answer = stage.ask("GetConfiguration", key=["NumberOfConnectors"])
    assert answer["configurationKey"][0]["value"] == "1850027108"

    stage = quirky("long-serial-number")
    stage.cp.power_on()
    stage.clock.run_for()
    assert len(stage.of("BootNotification")[0]["chargePointSerialNumber"]) == 34

    stage = Stage(quirk="longer-tokens")
    stage.charge("TAG")
    assert (stage.of("Authorize")[0]["idTag"], stage.of("StartTransaction")[0]["idTag"]) == ("TAG", "TAG00")

    stage = Stage(quirk="unknown-error-code")
    stage.cp.fault(1, "GroundFailure")
    stage.clock.run_for()
    assert stage.of("StatusNotification")[0]["errorCode"] == "Error"

    stage = Stage(quirk="unknown-transaction-id")
    stage.charge()
    stage.present()
    assert stage.of("StopTransaction")[0]["transactionId"] == -1

    stage = Stage(quirk="everything-four-times")
    stage.charge()
    assert len(stage.of("StartTransaction")) == 4

    stage = Stage(quirk="flood-of-uploading")
    stage.ask("GetDiagnostics", location="http://files/x")
    assert len(stage.of("DiagnosticsStatusNotification")) == 31


@pytest.mark.parametrize(
    ("quirk", "status"), [("refuses-profiles", "Rejected"), ("ignores-profiles", "Accepted")]
)
def test_strange_smart_charging(quirk, status):
    stage = Stage(quirk=quirk)
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0}],
        },
    }
    answer = stage.ask("SetChargingProfile", connectorId=0, csChargingProfiles=profile)
    assert answer == {"status": status}
    stage.charge()
    assert stage.cp.status(1) == "Charging"
