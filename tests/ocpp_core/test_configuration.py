"""Settings as rows: kinds of values and their verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpp_core.configuration import (
    READ_ONLY,
    READ_OR_READ_WRITE,
    READ_WRITE,
    WRITE_ONLY,
    Access,
    Boolean,
    CommaSeparated,
    Hexadecimal,
    Integer,
    Key,
    KeysByName,
    Kind,
    Seconds,
    Text,
    Value,
)

COLOURS = CommaSeparated(choices=("red", "blue"), suffixes=("dark", "light"))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Text(), "", ""),
        (Text(), " any ", " any "),
        (Boolean(), "true", True),
        (Boolean(), "FALSE", False),
        (Integer(), "-5", -5),
        (Integer(), "+007", 7),
        (Integer(minimum=1, maximum=3), "1", 1),
        (Integer(minimum=1, maximum=3), "3", 3),
        (Seconds(), "0", 0),
        (Seconds(minimum=-1), "-1", -1),
        (Hexadecimal(4, 6), "00fF", "00FF"),
        (CommaSeparated(), "", ()),
        (CommaSeparated(), " ", ()),
        (CommaSeparated(), "a, b ,c", ("a", "b", "c")),
        (COLOURS, "red,blue.dark,red.light", ("red", "blue.dark", "red.light")),
        (CommaSeparated(pattern="[0-9]+"), "1,22", ("1", "22")),
    ],
    ids=str,
)
def test_values_are_read(kind: Kind, text: str, value: Value) -> None:
    parsed = Key("K", kind, READ_WRITE).parse(text)
    assert parsed == value
    assert type(parsed) is type(value)
    assert kind.parse(kind.render(parsed)) == value


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (Boolean(), "yes", "K: 'yes' is neither true nor false"),
        (Boolean(), "", "K: '' is neither true nor false"),
        (Integer(), "", "K: '' is not a whole number"),
        (Integer(), "1.0", "K: '1.0' is not a whole number"),
        (Integer(), "1 ", "K: '1 ' is not a whole number"),
        (Integer(), "\u0661", "K: '\u0661' is not a whole number"),
        (Integer(), "9" * 19, f"K: '{'9' * 19}' is not a whole number"),
        (Integer(minimum=1), "0", "K: 0 is below 1"),
        (Integer(maximum=100), "101", "K: 101 is above 100"),
        (Seconds(), "-1", "K: -1 is below 0"),
        (Hexadecimal(4, 6), "00f", "K: not pairs of hexadecimal digits"),
        (Hexadecimal(4, 6), "00fg", "K: not pairs of hexadecimal digits"),
        (Hexadecimal(4, 6), "00", "K: 2 digits, 4 to 6 are allowed"),
        (Hexadecimal(4, 6), "00112233", "K: 8 digits, 4 to 6 are allowed"),
        (COLOURS, "red,green", "K: 'green' is not allowed"),
        (COLOURS, "red.dim", "K: 'red.dim' is not allowed"),
        (COLOURS, "red,", "K: '' is not allowed"),
        (COLOURS, ".dark", "K: '.dark' is not allowed"),
        (CommaSeparated(pattern="[0-9]+"), "1,2a", "K: '2a' is not allowed"),
        (Text(), "x" * 501, "K: 501 characters, 500 are allowed"),
        (Text(), "a\0", "K: holds a NUL character"),
    ],
    ids=str,
)
def test_bad_values_are_refused_with_a_reason(kind: Kind, text: str, reason: str) -> None:
    assert Key("K", kind, READ_WRITE).check(text) == reason


def test_good_values_have_no_reason() -> None:
    assert Key("K", Seconds(), READ_WRITE).check("10") is None


@given(
    st.sampled_from([Text(), Boolean(), Integer(), Seconds(), Hexadecimal(0, 40), CommaSeparated(), COLOURS]),
    st.text(),
)
def test_any_text_gets_a_verdict(kind: Kind, text: str) -> None:
    reason = Key("K", kind, READ_WRITE).check(text)
    assert reason is None or reason.startswith("K: ")


def test_secrets_are_not_repeated_in_a_reason() -> None:
    assert "cafe" not in (Key("K", Hexadecimal(32, 40), WRITE_ONLY).check("cafe") or "")


@pytest.mark.parametrize(
    ("access", "readable", "writable"),
    [
        (READ_ONLY, True, False),
        (READ_WRITE, True, True),
        (WRITE_ONLY, False, True),
        (READ_OR_READ_WRITE, True, True),
    ],
)
def test_access(access: Access, readable: bool, writable: bool) -> None:
    assert (access.may_be_read, access.may_be_written) == (readable, writable)


def test_keys_are_found_in_any_case() -> None:
    key = Key("HeartbeatInterval", Seconds(), READ_WRITE)
    keys = KeysByName([key])
    assert keys["heartBEATinterval"] is key
    assert list(keys) == ["HeartbeatInterval"]
    assert len(keys) == 1
    assert "nothing" not in keys
    assert keys.get("nothing") is None
