"""One end of a connection: every exchange, every refusal, every answer that nobody waits for."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocpp_core.action import CENTRAL_SYSTEM, CHARGE_POINT, Action, Role
from ocpp_core.errors import LocalProtocolError, Rejection, RemoteProtocolError, Violation
from ocpp_core.events import (
    AnswerUnexpected,
    CallExpired,
    CallReceived,
    ErrorReceived,
    FrameRejected,
    ResultReceived,
)
from ocpp_core.frames import Call, parse
from ocpp_core.payload import Payload, RawPayload
from ocpp_core.peer import EXPIRED_KEPT, Peer, Repair
from ocpp_core.testing import PeerPair
from ocpp_core.v16 import CATALOGUE, ERROR_CODES, core, security, smart_charging, types
from tests.strategies import payloads

NOW = datetime(2024, 5, 1, 10, tzinfo=UTC)
CALLS = [(action, role) for action in CATALOGUE.values() for role in Role if role in action.sent_by]
FORBIDDEN = [(action, role) for action in CATALOGUE.values() for role in Role if role not in action.sent_by]
HEARTBEAT = core.Heartbeat.Request()
RESET = core.Reset.Request(type=core.ResetType.SOFT)


def peer(role: Role = CENTRAL_SYSTEM, repair: Repair | None = None) -> Peer:
    return Peer(role, CATALOGUE, ERROR_CODES, repair=repair)


def pair() -> PeerPair:
    return PeerPair(CATALOGUE, ERROR_CODES)


def named(pairs: list[tuple[type[Action], Role]]) -> list[str]:
    return [f"{action.name} by {role.value}" for action, role in pairs]


# Exchanges


@pytest.mark.parametrize(("action", "caller"), CALLS, ids=named(CALLS))
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_call_arrives_and_is_answered(action: type[Action], caller: Role, data: st.DataObject) -> None:
    request = data.draw(payloads(action.Request))
    response = data.draw(payloads(action.Response))
    peers = pair()
    text, received = peers.call(request, caller=caller)
    assert received == CallReceived("1", action, request)
    assert json.loads(text)[:3] == [2, "1", action.name]
    assert isinstance(received, CallReceived)
    text, result = peers.answer(received, response, caller=caller)
    assert result == ResultReceived("1", action, request, response)
    assert json.loads(text)[:2] == [3, "1"]
    assert peers.peer(caller).pending is None


@pytest.mark.parametrize(("action", "caller"), FORBIDDEN, ids=named(FORBIDDEN))
@settings(max_examples=1)
@given(data=st.data())
def test_nobody_calls_what_is_the_other_sides(
    action: type[Action], caller: Role, data: st.DataObject
) -> None:
    us = peer(caller)
    with pytest.raises(LocalProtocolError, match=f"{action.name}.Request is not called by a {caller.value}"):
        us.call(data.draw(payloads(action.Request)), unique_id="1", deadline=1)
    with pytest.raises(
        LocalProtocolError, match=f"{action.name}.Response is not answered by a {caller.other.value}"
    ):
        peer(caller.other).answer("1", data.draw(payloads(action.Response)))
    assert us.pending is None
    assert peer(caller.other).receive_text(f'[2,"1","{action.name}",{{}}]') == FrameRejected(
        Violation.NOT_SUPPORTED,
        "1",
        f"{action.name} is not called by a {caller.value}",
        {},
        action.name,
        False,
        Rejection.WRONG_DIRECTION,
    )


@pytest.mark.parametrize("violation", Violation)
@pytest.mark.parametrize("caller", Role)
def test_every_refusal_arrives(violation: Violation, caller: Role) -> None:
    peers, request = pair(), HEARTBEAT if caller is CHARGE_POINT else RESET
    peers.call(request, caller=caller)
    text = peers.peer(caller.other).refuse("1", violation, "some\nreason", {"a": [1]})
    assert text == f'[4,"1","{ERROR_CODES[violation]}","some reason",{{"a":[1]}}]'
    assert peers.peer(caller).receive_text(text) == ErrorReceived(
        "1", CATALOGUE.action_of(request), request, ERROR_CODES[violation], "some reason", {"a": [1]}
    )
    assert peers.peer(caller).pending is None


def test_refusal_without_words() -> None:
    assert peer().refuse('a"b', Violation.SECURITY_ERROR) == '[4,"a\\"b","SecurityError","",{}]'


def test_calls_of_both_sides_may_cross() -> None:
    peers = pair()
    _, heartbeat = peers.call(HEARTBEAT, caller=CHARGE_POINT)
    _, reset = peers.call(RESET, caller=CENTRAL_SYSTEM)
    assert isinstance(heartbeat, CallReceived)
    assert isinstance(reset, CallReceived)
    accepted, now = (
        core.Reset.Response(status=core.ResetStatus.ACCEPTED),
        core.Heartbeat.Response(current_time=NOW),
    )
    assert peers.answer(reset, accepted, caller=CENTRAL_SYSTEM)[1] == ResultReceived(
        "2", core.Reset, RESET, accepted
    )
    assert peers.answer(heartbeat, now, caller=CHARGE_POINT)[1] == ResultReceived(
        "1", core.Heartbeat, HEARTBEAT, now
    )


def test_pair_exchanges_in_one_step() -> None:
    accepted = core.Reset.Response(status=core.ResetStatus.ACCEPTED)
    received, result = pair().exchange(RESET, accepted, caller=CENTRAL_SYSTEM)
    assert received == CallReceived("1", core.Reset, RESET)
    assert result == ResultReceived("1", core.Reset, RESET, accepted)


def test_the_same_message_id_may_be_used_by_both_sides() -> None:
    us = peer()
    us.call(RESET, unique_id="1", deadline=1)
    assert us.receive_text('[2,"1","Heartbeat",{}]') == CallReceived("1", core.Heartbeat, HEARTBEAT)
    assert us.pending is not None
    assert isinstance(us.receive_text('[3,"1",{"status":"Accepted"}]'), ResultReceived)


def test_a_repeated_call_is_reported_again() -> None:
    us = peer()
    assert us.receive_text('[2,"1","Heartbeat",{}]') == us.receive_text('[2,"1","Heartbeat",{}]')


# One call at a time


def test_second_call_waits_for_the_first_answer() -> None:
    us = peer()
    us.call(RESET, unique_id="1", deadline=5)
    with pytest.raises(LocalProtocolError, match="call 1 still waits"):
        us.call(RESET, unique_id="2", deadline=9)
    with pytest.raises(LocalProtocolError, match="call 1 still waits"):
        us.call_raw("Reset", "{}", unique_id="2", deadline=9)
    assert us.pending is not None
    assert (us.pending.unique_id, us.pending.request, us.deadline) == ("1", RESET, 5)
    us.receive_text('[3,"1",{"status":"Accepted"}]')
    us.call(RESET, unique_id="2", deadline=9)
    assert us.deadline == 9


def test_nothing_pending_has_no_deadline() -> None:
    us = peer()
    assert (us.pending, us.deadline, us.expire(1e9)) == (None, None, None)


def test_call_expires_at_its_deadline_and_not_before() -> None:
    us = peer()
    us.call(RESET, unique_id="1", deadline=30)
    assert us.expire(29.999) is None
    assert us.pending is not None
    assert us.expire(30) == CallExpired("1", core.Reset, RESET)
    assert us.expire(31) is None
    assert (us.pending, us.deadline) == (None, None)


def test_late_answer_is_told_from_a_senseless_one() -> None:
    us = peer()
    us.call(RESET, unique_id="1", deadline=1)
    us.expire(1)
    us.call(RESET, unique_id="2", deadline=2)
    assert us.receive_text('[3,"1",{"status":"Accepted"}]') == AnswerUnexpected("1", late=True)
    assert us.receive_text('[3,"1",{"status":"Accepted"}]') == AnswerUnexpected("1", late=False)
    assert us.receive_text('[4,"9","GenericError","",{}]') == AnswerUnexpected("9", late=False)
    assert us.pending is not None
    assert isinstance(us.receive_text('[3,"2",{"status":"Accepted"}]'), ResultReceived)
    assert us.receive_text('[3,"2",{"status":"Accepted"}]') == AnswerUnexpected("2", late=False)


def test_late_error_is_late_too() -> None:
    us = peer()
    us.call(RESET, unique_id="1", deadline=1)
    us.expire(1)
    assert us.receive_text('[4,"1","GenericError","",{}]') == AnswerUnexpected("1", late=True)


def test_resend_with_the_same_id_is_settled_by_the_answer_to_either() -> None:
    us = peer(CHARGE_POINT)
    us.call(HEARTBEAT, unique_id="1", deadline=1)
    us.expire(1)
    us.call(HEARTBEAT, unique_id="1", deadline=2)
    answer = '[3,"1",{"currentTime":"2024-05-01T10:00:00Z"}]'
    assert isinstance(us.receive_text(answer), ResultReceived)
    assert us.receive_text(answer) == AnswerUnexpected("1", late=False)


def test_only_so_many_expired_calls_are_remembered() -> None:
    us = peer()
    for number in range(EXPIRED_KEPT + 1):
        us.call(RESET, unique_id=str(number), deadline=number)
        us.expire(number)
    assert us.receive_text('[3,"0",{}]') == AnswerUnexpected("0", late=False)
    assert us.receive_text('[3,"1",{}]') == AnswerUnexpected("1", late=True)
    assert us.receive_text(f'[3,"{EXPIRED_KEPT}",{{}}]') == AnswerUnexpected(str(EXPIRED_KEPT), late=True)


# Strict in what we send


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (core.RemoteStartTransaction.Request(id_tag="x" * 21), "idTag: expected str of length <= 20"),
        (core.RemoteStartTransaction.Request(id_tag=None), "idTag: expected str, got null"),  # type: ignore[arg-type]
        (core.RemoteStartTransaction.Request(id_tag="\0"), "idTag: holds a NUL character"),
        (core.RemoteStartTransaction.Request(id_tag="\ud800"), "surrogates not allowed"),
        (core.RemoteStartTransaction.Request(id_tag=object()), "unsupported"),  # type: ignore[arg-type]
        (core.Reset.Request(type="Gentle"), "type: invalid enum value 'Gentle'"),  # type: ignore[arg-type]
        (core.UnlockConnector.Request(connector_id=1.5), "connectorId: expected int, got float"),  # type: ignore[arg-type]
        (core.GetConfiguration.Request(key=("a", None)), r"key\[1\]: expected str, got null"),  # type: ignore[arg-type]
        (
            smart_charging.SetChargingProfile.Request(
                connector_id=1,
                cs_charging_profiles=types.ChargingProfile(
                    charging_profile_id=1,
                    stack_level=0,
                    charging_profile_purpose=types.ChargingProfilePurposeType.TX_PROFILE,
                    charging_profile_kind=types.ChargingProfileKindType.RELATIVE,
                    charging_schedule=types.ChargingSchedule(
                        charging_rate_unit=types.ChargingRateUnitType.A,
                        charging_schedule_period=(types.ChargingSchedulePeriod(start_period=0, limit=16.11),),
                    ),
                ),
            ),
            r"chargingSchedule.chargingSchedulePeriod\[0\].limit: 16.11 has more than one decimal",
        ),
        (core.Reset.Response(status=core.ResetStatus.ACCEPTED), "Reset.Response is not called"),
        (types.IdTagInfo(status=types.AuthorizationStatus.ACCEPTED), "IdTagInfo is not of ocpp1.6"),
        (RawPayload(json="{}"), "RawPayload is not of ocpp1.6"),
    ],
)
def test_invalid_requests_are_not_sent(request_: Payload, reason: str) -> None:
    us = peer()
    with pytest.raises(LocalProtocolError, match=reason):
        us.call(request_, unique_id="1", deadline=1)
    assert us.pending is None


def test_a_number_that_json_has_not_is_not_sent() -> None:
    response = smart_charging.GetCompositeSchedule.Response(
        status=smart_charging.GetCompositeScheduleStatus.ACCEPTED,
        charging_schedule=types.ChargingSchedule(
            charging_rate_unit=types.ChargingRateUnitType.A,
            charging_schedule_period=(types.ChargingSchedulePeriod(start_period=0, limit=float("nan")),),
        ),
    )
    with pytest.raises(LocalProtocolError, match="limit: expected float, got null"):
        peer(CHARGE_POINT).answer("1", response)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (core.Heartbeat.Response(current_time="now"), "currentTime: invalid"),  # type: ignore[arg-type]
        (HEARTBEAT, "Heartbeat.Request is not answered"),
        (types.IdTagInfo(status=types.AuthorizationStatus.ACCEPTED), "IdTagInfo is not of ocpp1.6"),
    ],
)
def test_invalid_responses_are_not_sent(response: Payload, reason: str) -> None:
    with pytest.raises(LocalProtocolError, match=reason):
        peer().answer("1", response)


@pytest.mark.parametrize("unique_id", ["", "x" * 37, "ü", "\ud800"])
def test_bad_message_ids_are_not_sent(unique_id: str) -> None:
    us = peer()
    with pytest.raises(LocalProtocolError, match="is not 1 to 36 ASCII characters"):
        us.call(RESET, unique_id=unique_id, deadline=1)
    assert us.pending is None


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (RESET, '[2,"1","Reset",{"type":"Soft"}]'),
        (core.ClearCache.Request(), '[2,"1","ClearCache",{}]'),
        (
            core.RemoteStartTransaction.Request(id_tag='ü"', connector_id=2),
            '[2,"1","RemoteStartTransaction",{"connectorId":2,"idTag":"ü\\""}]',
        ),
        (
            security.GetLog.Request(
                log=security.LogParametersType(
                    remote_location="https://x/y",
                    oldest_timestamp=datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2))),
                ),
                log_type=security.LogEnumType.SECURITY_LOG,
                request_id=7,
            ),
            (
                '[2,"1","GetLog",{"log":{"remoteLocation":"https://x/y","oldestTimestamp":"2024-05-01T10:00:00Z"},'
                '"logType":"SecurityLog","requestId":7}]'
            ),
        ),
    ],
    ids=["one member", "empty", "escapes", "nested"],
)
def test_calls_on_the_wire(request_: Payload, text: str) -> None:
    assert peer().call(request_, unique_id="1", deadline=1) == text


def test_answers_on_the_wire() -> None:
    response = core.StartTransaction.Response(
        id_tag_info=types.IdTagInfo(
            status=types.AuthorizationStatus.ACCEPTED, parent_id_tag="G", expiry_date=NOW
        ),
        transaction_id=7,
    )
    assert peer().answer("1", response) == (
        '[3,"1",{"idTagInfo":{"expiryDate":"2024-05-01T10:00:00Z","parentIdTag":"G","status":"Accepted"},'
        '"transactionId":7}]'
    )
    assert peer().answer("1", core.MeterValues.Response()) == '[3,"1",{}]'
    assert peer().answer('"', core.MeterValues.Response()) == '[3,"\\"",{}]'


# Reading hand-written frames


METER_VALUES = (
    '[2,"0f8fad5b","MeterValues",{"connectorId":1,"transactionId":-1,"meterValue":[{"timestamp":"2024-05-01T10:00:00",'
    '"sampledValue":[{"value":"16.7","context":"Sample.Periodic","measurand":"Current.Import","phase":"L1-N",'
    '"location":"Outlet","unit":"A"},{"value":"OCMF|{}","format":"SignedData"}]}]}]'
)


def test_meter_values_as_sent_by_a_charge_point_without_zone() -> None:
    assert peer().receive_text(METER_VALUES) == CallReceived(
        "0f8fad5b",
        core.MeterValues,
        core.MeterValues.Request(
            connector_id=1,
            transaction_id=-1,
            meter_value=(
                types.MeterValue(
                    timestamp=NOW.replace(tzinfo=None),
                    sampled_value=(
                        types.SampledValue(
                            value="16.7",
                            context=types.ReadingContext.SAMPLE_PERIODIC,
                            measurand=types.Measurand.CURRENT_IMPORT,
                            phase=types.Phase.L1_N,
                            location=types.Location.OUTLET,
                            unit=types.UnitOfMeasure.A,
                        ),
                        types.SampledValue(value="OCMF|{}", format=types.ValueFormat.SIGNED_DATA),
                    ),
                ),
            ),
        ),
    )


REJECTED: list[tuple[str, dict[str, Any]]] = [
    (
        '[2,"1","Frobnicate",{}]',
        {
            "violation": Violation.NOT_IMPLEMENTED,
            "rejection": Rejection.UNKNOWN_ACTION,
            "description": "no action Frobnicate",
            "action_name": "Frobnicate",
        },
    ),
    (
        '[2,"1","heartbeat",{}]',
        {
            "violation": Violation.NOT_IMPLEMENTED,
            "rejection": Rejection.UNKNOWN_ACTION,
            "description": "no action heartbeat",
            "action_name": "heartbeat",
        },
    ),
    (
        f'[2,"1","{"x" * 999}",{{}}]',
        {
            "violation": Violation.NOT_IMPLEMENTED,
            "rejection": Rejection.UNKNOWN_ACTION,
            "description": f"no action {'x' * 245}",
            "action_name": "x" * 255,
        },
    ),
    (
        '[2,"1","Authorize",{}]',
        {
            "violation": Violation.OCCURRENCE_CONSTRAINT,
            "rejection": Rejection.BAD_PAYLOAD,
            "description": "idTag: missing",
            "action_name": "Authorize",
        },
    ),
    (
        '[2,"1","Authorize",[]]',
        {
            "violation": Violation.FORMATION,
            "rejection": Rejection.BAD_PAYLOAD,
            "description": "payload: expected object, got array",
            "action_name": "Authorize",
        },
    ),
    (
        '[2,"1","Authorize"]',
        {
            "violation": Violation.FORMATION,
            "rejection": Rejection.BAD_CALL,
            "description": "a CALL has 4 items, this one 3",
            "action_name": "Authorize",
        },
    ),
    (
        "hello",
        {
            "violation": Violation.PROTOCOL_ERROR,
            "rejection": Rejection.NOT_JSON,
            "description": "not JSON",
            "action_name": "",
            "unique_id": None,
        },
    ),
]


@pytest.mark.parametrize(("text", "expected"), REJECTED, ids=[text[:40] for text, _ in REJECTED])
def test_bad_calls_are_rejected(text: str, expected: dict[str, Any]) -> None:
    us = peer()
    us.call(RESET, unique_id="1", deadline=1)  # the same id: must not be touched by their call
    event = us.receive_text(text)
    assert event == FrameRejected(**({"unique_id": "1", "details": {}, "is_answer": False} | expected))
    assert us.pending is not None


@pytest.mark.parametrize(
    ("text", "violation", "description"),
    [
        ('[3,"1",{}]', Violation.OCCURRENCE_CONSTRAINT, "status: missing"),
        ('[3,"1",{"status":"Maybe"}]', Violation.PROPERTY_CONSTRAINT, "status: invalid enum value 'Maybe'"),
        ('[3,"1",null]', Violation.OCCURRENCE_CONSTRAINT, "status: missing"),
        ('[3,"1"]', Violation.FORMATION, "a CALLRESULT has 3 items, this one 2"),
        ('[3,"1",{"status":NaN}]', Violation.FORMATION, "not JSON in the strict sense"),
        ('[4,"1"]', Violation.FORMATION, "a CALLERROR has 5 items, the third a code; this one 2 items"),
    ],
)
def test_bad_answer_to_our_call_ends_it_without_a_result(
    text: str, violation: Violation, description: str
) -> None:
    us = peer()
    us.call(RESET, unique_id="1", deadline=1)
    event = us.receive_text(text)
    assert isinstance(event, FrameRejected)
    assert (event.violation, event.description) == (violation, description)
    assert (event.unique_id, event.is_answer, event.is_answerable) == ("1", True, False)
    assert (event.action_name, event.request) == ("Reset", RESET)
    assert us.pending is None


@pytest.mark.parametrize("text", ['[3,"2"]', "[3,7,{}]", '[4,"2"]', "[3]"])
def test_bad_answer_to_nothing_of_ours_leaves_our_call_alone(text: str) -> None:
    us = peer()
    us.call(RESET, unique_id="1", deadline=1)
    event = us.receive_text(text)
    assert isinstance(event, FrameRejected)
    assert (event.is_answer, event.request, event.action_name) == (True, None, "")
    assert us.pending is not None


def test_decode_call_is_of_use_alone() -> None:
    us = peer()
    good, bad = parse('[2,"1","Authorize",{"idTag":"A"}]'), parse('[2,"1","Authorize",{}]')
    assert isinstance(good, Call)
    assert isinstance(bad, Call)
    assert us.decode_call(good) == CallReceived("1", core.Authorize, core.Authorize.Request(id_tag="A"))
    with pytest.raises(RemoteProtocolError) as caught:
        us.decode_call(bad)
    assert (caught.value.unique_id, caught.value.action_name, caught.value.is_answerable) == (
        "1",
        "Authorize",
        True,
    )


@given(st.text() | st.from_regex(r'\[[234],"[12]"(,("[A-Z][a-z]{1,5}"|\{[^{}]{0,9}\}|null)){0,4}\]'))
def test_no_text_makes_a_peer_raise(text: str) -> None:
    us = peer()
    us.call(RESET, unique_id="1", deadline=1)
    event = us.receive_text(text)
    if isinstance(event, FrameRejected) and event.is_answerable:
        assert event.unique_id is not None
        assert (
            json.loads(us.refuse(event.unique_id, event.violation, event.description, event.details))[0] == 4
        )


# Tolerance


def trim_id_tag(payload_type: type[Payload], values: object) -> tuple[object, tuple[str, ...]] | None:
    if isinstance(values, dict) and isinstance(values.get("idTag"), str):
        return values | {"idTag": values["idTag"][:20]}, ("trim-id-tag",)
    if isinstance(values, dict) and values.get("status") == "accepted":
        return values | {"status": "Accepted"}, ("status-case",)
    return None


def test_repaired_call_says_by_which_rule() -> None:
    event = peer(repair=trim_id_tag).receive_text(f'[2,"1","Authorize",{{"idTag":"{"x" * 22}"}}]')
    assert event == CallReceived(
        "1", core.Authorize, core.Authorize.Request(id_tag="x" * 20), ("trim-id-tag",)
    )


def test_repaired_result_says_by_which_rule() -> None:
    us = peer(repair=trim_id_tag)
    us.call(RESET, unique_id="1", deadline=1)
    assert us.receive_text('[3,"1",{"status":"accepted"}]') == ResultReceived(
        "1", core.Reset, RESET, core.Reset.Response(status=core.ResetStatus.ACCEPTED), ("status-case",)
    )


def test_valid_payloads_are_not_offered_for_repair() -> None:
    def never(payload_type: type[Payload], values: object) -> None:
        raise AssertionError(f"asked about {values}")

    assert isinstance(peer(repair=never).receive_text('[2,"1","Heartbeat",{}]'), CallReceived)


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ('[2,"1","StopTransaction",{}]', "meterStop: missing"),
        (f'[2,"1","Authorize",{{"idTag":"{"x" * 22}","more":1}}]', "idTag: expected str of length <= 20"),
        ('[2,"1","Authorize",{"idTag":1e999}]', "idTag: number out of range"),
        (f'[2,"1","Heartbeat",{{"a":{"9" * 5000}}}]', "a: not a member here"),
    ],
    ids=["no rule for it", "mended and still not valid", "unreadable number", "unreadable integer"],
)
def test_what_cannot_be_repaired_is_refused_for_what_it_was(text: str, description: str) -> None:
    event = peer(repair=trim_id_tag).receive_text(text)
    assert isinstance(event, FrameRejected)
    assert event.description == description


# Raw calls


@pytest.mark.parametrize(
    ("name", "payload", "text"),
    [
        ("Reset", '{"type":"Gentle"}', '[2,"1","Reset",{"type":"Gentle"}]'),
        ("Heartbeat", "{}", '[2,"1","Heartbeat",{}]'),
        ("Frobnicate", "[null]", '[2,"1","Frobnicate",[null]]'),
        ('Odd"', "null", '[2,"1","Odd\\"",null]'),
    ],
)
def test_raw_calls_carry_anything(name: str, payload: str, text: str) -> None:
    us = peer()
    assert us.call_raw(name, payload, unique_id="1", deadline=4) == text
    assert us.pending is not None
    assert (us.pending.action.name, us.pending.request, us.deadline) == (name, RawPayload(json=payload), 4)


def test_result_of_a_raw_call_is_typed_when_the_action_is_known() -> None:
    us = peer()
    us.call_raw("Reset", '{"type":"Soft"}', unique_id="1", deadline=1)
    assert us.receive_text('[3,"1",{"status":"Accepted"}]') == ResultReceived(
        "1",
        core.Reset,
        RawPayload(json='{"type":"Soft"}'),
        core.Reset.Response(status=core.ResetStatus.ACCEPTED),
    )


def test_result_of_an_undeclared_action_is_raw() -> None:
    us = peer()
    us.call_raw("Frobnicate", "{}", unique_id="1", deadline=1)
    event = us.receive_text('[3,"1",{"anything":[null,"\\u0000"]}]')
    assert isinstance(event, ResultReceived)
    assert (event.action.name, event.response) == (
        "Frobnicate",
        RawPayload(json='{"anything":[null,"\\u0000"]}'),
    )


def test_error_and_expiry_of_a_raw_call() -> None:
    us = peer()
    us.call_raw("Frobnicate", "{}", unique_id="1", deadline=1)
    event = us.receive_text('[4,"1","NotImplemented","no",{}]')
    assert isinstance(event, ErrorReceived)
    assert (event.action.name, event.request, event.code) == (
        "Frobnicate",
        RawPayload(json="{}"),
        "NotImplemented",
    )
    us.call_raw("Frobnicate", "{}", unique_id="2", deadline=1)
    expired = us.expire(1)
    assert expired is not None
    assert expired.request == RawPayload(json="{}")


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("Reset", ""),
        ("Reset", "{"),
        ("Reset", "{} {}"),
        ("Reset", '{"a":"\ud800"}'),
        ("A\0", "{}"),
        ("\ud800", "{}"),
    ],
)
def test_raw_calls_that_make_no_frame_are_not_sent(name: str, payload: str) -> None:
    us = peer()
    with pytest.raises(LocalProtocolError, match="no frame can be made of it"):
        us.call_raw(name, payload, unique_id="1", deadline=1)
    assert us.pending is None
