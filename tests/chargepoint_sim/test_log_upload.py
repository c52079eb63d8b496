"""Diagnostics, logs and security events (1.6 5.9, 4.4; security extension N01, A04)."""

import pytest

from tests.chargepoint_sim.stage import Stage, check_frames

PLACE = "http://files.example/logs"
LOG = {"remoteLocation": PLACE}


def test_diagnostics_are_the_frames_of_the_charge_point():
    stage = Stage()
    key = "00112233445566778899AABBCCDDEEFF"
    stage.ask("ChangeConfiguration", key="AuthorizationKey", value=key)
    stage.clock.run_for(60)
    name = stage.ask("GetDiagnostics", location=f"{PLACE}/?a=b")["fileName"]
    assert name == "CP1-diagnostics-20260101T180100.log"
    stage.clock.run_for(10)
    assert [p["status"] for p in stage.of("DiagnosticsStatusNotification")] == ["Uploading", "Uploaded"]
    assert list(stage.central_system.uploads) == [f"{PLACE}/{name}?a=b"]
    text = stage.central_system.uploads[f"{PLACE}/{name}?a=b"]
    assert "2026-01-01T18:00:00+00:00 out [2," in text
    assert "BootNotification" in text
    assert "GetDiagnostics" in text
    assert key not in text
    stage.check()


def test_only_what_is_between_the_two_times():
    stage = Stage()
    stage.clock.run_for(650)
    request = {"startTime": "2026-01-01T18:04:00Z", "stopTime": "2026-01-01T18:06:00Z"}
    name = stage.ask("GetDiagnostics", location=PLACE, **request)["fileName"]
    stage.clock.run_for(10)
    lines = stage.central_system.uploads[f"{PLACE}/{name}"].splitlines()
    assert lines[0] == "CP1: 2 frames"
    assert [line[11:16] for line in lines[1:]] == ["18:05", "18:05"]


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        ("PermissionDenied", "PermissionDenied"),
        ("BadMessage", "BadMessage"),
        ("NotSupportedOperation", "NotSupportedOperation"),
        ("the line is cut", "UploadFailure"),
    ],
)
def test_an_upload_that_fails(problem, status):
    stage = Stage()
    stage.central_system.files[PLACE] = problem
    stage.ask("GetLog", log=LOG, logType="DiagnosticsLog", requestId=3, retries=1, retryInterval=30)
    stage.clock.run_for(49)
    assert [p["status"] for p in stage.of("LogStatusNotification")] == ["Uploading"]
    stage.clock.run_for(2)
    told = [(p["status"], p["requestId"]) for p in stage.of("LogStatusNotification")]
    assert told == [("Uploading", 3), (status, 3)]
    stage.ask("GetDiagnostics", location=PLACE)
    stage.clock.run_for(11)
    assert [p["status"] for p in stage.of("DiagnosticsStatusNotification")] == ["Uploading", "UploadFailed"]
    stage.check()


def test_a_new_request_replaces_the_one_under_way():
    stage = Stage()
    first = stage.ask("GetLog", log=LOG, logType="DiagnosticsLog", requestId=1)
    second = stage.ask("GetLog", log=LOG, logType="SecurityLog", requestId=2)
    assert (first["status"], second["status"]) == ("Accepted", "AcceptedCanceled")
    stage.clock.run_for(20)
    told = [(p["status"], p["requestId"]) for p in stage.of("LogStatusNotification")]
    assert told == [("Uploading", 1), ("Uploading", 2), ("Uploaded", 2)]
    assert list(stage.central_system.uploads) == [f"{PLACE}/{second['filename']}"]


def test_the_security_log():
    stage = Stage()
    stage.ask("ChangeConfiguration", key="AuthorizationKey", value="00" * 16)
    stage.clock.run_for(30)
    name = stage.ask("GetLog", log=LOG, logType="SecurityLog", requestId=1)["filename"]
    stage.clock.run_for(10)
    assert stage.central_system.uploads[f"{PLACE}/{name}"].splitlines() == [
        "2026-01-01T18:00:00+00:00 StartupOfTheDevice",
        "2026-01-01T18:00:00+00:00 ReconfigurationOfSecurityParameters AuthorizationKey",
    ]


