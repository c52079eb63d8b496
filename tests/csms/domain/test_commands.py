"""Commands: built strictly from parameters, and told by their effects."""

import contextlib
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain import commands, facts
from csms.domain.commands import (
    KINDS,
    build,
    build_from_texts,
    effect_of,
    kind_named,
    parameters_of,
    restored,
)
from csms.domain.errors import Reason, Refused
from tests.strategies import JSON

RIGHT = {
    "RemoteStart": {"id_token": "T"},
    "RemoteStop": {"transaction_id": "5"},
    "ResetChargePoint": {},
    "SetAvailability": {},
    "ReadSettings": {},
    "ChangeSetting": {"key": "K", "value": "V"},
    "RequestMessage": {"message": "Heartbeat"},
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def test_every_command_is_a_kind():
    classes = [
        member
        for member in vars(commands).values()
        if inspect.isclass(member) and issubclass(member, commands.Command) and member is not commands.Command
    ]
    assert list(KINDS.values()) == classes
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
        assert parameter.type in commands.PYTHON_TYPES
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
        ("Nothing", {}, "kind"),
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
    for kind in KINDS.values():
        assert (kind.effect is not None or kind is commands.RequestMessage) == bool(kind.effect_within_s)


def test_what_must_not_happen_twice_is_not_sent_again():
    assert {name for name, kind in KINDS.items() if not kind.resend} == {"RemoteStart", "ResetChargePoint"}


def test_a_kind_is_found_by_its_name():
    assert kind_named("RemoteStop") is commands.RemoteStop


def test_a_refusal_names_its_reason_and_its_detail():
    refused = Refused(Reason.UNKNOWN_CONNECTOR, "connector 3: this charge point has 2")
    assert str(refused) == f"{Reason.UNKNOWN_CONNECTOR.value} connector 3: this charge point has 2"
    assert str(Refused(Reason.EXPIRED)) == Reason.EXPIRED.value
    assert refused.member == ""
