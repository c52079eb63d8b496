"""Frames of OCPP-J: reading anything, writing compactly."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpp_core.errors import Rejection, RemoteProtocolError, Violation
from ocpp_core.frames import Call, CallError, CallResult, parse, render_call, render_error, render_result
from tests.strategies import JSON, LEGAL

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def opened(frame: Call | CallResult | CallError) -> tuple[Any, ...]:
    """A frame as plain values."""
    if isinstance(frame, Call):
        return (2, frame.unique_id, frame.action, json.loads(bytes(frame.payload)))
    if isinstance(frame, CallResult):
        return (3, frame.unique_id, json.loads(bytes(frame.payload)))
    return (4, frame.unique_id, frame.code, frame.description, frame.details)


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        (f'[2,"{UUID}","Heartbeat",{{}}]', (2, UUID, "Heartbeat", {})),
        ('[2,"1","Reset",{"type":"Soft"}]', (2, "1", "Reset", {"type": "Soft"})),
        (' [ 2 , "1" ,\n"Reset" , { "type" : "Soft" } ] ', (2, "1", "Reset", {"type": "Soft"})),
        ('[2,"1","Heartbeat",null]', (2, "1", "Heartbeat", {})),
        ('[2,"1","Heartbeat", null ]', (2, "1", "Heartbeat", {})),
        ('[2,"1","Heartbeat",[]]', (2, "1", "Heartbeat", [])),
        ('[2,"1","",{}]', (2, "1", "", {})),
        ('[2,"a\\"b\\\\\\u00fc","Heartbeat",{}]', (2, 'a"b\\ü', "Heartbeat", {})),
        ('[2,"1","Heartbeat",{"a":1,"a":2}]', (2, "1", "Heartbeat", {"a": 2})),
        ('[3,"1",{"status":"Accepted"}]', (3, "1", {"status": "Accepted"})),
        ('[3,"1",{}]\n', (3, "1", {})),
        ('[3,"1",null]', (3, "1", {})),
        ('[4,"1","NotSupported","",{}]', (4, "1", "NotSupported", "", {})),
        ('[4,"1","Odd","two\\nlines",{"a":[null]}]', (4, "1", "Odd", "two\nlines", {"a": [None]})),
    ],
)
def test_frames_are_read(text: str, frame: tuple[Any, ...]) -> None:
    assert opened(parse(text)) == frame


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('[4,"1","GenericError"]', (4, "1", "GenericError", "", {})),
        ('[4,"1","GenericError","no"]', (4, "1", "GenericError", "no", {})),
        ('[4,"1","GenericError",null,null]', (4, "1", "GenericError", "", {})),
        ('[4,"1","GenericError",7,{}]', (4, "1", "GenericError", "", {})),
        ('[4,"1","GenericError","","why"]', (4, "1", "GenericError", "", {"details": "why"})),
        ('[4,"1","GenericError","",""]', (4, "1", "GenericError", "", {})),
        ('[4,"1","GenericError","",["a"]]', (4, "1", "GenericError", "", {"details": ["a"]})),
        ('[4,"1","GenericError","",{"a":1e999}]', (4, "1", "GenericError", "", {})),
        (f'[4,"1","GenericError","{"x" * 300}",{{}}]', (4, "1", "GenericError", "x" * 300, {})),
        (
            '[4,"1","Gen\\u0000","a\\u0000b",{"c":"\\u0000"}]',
            (4, "1", "Gen\ufffd", "a\ufffdb", {"c": "\ufffd"}),
        ),
        (f'[4,"{"i" * 40}","GenericError","",{{}}]', (4, "i" * 40, "GenericError", "", {})),
    ],
    ids=[
        "3 items",
        "4 items",
        "nulls",
        "description a number",
        "details a string",
        "details an empty string",
        "details a list",
        "details unreadable",
        "description over 255",
        "NUL, which no database takes",
        "id over 36",
    ],
)
def test_callerrors_are_read_leniently(text: str, frame: tuple[Any, ...]) -> None:
    assert opened(parse(text)) == frame


DEEP = 100_000

UNANSWERABLE = {
    "": Rejection.NOT_JSON,
    " ": Rejection.NOT_JSON,
    "hello": Rejection.NOT_JSON,
    "[": Rejection.NOT_JSON,
    '[2,"1","Reset",{"type":"Soft"}': Rejection.NOT_JSON,
    '[2,"1","Reset",{"type":"Soft"}]]': Rejection.NOT_JSON,
    '[2,"1","Reset",{type:"Soft"}]': Rejection.NOT_JSON,
    "[2,'1','Reset',{}]": Rejection.NOT_JSON,
    '\ufeff[2,"1","Reset",{}]': Rejection.NOT_JSON,
    '[2,"\ud800","Reset",{}]': Rejection.NOT_JSON,
    '[2,"1","Reset",{"a":"\0"}]': Rejection.NOT_JSON,
    "[" * DEEP: Rejection.NOT_JSON,
    '[2,"1","Reset",' + "[" * DEEP + "]" * DEEP + "]": Rejection.NOT_JSON,
    '[2,"1","Reset",' + '{"a":' * DEEP + "}]": Rejection.NOT_JSON,
    "null": Rejection.NOT_A_FRAME,
    "{}": Rejection.NOT_A_FRAME,
    '"[2]"': Rejection.NOT_A_FRAME,
    "2": Rejection.NOT_A_FRAME,
    "[]": Rejection.NOT_A_FRAME,
    "[null]": Rejection.NOT_A_FRAME,
    "[true]": Rejection.NOT_A_FRAME,
    '["2","1","Reset",{}]': Rejection.NOT_A_FRAME,
    '[2.0,"1","Reset",{}]': Rejection.NOT_A_FRAME,
    '[1e999,"1","Reset",{}]': Rejection.NOT_A_FRAME,
    f'[{"9" * 5000},"1","Reset",{{}}]': Rejection.NOT_A_FRAME,
    "[2]": Rejection.NOT_A_FRAME,
    '[2,1,"Reset",{}]': Rejection.NOT_A_FRAME,
    '[2,null,"Reset",{}]': Rejection.NOT_A_FRAME,
    '[2,["1"],"Reset",{}]': Rejection.NOT_A_FRAME,
    '[2,"\\ud800","Reset",{}]': Rejection.NOT_JSON,
    '[6,"1","Reset",NaN]': Rejection.NOT_JSON,
    '[2,1,"Reset",NaN]': Rejection.NOT_JSON,
    "NaN": Rejection.NOT_JSON,
    '[2,"a\\u0000b","Reset",{}]': Rejection.NOT_A_FRAME,
    '[1,"1"]': Rejection.UNKNOWN_MESSAGE_TYPE,
    '[0,"1","Reset",{}]': Rejection.UNKNOWN_MESSAGE_TYPE,
    '[-2,"1","Reset",{}]': Rejection.UNKNOWN_MESSAGE_TYPE,
    '[5,"1","GenericError","",{}]': Rejection.UNKNOWN_MESSAGE_TYPE,
    '[6,"1","NotifyPeriodicEventStream",{}]': Rejection.UNKNOWN_MESSAGE_TYPE,
    f'[{"9" * 4000},"1","Reset",{{}}]': Rejection.UNKNOWN_MESSAGE_TYPE,
}


@pytest.mark.parametrize(("text", "rejection"), UNANSWERABLE.items(), ids=lambda value: str(value)[:30])
def test_what_has_no_readable_id_cannot_be_answered(text: str, rejection: Rejection) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse(text)
    error = caught.value
    assert (error.rejection, error.unique_id, error.is_answer, error.is_answerable) == (
        rejection,
        None,
        False,
        False,
    )
    assert error.violation is Violation.PROTOCOL_ERROR
    assert 0 < len(error.description) <= 255


@pytest.mark.parametrize(
    ("text", "unique_id", "action_name", "description"),
    [
        ('[2,"1"]', "1", "", "a CALL has 4 items, this one 2"),
        ('[2,"1","Reset"]', "1", "Reset", "a CALL has 4 items, this one 3"),
        ('[2,"1","Reset",{},{}]', "1", "Reset", "a CALL has 4 items, this one 5"),
        ('[2,"","Reset",{}]', "", "Reset", "the message id is empty"),
        (
            f'[2,"{"i" * 37}","Reset",{{}}]',
            "i" * 37,
            "Reset",
            "the message id has 37 characters, 36 are allowed",
        ),
        ('[2,"1",7,{}]', "1", "", "the action is not a readable string"),
        ('[2,"1",null,{}]', "1", "", "the action is not a readable string"),
        ('[2,"1","Re\\u0000set",{}]', "1", "Re\ufffdset", "the action is not a readable string"),
        ('[2,"1","\\ud800",{}]', "1", "", "not JSON in the strict sense"),
        ('[2,"1","Reset",{"type":"\\ud800"}]', "1", "", "not JSON in the strict sense"),
        ('[2,"1","Reset",{"type":NaN}]', "1", "", "not JSON in the strict sense"),
    ],
)
def test_broken_calls_with_a_readable_id_can_be_answered(
    text: str, unique_id: str, action_name: str, description: str
) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse(text)
    error = caught.value
    assert error.is_answerable
    assert (error.violation, error.rejection) == (Violation.FORMATION, Rejection.BAD_CALL)
    assert (error.unique_id, error.action_name, error.description) == (unique_id, action_name, description)


@pytest.mark.parametrize(
    ("text", "unique_id"),
    [
        ('[3,"1"]', "1"),
        ('[3,"1",{},{}]', "1"),
        ('[4,"1"]', "1"),
        ('[4,"1",null,"",{}]', "1"),
        ('[4,"1",{},"",{}]', "1"),
        ('[4,"1","GenericError","",{},1]', "1"),
        ('[3,"1",{"status":"\\udfff"}]', "1"),
        ('[4,"1","GenericError","",{"a":Infinity}]', "1"),
        ("[3,7,{}]", None),
        ('[3,"\\u0000",{}]', None),
        ("[3]", None),
        ('[4,null,"GenericError","",{}]', None),
    ],
)
def test_broken_answers_are_never_answered(text: str, unique_id: str | None) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse(text)
    error = caught.value
    assert (error.unique_id, error.is_answer, error.is_answerable) == (unique_id, True, False)
    assert error.rejection is (Rejection.BAD_ANSWER if unique_id else Rejection.NOT_A_FRAME)


def test_longest_message_id() -> None:
    assert parse(f'[2,"{"i" * 36}","Reset",{{}}]').unique_id == "i" * 36
    assert (
        parse(f'[3,"{"i" * 99}",{{}}]').unique_id == "i" * 99
    )  # matches nothing of ours, and is reported so


def check_never_raises_anything_else(text: str) -> None:
    try:
        parse(text)
    except RemoteProtocolError as caught:
        error = caught
    else:
        return
    assert len(error.description) <= 255


@given(st.text() | st.from_regex(r'\[[234], ?"[^"\\]{0,40}"(,.{0,20}){0,4}\]'))
def test_no_text_raises_anything_else(text: str) -> None:
    check_never_raises_anything_else(text)


@given(
    st.lists(JSON, max_size=6)
    | st.builds(lambda kind, rest: [kind, *rest], st.integers(1, 5), st.lists(JSON))
)
def test_no_json_array_raises_anything_else(items: list[Any]) -> None:
    check_never_raises_anything_else(json.dumps(items))


@given(st.binary(max_size=20), st.integers(0, 60))
def test_no_damage_raises_anything_else(noise: bytes, at: int) -> None:
    text = '[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError"}]'
    check_never_raises_anything_else(text[:at] + noise.decode("latin-1") + text[at:])


@given(st.text(LEGAL, min_size=1, max_size=36), st.text(LEGAL), st.dictionaries(st.text(LEGAL), JSON))
def test_what_is_written_reads_back(unique_id: str, text: str, payload: dict[str, Any]) -> None:
    raw = msgspec.json.encode(payload).decode()
    call, result = render_call(unique_id, text, raw), render_result(unique_id, raw)
    assert json.loads(call) == [2, unique_id, text, payload]
    assert json.loads(result) == [3, unique_id, payload]
    assert parse(call).text == call
    assert parse(result).text == result
    error = CallError(unique_id, "GenericError", text, payload)
    kind, same_id, code, description, details = json.loads(error.text)
    assert (kind, same_id, code, details) == (4, unique_id, "GenericError", payload)
    assert description == " ".join(text.split())[:255]


def test_written_frames_are_compact() -> None:
    assert render_call("1", "Reset", '{"type":"Soft"}') == '[2,"1","Reset",{"type":"Soft"}]'
    assert render_result("1", "{}") == '[3,"1",{}]'
    assert render_error("1", "NotSupported") == '[4,"1","NotSupported","",{}]'
    assert (
        render_error("1", "GenericError", "two\nlines", {"a": 1})
        == '[4,"1","GenericError","two lines",{"a":1}]'
    )
    assert parse('[4,"1","GenericError"]').text == '[4,"1","GenericError","",{}]'


def test_frames_are_values() -> None:
    assert CallError("1", "GenericError") == CallError("1", "GenericError", "", {})
    with pytest.raises(AttributeError):
        CallError("1", "GenericError").code = "x"  # type: ignore[misc]