def test_triggers():
    stage = Stage()

    def trigger(kind, message):
        stage.forget()
        assert stage.ask(kind, requestedMessage=message) == {"status": "Accepted"}
        return [(p["status"], p.get("requestId")) for _, p in stage.central_system.received]

    for kind, message in (
        ("TriggerMessage", "DiagnosticsStatusNotification"),
        ("ExtendedTriggerMessage", "LogStatusNotification"),
    ):
        assert trigger(kind, message) == [("Idle", None)]
    stage.ask("GetDiagnostics", location=PLACE)
    assert trigger("TriggerMessage", "DiagnosticsStatusNotification") == [("Uploading", None)]
    assert trigger("ExtendedTriggerMessage", "LogStatusNotification") == [("Idle", None)]
    stage.ask("GetLog", log=LOG, logType="SecurityLog", requestId=9)
    assert trigger("ExtendedTriggerMessage", "LogStatusNotification") == [("Uploading", 9)]
    stage.check()


@pytest.mark.parametrize("message", ["Heartbeat", "StatusNotification", "MeterValues"])
def test_the_extended_trigger_sends_what_the_old_one_does(message):
    stage = Stage()
    assert stage.ask("ExtendedTriggerMessage", requestedMessage=message) == {"status": "Accepted"}
    assert set(stage.actions()) == {message}
    assert stage.ask("ExtendedTriggerMessage", requestedMessage="BootNotification") == {"status": "Rejected"}


def test_security_events_wait_until_they_are_delivered():
    stage = Stage(booted=False)
    stage.central_system.is_reachable = False
    stage.cp.power_on()
    stage.clock.run_for(30)
    stage.cp.cut_power()
    stage.clock.run_for(30)
    stage.cp.power_on()
    stage.go_online()
    told = [(p["type"], p["timestamp"]) for p in stage.of("SecurityEventNotification")]
    assert told == [
        ("StartupOfTheDevice", "2026-01-01T18:00:00Z"),
        ("StartupOfTheDevice", "2026-01-01T18:01:00Z"),
    ]
    stage.check()


def test_a_central_system_that_does_not_know_security_events_blocks_nothing():
    stage = Stage({"SecurityEventNotification": ["NotImplemented", "what?"]})
    stage.charge()
    assert len(stage.of("StartTransaction")) == 1
    assert stage.cp.state.traffic.queue == []


def test_a_security_event_without_an_answer_is_sent_until_there_is_one_and_holds_nothing_up():
    stage = Stage({"SecurityEventNotification": None}, booted=False)
    stage.cp.power_on()
    stage.clock.run_for(31)
    stage.charge()
    stage.clock.run_for(400)
    assert len(stage.of("StartTransaction")) == 1
    assert len(stage.of("SecurityEventNotification")) > 5
    stage.cp.cut_power()
    stage.central_system.answers.clear()
    stage.cp.power_on()
    stage.clock.run_for(10)
    assert stage.cp.state.traffic.queue == []
    assert {p["timestamp"] for p in stage.of("SecurityEventNotification")} > {"2026-01-01T18:00:00Z"}
    assert not [part for part in stage.cp.storage.read() if part.startswith("queue:")]
    check_frames(stage.cp.frames)


def test_a_clock_that_is_set_is_told():
    stage = Stage()
    stage.central_system.answers["Heartbeat"] = {"currentTime": "2026-01-01T19:00:00Z"}
    stage.ask("TriggerMessage", requestedMessage="Heartbeat")
    event = stage.of("SecurityEventNotification")[0]
    assert (event["type"], event["techInfo"]) == ("SettingSystemTime", "+3600 s")


def test_a_product_without_the_extension_is_silent():
    stage = Stage(model="grumpy", booted=False)
    stage.cp.power_on()
    stage.clock.run_for(1)
    assert not stage.of("SecurityEventNotification")
    assert stage.ask("GetLog", log=LOG, logType="SecurityLog", requestId=1) == "NotSupported"
    assert stage.ask("GetDiagnostics", location=PLACE) == "NotSupported"
