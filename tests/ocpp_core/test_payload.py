"""Payloads: what is read, what is refused and how it is named, what is written."""

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from ocpp_core.errors import PayloadError, Violation
from ocpp_core.payload import (
    PERSONAL,
    CiString20,
    OneDecimal,
    Payload,
    RawPayload,
    Timestamp,
    as_utc,
    decode,
    encode,
    personal_fields,
)


class Colour(StrEnum):
    RED = "Red"
    DARK_BLUE = "DarkBlue"


class Inner(Payload):
    at: Timestamp
    limit: OneDecimal | None = None


class Middle(Payload):
    inner: Inner
    secret_name: Annotated[CiString20, PERSONAL] | None = None


class Sample(Payload):
    id_tag: Annotated[CiString20, PERSONAL]
    count: int
    colour: Colour | None = None
    happened_at: Timestamp | None = None
    is_big: bool | None = None
    limit: OneDecimal | None = None
    names: Annotated[tuple[Annotated[CiString20, PERSONAL], ...], Meta(min_length=1, max_length=2)] | None = (
        None
    )
    middle: Middle | None = None
    many: tuple[Middle, ...] | None = None


class Empty(Payload): ...


class Anything(Payload):
    data: Any


AT = '"2024-05-01T10:00:00Z"'
MOMENT = datetime(2024, 5, 1, 10, tzinfo=UTC)


def refusal(text: str, payload_type: type[Payload] = Sample) -> tuple[Violation, str]:
    with pytest.raises(PayloadError) as caught:
        decode(payload_type, text)
    return caught.value.violation, caught.value.description


# Reading


def test_payload_is_read_into_its_type() -> None:
    text = (
        '{"idTag":"A","count":-1,"colour":"DarkBlue","happenedAt":"2024-05-01T10:00:00Z","isBig":true,"limit":16.1,'
        f'"names":["x","y"],"middle":{{"inner":{{"at":{AT}}}}},"many":[{{"inner":{{"at":{AT},"limit":16}}}}]}}'
    )
    expected = Sample(
        id_tag="A",
        count=-1,
        colour=Colour.DARK_BLUE,
        happened_at=MOMENT,
        is_big=True,
        limit=16.1,
        names=("x", "y"),
        middle=Middle(inner=Inner(at=MOMENT)),
        many=(Middle(inner=Inner(at=MOMENT, limit=16.0)),),
    )
    for form in (text, text.encode(), msgspec.Raw(text)):
        assert decode(Sample, form) == expected


def test_empty_payload_is_read() -> None:
    assert decode(Empty, "{}") == Empty()


MINIMAL = '"idTag":"A","count":1'


