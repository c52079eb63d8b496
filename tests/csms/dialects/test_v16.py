"""The dialect of 1.6: calls to questions, decisions to responses, exchanges to facts, commands to calls."""

import json
from datetime import UTC, datetime

import pytest

from csms.dialects.rules import Answer
from csms.dialects.v16 import BOUNDS, DIALECT, MASK, check_bounds, conceal, evse_of
from csms.domain import facts, questions
from csms.domain.questions import Begun, DataReceipt, Registration, Verdict
from ocpp_core.errors import PayloadError, Violation
from ocpp_core.payload import decode, encode
from ocpp_core.v16 import core

AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
AT_TEXT = "2024-05-06T07:08:09Z"
START = {"connectorId": 2, "idTag": "Tag", "meterStart": 5, "timestamp": AT_TEXT}
STOP = {"transactionId": 7, "meterStop": 9, "timestamp": AT_TEXT}
SAMPLE = [{"timestamp": AT_TEXT, "sampledValue": [{"value": "5"}]}]


def request(action, payload):
    return decode(DIALECT.catalogue[action].Request, json.dumps(payload))


def response(action, payload):
    return decode(DIALECT.catalogue[action].Response, json.dumps(payload))


def test_connectors_become_evses():
    assert [evse_of(n) for n in (0, 1, 7)] == [(0, 0), (1, 1), (7, 1)]


@pytest.mark.parametrize(
    ("action", "payload", "question"),
    [
        ("Authorize", {"idTag": "Tag"}, questions.MayCharge("Tag")),
        ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}, questions.MayRegister()),
        ("DataTransfer", {"vendorId": "V"}, questions.ReceiveData("V", "", None)),
        (
            "DataTransfer",
            {"vendorId": "V", "messageId": "m", "data": "d"},
            questions.ReceiveData("V", "m", "d"),
        ),
        ("Heartbeat", {}, questions.WhatTimeIsIt()),
        ("MeterValues", {"connectorId": 1, "meterValue": SAMPLE}, questions.RecordMeterValues("")),
        (
            "MeterValues",
            {"connectorId": 1, "transactionId": -1, "meterValue": SAMPLE},
            questions.RecordMeterValues("-1"),
        ),
        ("StartTransaction", START, questions.BeginTransaction(2, 1, "Tag", 5, AT)),
        ("StopTransaction", STOP, questions.EndTransaction("7", "", AT)),
        ("StopTransaction", STOP | {"idTag": "T"}, questions.EndTransaction("7", "T", AT)),
        (
            "StopTransaction",
            STOP | {"transactionId": 10**50},
            questions.EndTransaction("1" + "0" * 35, "", AT),
        ),
    ],
)
def test_a_call_becomes_a_question(action, payload, question):
    assert DIALECT.answers[action].read(request(action, payload)) == question


ODD = AT.replace(microsecond=999999)


@pytest.mark.parametrize(
    ("action", "decision", "text"),
    [
        ("Authorize", Verdict("Accepted"), '{"idTagInfo":{"status":"Accepted"}}'),
        (
            "Authorize",
            Verdict("Expired", AT, "P"),
            f'{{"idTagInfo":{{"status":"Expired","expiryDate":"{AT_TEXT}","parentIdTag":"P"}}}}',
        ),
        (
            "BootNotification",
            Registration("Pending", ODD, 60),
            f'{{"status":"Pending","currentTime":"{AT_TEXT}","interval":60}}',
        ),
        ("DataTransfer", DataReceipt("UnknownVendorId"), '{"status":"UnknownVendorId"}'),
        ("DataTransfer", DataReceipt("Accepted", ""), '{"status":"Accepted","data":""}'),
        ("Heartbeat", ODD, f'{{"currentTime":"{AT_TEXT}"}}'),
        ("MeterValues", None, "{}"),
        (
            "StartTransaction",
            Begun("12", Verdict("ConcurrentTx")),
            '{"transactionId":12,"idTagInfo":{"status":"ConcurrentTx"}}',
        ),
        ("StopTransaction", None, "{}"),
        ("StopTransaction", Verdict("Blocked"), '{"idTagInfo":{"status":"Blocked"}}'),
    ],
)
def test_a_decision_becomes_a_response(action, decision, text):
    rendered = json.loads(encode(DIALECT.answers[action].render(decision)))
    assert rendered == json.loads(text)


@pytest.mark.parametrize("status", ["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"])
def test_every_verdict_has_a_word(status):
    assert encode(DIALECT.answers["Authorize"].render(Verdict(status)))


def facts_of(action, asked, answered):
    return DIALECT.facts_of(action, request(action, asked), response(action, answered))


BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
BOOTED = {"status": "Accepted", "currentTime": AT_TEXT, "interval": 300}
STATUS = {"connectorId": 0, "status": "Faulted", "errorCode": "GroundFailure"}


@pytest.mark.parametrize(
    ("action", "asked", "answered", "said"),
    [
        (
            "Authorize",
            {"idTag": "T"},
            {"idTagInfo": {"status": "Invalid"}},
            facts.AuthorizationAnswered("T", "Invalid"),
        ),
        (
            "BootNotification",
            BOOT,
            BOOTED,
            facts.ChargePointBooted("Accepted", 300, "V", "M", "", "", "", "", "", ""),
        ),
        (
            "BootNotification",
            BOOT | {"chargeBoxSerialNumber": "B"},
            BOOTED,
            facts.ChargePointBooted("Accepted", 300, "V", "M", "B", "", "", "", "", ""),
        ),
        (
            "BootNotification",
            BOOT
            | {
                "chargeBoxSerialNumber": "B",
                "chargePointSerialNumber": "S",
                "firmwareVersion": "F",
                "iccid": "I",
                "imsi": "J",
                "meterType": "K",
                "meterSerialNumber": "L",
            },
            BOOTED,
            facts.ChargePointBooted("Accepted", 300, "V", "M", "S", "F", "I", "J", "K", "L"),
        ),
        (
            "ChangeConfiguration",
            {"key": "K", "value": "V"},
            {"status": "RebootRequired"},
            facts.SettingChanged("K", "V", "RebootRequired"),
        ),
        (
            "DataTransfer",
            {"vendorId": "V"},
            {"status": "Rejected"},
            facts.DataTransferred("V", "", "Rejected"),
        ),
        ("DiagnosticsStatusNotification", {"status": "Idle"}, {}, facts.LogStatusReported("Idle", None)),
        ("FirmwareStatusNotification", {"status": "Idle"}, {}, facts.FirmwareStatusReported("Idle", None)),
        ("GetConfiguration", {}, {}, facts.SettingsReported((), ())),
        (
            "GetConfiguration",
            {},
            {"configurationKey": [{"key": "K", "readonly": True}], "unknownKey": ["U"]},
            facts.SettingsReported((facts.Setting("K", None, True),), ("U",)),
        ),
        ("Heartbeat", {}, {"currentTime": AT_TEXT}, facts.HeartbeatReceived()),
        ("LogStatusNotification", {"status": "Idle", "requestId": 4}, {}, facts.LogStatusReported("Idle", 4)),
        (
            "MeterValues",
            {"connectorId": 1, "meterValue": SAMPLE},
            {},
            facts.MeterValuesReported(
                1,
                1,
                "",
                (
                    facts.MeterSample(
                        AT,
                        (
                            facts.SampledValue(
                                "Energy.Active.Import.Register",
                                5.0,
                                "Wh",
                                "Sample.Periodic",
                                "",
                                "Outlet",
                                "Raw",
                                "5",
                                "",
                            ),
                        ),
                    ),
                ),
            ),
        ),
        (
            "SecurityEventNotification",
            {"type": "X", "timestamp": AT_TEXT},
            {},
            facts.SecurityEventReported("X", "", AT),
        ),
        (
            "SignedFirmwareStatusNotification",
            {"status": "Installed", "requestId": 3},
            {},
            facts.FirmwareStatusReported("Installed", 3),
        ),
        (
            "StartTransaction",
            START | {"reservationId": 8},
            {"transactionId": 3, "idTagInfo": {"status": "Accepted"}},
            facts.TransactionStarted("3", 2, 1, "Tag", "Accepted", 5, 8, AT),
        ),
        (
            "StatusNotification",
            STATUS,
            {},
            facts.ConnectorStatusReported(0, 0, "Faulted", "GroundFailure", "", "", "", None),
        ),
        (
            "StatusNotification",
            STATUS
            | {"connectorId": 3, "info": "i", "vendorId": "v", "vendorErrorCode": "e", "timestamp": AT_TEXT},
            {},
            facts.ConnectorStatusReported(3, 1, "Faulted", "GroundFailure", "i", "v", "e", AT),
        ),
        ("StopTransaction", STOP, {}, facts.TransactionEnded("7", "", 9, "Local", (), AT)),
        (
            "StopTransaction",
            STOP | {"reason": "Remote", "idTag": "T"},
            {},
            facts.TransactionEnded("7", "T", 9, "Remote", (), AT),
        ),
    ],
)
def test_an_exchange_says_what_happened(action, asked, answered, said):
    assert facts_of(action, asked, answered) == (said,)


