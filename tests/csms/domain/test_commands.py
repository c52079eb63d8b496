"""Commands: built strictly from parameters, and told by their effects."""

import contextlib
import inspect
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain import commands, facts
from csms.domain.commands import (
    KINDS,
    begins_at,
    build,
    build_from_texts,
    effect_of,
    kind_named,
    parameters_of,
    raw_call,
    restored,
)
from csms.domain.errors import Reason, Refused
from csms.domain.parameters import PYTHON_TYPES
from tests.strategies import JSON

RIGHT = {
    "RemoteStart": {"id_token": "T"},
    "RemoteStop": {"transaction_id": "5"},
    "ResetChargePoint": {},
    "SetAvailability": {},
    "ReadSettings": {},
    "ChangeSetting": {"key": "K", "value": "V"},
    "RequestMessage": {"message": "Heartbeat"},
    "RequestExtendedMessage": {"message": "SignChargePointCertificate"},
    "ReleaseCable": {"evse": 1},
    "ForgetTokens": {},
    "SendData": {"vendor_id": "V"},
    "ReserveConnector": {"reservation_id": 7, "id_token": "T", "until": "2027-01-01T00:00:00Z"},
    "EndReservation": {"reservation_id": 7},
    "ReadLocalListVersion": {},
    "UpdateLocalList": {"version": 2, "entries": ({"idTag": "A", "idTagInfo": {"status": "Accepted"}},)},
    "InstallChargingProfile": {
        "evse": 1,
        "profile": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1}],
            },
        },
    },
    "RemoveChargingProfiles": {},
    "ReadCompositeSchedule": {},
    "FetchDiagnostics": {"location": "https://logs.example/up/"},
    "FetchLog": {"request_id": 1, "location": "https://logs.example/up/"},
    "InstallFirmware": {"location": "https://fw.example/1.bin", "retrieve_at": "2027-01-01T00:00:00Z"},
    "InstallSignedFirmware": {
        "request_id": 1,
        "location": "https://fw.example/1.bin",
        "retrieve_at": "2027-01-01T00:00:00Z",
        "signing_certificate": "PEM",
        "signature": "c2ln",
    },
    "AddCertificate": {"kind": "CentralSystemRootCertificate", "certificate": "PEM"},
    "RemoveCertificate": {
        "hash_algorithm": "SHA256",
        "issuer_name_hash": "0a",
        "issuer_key_hash": "0b",
        "serial_number": "1",
    },
    "ListCertificates": {"kind": "ManufacturerRootCertificate"},
    "DeliverCertificate": {"certificate_chain": "PEM"},
}


def nested(depth):
    value = {}
    for _ in range(depth):
        value = {"a": [value]} if isinstance(value, dict) else {"a": value}
    return value


every_kind = pytest.mark.parametrize("kind", KINDS)


def test_every_command_is_a_kind():
    classes = [
        member
        for member in vars(commands).values()
        if inspect.isclass(member) and issubclass(member, commands.Command) and member is not commands.Command
    ]
    assert [*KINDS.values(), commands.RawCall] == classes
    assert set(RIGHT) == set(KINDS)


@every_kind
def test_a_command_is_built_and_restored_from_its_parameters(kind):
    command = build(kind, RIGHT[kind])
    members = {p.name: getattr(command, p.name) for p in parameters_of(KINDS[kind])}
    assert restored(kind, members) == command
    assert build(kind, members) == command
    as_json = {name: list(v) if isinstance(v, tuple) else v for name, v in members.items()}
    assert restored(kind, as_json) == command


@every_kind
def test_every_parameter_is_explained(kind):
    for parameter in parameters_of(KINDS[kind]):
        assert parameter.help.endswith(".")
        assert parameter.type in PYTHON_TYPES
        assert not parameter.required or parameter.default is None
    assert KINDS[kind].__doc__