@pytest.mark.parametrize(
    ("text", "violation", "description"),
    [
        ("{}", Violation.OCCURRENCE_CONSTRAINT, "idTag: missing"),
        ('{"idTag":"A"}', Violation.OCCURRENCE_CONSTRAINT, "count: missing"),
        (f'{{{MINIMAL},"middle":{{}}}}', Violation.OCCURRENCE_CONSTRAINT, "middle.inner: missing"),
        (
            f'{{{MINIMAL},"many":[{{"inner":{{"at":{AT}}}}},{{"inner":{{}}}}]}}',
            Violation.OCCURRENCE_CONSTRAINT,
            "many[1].inner.at: missing",
        ),
        (
            f'{{{MINIMAL},"names":[]}}',
            Violation.OCCURRENCE_CONSTRAINT,
            "names: expected array of length >= 1",
        ),
        (
            f'{{{MINIMAL},"names":["a","b","c"]}}',
            Violation.OCCURRENCE_CONSTRAINT,
            "names: expected array of length <= 2",
        ),
        ('{"idTag":1,"count":1}', Violation.TYPE_CONSTRAINT, "idTag: expected str, got int"),
        ('{"idTag":"A","count":"1"}', Violation.TYPE_CONSTRAINT, "count: expected int, got str"),
        ('{"idTag":"A","count":1.0}', Violation.TYPE_CONSTRAINT, "count: expected int, got float"),
        ('{"idTag":"A","count":true}', Violation.TYPE_CONSTRAINT, "count: expected int, got bool"),
        ('{"idTag":null,"count":1}', Violation.TYPE_CONSTRAINT, "idTag: expected str, got null"),
        (f'{{{MINIMAL},"colour":3}}', Violation.TYPE_CONSTRAINT, "colour: expected str, got int"),
        (
            f'{{{MINIMAL},"happenedAt":5}}',
            Violation.TYPE_CONSTRAINT,
            "happenedAt: expected datetime, got int",
        ),
        (f'{{{MINIMAL},"names":"x"}}', Violation.TYPE_CONSTRAINT, "names: expected array, got str"),
        (f'{{{MINIMAL},"names":[1]}}', Violation.TYPE_CONSTRAINT, "names[0]: expected str, got int"),
        (
            f'{{{MINIMAL},"middle":[]}}',
            Violation.TYPE_CONSTRAINT,
            "middle: expected object, got array",
        ),
        (f'{{{MINIMAL},"limit":"1"}}', Violation.TYPE_CONSTRAINT, "limit: expected float, got str"),
        (
            f'{{{MINIMAL},"colour":null}}',
            Violation.TYPE_CONSTRAINT,
            "colour: null; an absent member is left out",
        ),
        (
            f'{{{MINIMAL},"many":[{{"inner":{{"at":{AT},"limit":null}}}}]}}',
            Violation.TYPE_CONSTRAINT,
            "many[0].inner.limit: null; an absent member is left out",
        ),
        (
            f'{{{MINIMAL},"colour":"Green"}}',
            Violation.PROPERTY_CONSTRAINT,
            "colour: invalid enum value 'Green'",
        ),
        (f'{{{MINIMAL},"colour":"red"}}', Violation.PROPERTY_CONSTRAINT, "colour: invalid enum value 'red'"),
        (
            f'{{"idTag":"{"A" * 21}","count":1}}',
            Violation.PROPERTY_CONSTRAINT,
            "idTag: expected str of length <= 20",
        ),
        (
            f'{{{MINIMAL},"happenedAt":"yesterday"}}',
            Violation.PROPERTY_CONSTRAINT,
            "happenedAt: invalid RFC3339 encoded datetime",
        ),
        (
            f'{{{MINIMAL},"limit":16.11}}',
            Violation.PROPERTY_CONSTRAINT,
            "limit: 16.11 has more than one decimal",
        ),
        (
            f'{{{MINIMAL},"limit":1e-2}}',
            Violation.PROPERTY_CONSTRAINT,
            "limit: 0.01 has more than one decimal",
        ),
        (f'{{{MINIMAL},"limit":1e999}}', Violation.PROPERTY_CONSTRAINT, "limit: number out of range"),
        (
            f'{{{MINIMAL},"many":[{{"inner":{{"at":{AT},"limit":0.25}}}}]}}',
            Violation.PROPERTY_CONSTRAINT,
            "many[0].inner.limit: 0.25 has more than one decimal",
        ),
        (
            f'{{"idTag":"A","count":{"9" * 5000}}}',
            Violation.PROPERTY_CONSTRAINT,
            "count: integer value out of range",
        ),
        ('{"idTag":"a\\u0000","count":1}', Violation.PROPERTY_CONSTRAINT, "idTag: holds a NUL character"),
        (
            f'{{{MINIMAL},"names":["x","\\u0000"]}}',
            Violation.PROPERTY_CONSTRAINT,
            "names[1]: holds a NUL character",
        ),
        (f'{{{MINIMAL},"x":1}}', Violation.FORMATION, "x: not a member here"),
        (f'{{{MINIMAL},"id_tag":"A"}}', Violation.FORMATION, "id_tag: not a member here"),
        (
            f'{{{MINIMAL},"middle":{{"inner":{{"at":{AT},"y":1}}}}}}',
            Violation.FORMATION,
            "middle.inner.y: not a member here",
        ),
        (f'{{{MINIMAL},"a\\u0000`b":1}}', Violation.FORMATION, "a\ufffdb: not a member here"),
        ("[]", Violation.FORMATION, "payload: expected object, got array"),
        ("null", Violation.FORMATION, "payload: expected object, got null"),
        ('"x"', Violation.FORMATION, "payload: expected object, got str"),
        ("7", Violation.FORMATION, "payload: expected object, got int"),
        ("", Violation.FORMATION, "not JSON: Input data was truncated"),
        ("{", Violation.FORMATION, "not JSON: Input data was truncated"),
        (
            '{"idTag":"\ud800"}',
            Violation.FORMATION,
            "not JSON: 'utf-8' codec can't encode character '\\ud800' in position 10: surrogates not allowed",
        ),
    ],
)
def test_refusals_are_named(text: str, violation: Violation, description: str) -> None:
    assert refusal(text) == (violation, description)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(PayloadError) as caught:
        decode(Sample, b'{"idTag":"\xff"}')
    assert caught.value.violation is Violation.FORMATION


