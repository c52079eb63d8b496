"""Named repairs: they mend what they name, leave all else alone, and make nothing valid that is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.dialects.repairs import applied, null_member, number_as_text
from csms.dialects.v16 import DIALECT, repair
from ocpp_core.errors import PayloadError
from ocpp_core.payload import decode
from ocpp_core.v16 import core
from tests.strategies import JSON


@pytest.mark.parametrize(
    ("value", "mended"),
    [
        ({"a": None}, {}),
        ({"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        ([{"a": None}, None], [{}, None]),
        ({"a": []}, {"a": []}),
        (5, 5),
        (None, None),
    ],
)
def test_a_null_member_is_left_out(value, mended):
    assert null_member(value) == mended


@pytest.mark.parametrize(
    ("value", "mended"),
    [
        ({"value": 5}, {"value": "5"}),
        ({"value": 5.25}, {"value": "5.25"}),
        ({"value": -0.0}, {"value": "-0.0"}),
        ({"value": 1e22}, {"value": "1e+22"}),
        ({"value": True}, {"value": True}),
        ({"value": None}, {"value": None}),
        ({"value": "5"}, {"value": "5"}),
        ({"value": [5]}, {"value": [5]}),
        ({"other": 5, "deep": [{"value": 1}]}, {"other": 5, "deep": [{"value": "1"}]}),
    ],
)
def test_a_number_becomes_text_where_text_is_meant(value, mended):
    repaired = number_as_text(value)
    assert repaired == mended
    assert repr(repaired) == repr(mended)


def test_rules_that_changed_something_are_named_in_order():
    both = {"value": 1, "unit": None}
    assert applied((null_member, number_as_text), both) == ({"value": "1"}, ("null_member", "number_as_text"))
    assert applied((null_member, number_as_text), {"value": "1"}) is None
    assert applied((), {"a": None}) is None


def test_a_changed_type_alone_is_a_change():
    def to_float(value):
        return {"a": 1.0}

    assert applied((to_float,), {"a": 1}) == ({"a": 1.0}, ("to_float",))


@given(JSON)
def test_repairing_twice_is_repairing_once(value):
    for rule in (null_member, number_as_text):
        assert rule(rule(value)) == rule(value)


@pytest.mark.parametrize("action", DIALECT.catalogue)
def test_every_payload_type_may_be_repaired(action):
    for payload_type in (DIALECT.catalogue[action].Request, DIALECT.catalogue[action].Response):
        assert repair(payload_type, {}) is None
        assert repair(payload_type, {"a": None}) == ({}, ("null_member",))


@given(st.dictionaries(st.sampled_from(["idTag", "value", "x"]), JSON, max_size=3))
def test_a_repair_makes_nothing_valid_that_is_not(payload):
    mended = repair(core.Authorize.Request, payload)
    if mended is None:
        return
    left = {name: member for name, member in payload.items() if member is not None}
    try:
        decode(core.Authorize.Request, json.dumps(mended[0]))
    except PayloadError:
        return
    assert set(left) == {"idTag"}