def test_every_member_of_a_sampled_value_is_read():
    sampled = {"value": "1.5", "measurand": "Power.Active.Import", "unit": "kW", "context": "Trigger",
               "phase": "L1", "location": "EV", "format": "Raw"}  # fmt: skip
    [said] = facts_of(
        "MeterValues",
        {"connectorId": 1, "meterValue": [{"timestamp": AT_TEXT, "sampledValue": [sampled]}]},
        {},
    )
    assert said.samples[0].values == (
        facts.SampledValue("Power.Active.Import", 1500.0, "W", "Trigger", "L1", "EV", "Raw", "1.5", "kW"),
    )


def test_transaction_data_of_a_stop_are_samples():
    [said] = facts_of("StopTransaction", STOP | {"transactionData": SAMPLE * 2}, {})
    assert len(said.samples) == 2


def test_an_exchange_without_a_row_says_nothing():
    assert facts_of("ClearCache", {}, {"status": "Accepted"}) == ()


def test_every_action_with_a_row_was_tried_here():
    tried = {case[0] for case in test_an_exchange_says_what_happened.pytestmark[0].args[1]}
    assert tried == set(DIALECT.facts)
    answered = {case[0] for case in test_a_decision_becomes_a_response.pytestmark[0].args[1]}
    assert answered == {name for name, rule in DIALECT.answers.items() if isinstance(rule, Answer)}


# --- bounds and secrets --------------------------------------------------------------------------------


def test_numbers_that_are_meant_pass():
    check_bounds(request("StartTransaction", START | {"connectorId": 1000, "meterStart": -(2**63) + 1}))
    check_bounds(core.Heartbeat.Request())


@pytest.mark.parametrize(
    ("action", "payload", "member"),
    [
        ("StatusNotification", STATUS | {"connectorId": 1001}, "connector_id"),
        ("StatusNotification", STATUS | {"connectorId": -1}, "connector_id"),
        ("StartTransaction", START | {"meterStart": 2**63}, "meter_start"),
        ("StartTransaction", START | {"reservationId": -(2**63)}, "reservation_id"),
        ("StopTransaction", STOP | {"meterStop": 2**64}, "meter_stop"),
        ("LogStatusNotification", {"status": "Idle", "requestId": 2**63}, "request_id"),
    ],
)
def test_numbers_that_nobody_means_are_refused(action, payload, member):
    with pytest.raises(PayloadError, match=f"^{member}: ") as refused:
        check_bounds(request(action, payload))
    assert refused.value.violation is Violation.PROPERTY_CONSTRAINT


def test_every_integer_that_is_stored_has_bounds():
    from msgspec import inspect

    unbounded = {"transaction_id", "retries", "retry_interval", "list_version", "interval"}
    for name in DIALECT.answers:
        for field in inspect.type_info(DIALECT.catalogue[name].Request).fields:
            kinds = getattr(field.type, "types", (field.type,))
            if any(isinstance(getattr(kind, "type", kind), inspect.IntType) for kind in kinds):
                assert field.name in {*BOUNDS, *unbounded}, f"{name}.{field.name}"


def frame(*keys):
    return json.dumps([3, "id", {"configurationKey": list(keys)}])


KEY = {"key": "AuthorizationKey", "readonly": False, "value": "secret"}


@pytest.mark.parametrize("name", ["AuthorizationKey", "authorizationkey", "AUTHORIZATIONKEY"])
def test_a_reported_secret_is_masked(name):
    masked = conceal(
        "GetConfiguration", frame({"key": "A", "readonly": True, "value": "x"}, KEY | {"key": name})
    )
    assert "secret" not in masked
    first, second = json.loads(masked)[2]["configurationKey"]
    assert (first["value"], second["value"]) == ("x", MASK)


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("GetConfiguration", frame({"key": "A", "readonly": True, "value": "x"})),
        ("GetConfiguration", '[3,"id",{}]'),
        ("ChangeConfiguration", frame(KEY)),
    ],
)
def test_a_text_without_a_secret_stays_the_very_same(action, text):
    assert conceal(action, text) is text


@pytest.mark.parametrize(
    "text",
    [
        frame({"key": "AuthorizationKey", "readonly": False, "value": None}),
        frame({"key": "AuthorizationKey", "readonly": False}),
        '[3,"id",{"configurationKey":null,"unknownKey":["AuthorizationKey"]}]',
        '[3,"id",null]',
        '[3,"AuthorizationKey",{"unknownKey":["AuthorizationKey"]}]',
    ],
)
def test_a_secret_that_is_not_told_leaves_nothing_to_mask(text):
    assert json.loads(conceal("GetConfiguration", text)) == json.loads(text)