@pytest.mark.parametrize("depth", [600, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    text = '{"data":' + "[" * depth + "null" + "]" * depth + "}"
    assert refusal(text, Anything)[0] is Violation.FORMATION
    assert refusal('{"middle":' * depth) == (Violation.FORMATION, "middle.middle: not a member here")


def test_description_stays_one_short_line() -> None:
    lines = "x\\n" * 500
    _, description = refusal(f'{{{MINIMAL},"colour":"{lines}"}}')
    assert len(description) == 255
    assert "\n" not in description


def test_a_value_that_looks_like_a_path_confuses_nothing() -> None:
    violation, description = refusal(f'{{{MINIMAL},"x - at `$.y`":1}}')
    assert violation is Violation.FORMATION
    assert description.endswith("not a member here")


@pytest.mark.parametrize("text", ['{"idTag":"null","count":1}', '{"idTag":"\\\\u0000","count":1}'])
def test_what_only_looks_suspect_is_taken(text: str) -> None:
    assert decode(Sample, text).count == 1


def test_lengths_count_characters_not_bytes() -> None:
    assert decode(Sample, f'{{"idTag":"{"😀" * 20}","count":1}}').id_tag == "😀" * 20


@pytest.mark.parametrize(
    "number", ["0", "-0.0", "16", "16.1", "-0.3", "20.7", "16.10", "1e300", "1.5e2", "123456789.1"]
)
def test_numbers_with_one_decimal_are_taken(number: str) -> None:
    assert decode(Sample, f'{{{MINIMAL},"limit":{number}}}').limit == float(number)


@given(st.integers(-(10**12), 10**12))
def test_every_tenth_is_taken(tenths: int) -> None:
    assert decode(Sample, f'{{{MINIMAL},"limit":{tenths / 10!r}}}').limit == tenths / 10


@given(st.integers(-(10**9), 10**9).filter(lambda hundredths: hundredths % 10))
def test_no_hundredth_is_taken(hundredths: int) -> None:
    assert refusal(f'{{{MINIMAL},"limit":{hundredths / 100!r}}}')[0] is Violation.PROPERTY_CONSTRAINT


# Times


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-01T10:00:00Z", MOMENT),
        ("2024-05-01T10:00:00z", MOMENT),
        ("2024-05-01T10:00:00.000Z", MOMENT),
        ("2024-05-01T12:00:00+02:00", MOMENT),
        ("2024-05-01T10:00:00", MOMENT),
        ("2024-05-01 10:00:00", MOMENT),
        ("2024-05-01T10:00:00.123456789Z", MOMENT + timedelta(microseconds=123457)),
        ("9999-12-31T23:59:59-01:00", datetime.max.replace(tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_times_are_read_as_utc(text: str, moment: datetime) -> None:
    read = decode(Inner, f'{{"at":"{text}"}}').at
    assert as_utc(read) == moment
    assert as_utc(read).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-05-01",
        "10:00:00Z",
        "2024-05-01T10:00Z",
        "2024-13-01T10:00:00Z",
        "1714557600",
        "2024-05-01T24:00:00Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    assert refusal(f'{{"at":"{text}"}}', Inner)[0] is Violation.PROPERTY_CONSTRAINT


@given(
    st.datetimes(
        timezones=st.none()
        | st.just(UTC)
        | st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))
    )
)
def test_as_utc_never_fails_and_keeps_the_moment(moment: datetime) -> None:
    utc = as_utc(moment)
    assert utc.tzinfo is UTC
    if 2 < moment.year < 9998:
        assert utc == (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


# Writing


def test_written_compactly_in_the_order_of_declaration_without_what_is_none() -> None:
    assert encode(Empty()) == b"{}"
    assert encode(Sample(count=1, id_tag="ü")) == '{"idTag":"ü","count":1}'.encode()
    assert encode(Sample(limit=16.0, is_big=False, count=1, id_tag="A")) == (
        b'{"idTag":"A","count":1,"isBig":false,"limit":16.0}'
    )


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (MOMENT, "2024-05-01T10:00:00Z"),
        (MOMENT.replace(tzinfo=None), "2024-05-01T10:00:00Z"),
        (MOMENT.astimezone(timezone(timedelta(hours=-5))), "2024-05-01T10:00:00Z"),
        (MOMENT.replace(microsecond=1000), "2024-05-01T10:00:00.001000Z"),
    ],
)
def test_times_are_written_in_utc(moment: datetime, text: str) -> None:
    sample = Sample(
        id_tag="A",
        count=1,
        happened_at=moment,
        middle=Middle(inner=Inner(at=moment)),
        many=(Middle(inner=Inner(at=MOMENT)), Middle(inner=Inner(at=moment))),
    )
    assert msgspec.json.decode(encode(sample)) == {
        "idTag": "A",
        "count": 1,
        "happenedAt": text,
        "middle": {"inner": {"at": text}},
        "many": [{"inner": {"at": "2024-05-01T10:00:00Z"}}, {"inner": {"at": text}}],
    }
    assert sample.happened_at is moment


def test_values_of_other_types_are_written_as_they_are_for_the_reader_to_judge() -> None:
    odd: Any = {"id_tag": "A", "count": 1, "happened_at": "now", "middle": 7, "many": [{"inner": 1}]}
    assert (
        encode(Sample(**odd)) == b'{"idTag":"A","count":1,"happenedAt":"now","middle":7,"many":[{"inner":1}]}'
    )


# Raw payloads, marks, classes


def test_raw_payload_is_passed_through() -> None:
    raw = decode(RawPayload, msgspec.Raw(b'{"a":null}'))
    assert raw == RawPayload(json='{"a":null}')
    assert encode(raw) == b'{"a":null}'


def test_personal_fields_are_found_through_lists_and_payloads() -> None:
    assert personal_fields(Sample) == {"idTag", "names", "middle.secretName", "many.secretName"}
    assert personal_fields(Inner) == frozenset()


def test_payloads_are_frozen_keyword_only_values() -> None:
    one = Sample(id_tag="A", count=1)
    assert one == Sample(id_tag="A", count=1)
    assert hash(one) == hash(Sample(id_tag="A", count=1))
    with pytest.raises(AttributeError):
        one.count = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        Sample("A", 1)  # type: ignore[call-arg,misc]