@pytest.mark.parametrize(
    ("kind", "parameters", "member"),
    [
        ("Nothing", {}, "kind"),
        ("RemoteStart", {}, "id_token"),
        ("RemoteStart", {"id_token": "T", "colour": 1}, "colour"),
        ("RemoteStart", {"id_token": None}, "id_token"),
        ("RemoteStart", {"id_token": 5}, "id_token"),
        ("RemoteStart", {"id_token": "x" * 37}, "id_token"),
        ("RemoteStart", {"id_token": "T", "evse": -1}, "evse"),
        ("RemoteStart", {"id_token": "T", "evse": 1001}, "evse"),
        ("RemoteStart", {"id_token": "T", "evse": True}, "evse"),
        ("RemoteStart", {"id_token": "T", "evse": "1"}, "evse"),
        ("RemoteStart", {"id_token": "T", "evse": 1.0}, "evse"),
        ("SetAvailability", {"evse": None}, "evse"),
        ("SetAvailability", {"operative": 1}, "operative"),
        ("ResetChargePoint", {"kind": "Medium"}, "kind"),
        ("ReadSettings", {"keys": "K"}, "keys"),
        ("ReadSettings", {"keys": [1]}, "keys"),
        ("ReadSettings", {"keys": ["x" * 51]}, "keys"),
        ("RequestMessage", {"message": "Reset"}, "message"),
        ("ReserveConnector", RIGHT["ReserveConnector"] | {"until": "soon"}, "until"),
        ("ReserveConnector", RIGHT["ReserveConnector"] | {"until": "9999-12-31T23:59:59-12:00"}, "until"),
        ("ReserveConnector", RIGHT["ReserveConnector"] | {"until": 5}, "until"),
        ("InstallChargingProfile", {"evse": 1, "profile": "{}"}, "profile"),
        ("InstallChargingProfile", {"evse": 1, "profile": []}, "profile"),
        ("InstallChargingProfile", {"evse": 1, "profile": nested(17)}, "profile"),
        ("UpdateLocalList", {"version": 1}, "entries"),  # nobody empties a list by leaving something out
        ("UpdateLocalList", {"version": 1, "entries": {}}, "entries"),
        ("UpdateLocalList", {"version": 1, "entries": ["A"]}, "entries"),
        ("UpdateLocalList", {"version": 1, "entries": [nested(17)]}, "entries"),
        ("UpdateLocalList", {"version": 1, "entries": [{"a": [-(2**63)]}]}, "entries"),
        ("UpdateLocalList", {"version": 0, "entries": []}, "version"),
        ("ReleaseCable", {"evse": 0}, "evse"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(kind, parameters, member):
    with pytest.raises(Refused) as refused:
        build(kind, parameters)
    assert refused.value.reason is Reason.INVALID_PARAMETERS
    assert refused.value.member == member
    assert refused.value.detail.startswith(f"{member}: ")
    assert str(refused.value).startswith(Reason.INVALID_PARAMETERS.value)


def test_a_parameter_that_may_be_absent_may_be_null():
    assert build("RemoteStart", {"id_token": "T", "evse": None}).evse is None


@given(
    st.sampled_from(list(KINDS)),
    st.dictionaries(st.sampled_from(["evse", "keys", "kind", "message", "id_token"]), JSON),
)
def test_no_parameters_raise_anything_but_refused(kind, parameters):
    with contextlib.suppress(Refused):
        build(kind, parameters)


@pytest.mark.parametrize(
    ("kind", "texts", "members"),
    [
        ("SetAvailability", {"evse": "2", "operative": "No"}, {"evse": 2, "operative": False}),
        ("SetAvailability", {"operative": "true"}, {"operative": True}),
        ("ReadSettings", {"keys": "A, B,,C "}, {"keys": ("A", "B", "C")}),
        ("ChangeSetting", {"key": "K", "value": "5"}, {"key": "K", "value": "5"}),
        ("InstallChargingProfile", {"evse": "1", "profile": '{"a": [1]}'}, {"profile": {"a": [1]}}),
        ("UpdateLocalList", {"version": "3", "entries": '[{"idTag": "A"}]'}, {"entries": ({"idTag": "A"},)}),
        (
            "FetchDiagnostics",
            {"location": "ftp://h/", "from_time": "2027-01-01T01:00:00+01:00", "to_time": "2027-01-02"},
            {"from_time": "2027-01-01T00:00:00Z", "to_time": "2027-01-02T00:00:00Z"},
        ),
    ],
)
def test_a_command_from_texts(kind, texts, members):
    command = build_from_texts(kind, texts)
    assert {name: getattr(command, name) for name in members} == members


@pytest.mark.parametrize(
    ("kind", "texts", "member"),
    [
        ("SetAvailability", {"evse": "two"}, "evse"), ("SetAvailability", {"evse": "²"}, "evse"),
        ("SetAvailability", {"evse": "9" * 19}, "evse"), ("SetAvailability", {"evse": "-1"}, "evse"),
        ("SetAvailability", {"operative": "perhaps"}, "operative"), ("ReadSettings", {"what": "x"}, "what"),
        ("Nothing", {}, "kind"), ("InstallChargingProfile", {"profile": "{"}, "profile"),
    ],
)  # fmt: skip
def test_wrong_texts_are_refused_by_name(kind, texts, member):
    with pytest.raises(Refused) as refused:
        build_from_texts(kind, texts)
    assert refused.value.member == member


def test_effects():
    assert effect_of(build("RemoteStart", RIGHT["RemoteStart"])) is facts.TransactionStarted
    assert effect_of(build("ReadSettings", {})) is None
    for message, fact in commands.TRIGGERED_FACTS.items():
        assert effect_of(build("RequestMessage", {"message": message})) is fact
    for message, fact in commands.EXTENDED_TRIGGERED_FACTS.items():
        assert effect_of(build("RequestExtendedMessage", {"message": message})) is fact
    by_message = (commands.RequestMessage, commands.RequestExtendedMessage)
    for kind in KINDS.values():
        assert (kind.effect is not None or kind in by_message) == bool(kind.effect_within_s)


def test_the_reservation_of_any_connector_shows_at_none():
    assert effect_of(build("ReserveConnector", RIGHT["ReserveConnector"])) is None
    one = build("ReserveConnector", RIGHT["ReserveConnector"] | {"evse": 1})
    assert effect_of(one) is facts.ConnectorStatusReported


def test_what_is_to_begin_later_says_when():
    firmware = build("InstallSignedFirmware", RIGHT["InstallSignedFirmware"])
    assert begins_at(firmware) == datetime(2027, 1, 1, tzinfo=UTC)
    later = RIGHT["InstallSignedFirmware"] | {"install_at": "2027-02-01T00:00:00Z"}
    assert begins_at(build("InstallSignedFirmware", later)) == datetime(2027, 2, 1, tzinfo=UTC)
    assert begins_at(build("ForgetTokens", {})) is None


@pytest.mark.parametrize("payload", ["{}", "null", "5", '{"a": [1.50, "\\u0000"]}', '{"a":1,"a":2}', " [ ] "])
def test_a_raw_call_keeps_its_payload_letter_for_letter(payload):
    call = raw_call("Frobnicate", payload)
    assert (call.action, call.payload_json, call.resend) == ("Frobnicate", payload, False)
    assert restored("RawCall", {"action": "Frobnicate", "payload_json": payload}) == call


@pytest.mark.parametrize(
    ("action", "payload", "member"),
    [
        ("", "{}", "action"),
        ("x" * 51, "{}", "action"),
        ("A\0", "{}", "action"),
        ("\ud800", "{}", "action"),
        ("A", "", "payload"),
        ("A", "{", "payload"),
        ("A", "NaN", "payload"),
        ("A", "[" * 100_000, "payload"),
        ("A", '"\ud800"', "payload"),
        ("A", '"' + "x" * 200_000 + '"', "payload_json"),
    ],
)
def test_what_no_frame_can_be_made_of_is_no_call(action, payload, member):
    with pytest.raises(Refused) as refused:
        raw_call(action, payload)
    assert refused.value.member == member


def test_a_raw_call_is_none_of_the_kinds():
    with pytest.raises(Refused):
        build("RawCall", {"action": "Reset", "payload_json": "{}"})


def test_what_must_not_happen_twice_is_not_sent_again():
    assert {name for name, kind in KINDS.items() if not kind.resend} == {
        "ReleaseCable",
        "RemoteStart",
        "ResetChargePoint",
        "SendData",
    }


def test_a_kind_is_found_by_its_name():
    assert kind_named("RemoteStop") is commands.RemoteStop


def test_a_refusal_names_its_reason_and_its_detail():
    refused = Refused(Reason.UNKNOWN_CONNECTOR, "connector 3: this charge point has 2")
    assert str(refused) == f"{Reason.UNKNOWN_CONNECTOR.value} connector 3: this charge point has 2"
    assert str(Refused(Reason.EXPIRED)) == Reason.EXPIRED.value
    assert refused.member == ""
