"""The second judge: the published JSON schemas (in the PyPI package `ocpp`) on our declarations of OCPP 1.6.

Structure, valid instances, and every way to spoil one member, of every request and response.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from ocpp_core.errors import PayloadError, Violation
from ocpp_core.payload import Payload, decode, encode
from ocpp_core.v16 import CATALOGUE
from tests.strategies import LEGAL, TIMES, payloads

Schema = dict[str, Any]


class Deviation(NamedTuple):
    """Where we declare something else than this copy of the schemas says, and why."""

    message: str
    path: str
    key: str
    theirs: Any
    ours: Any
    reason: str


DEVIATIONS = (
    Deviation(
        "MeterValues",
        "meterValue[].sampledValue",
        "minItems",
        1,
        None,
        "only this copy has the bound: the schemas of the Open Charge Alliance have none, nor has "
        "StopTransaction for the same type; a reading without values is no reason to refuse the others",
    ),
    Deviation(
        "MeterValues",
        "meterValue[].sampledValue[].unit",
        "enum without",
        ["Hertz"],
        [],
        "only this copy has it, and only for this message: by erratum 3.86 frequency has no unit",
    ),
    *(
        Deviation(
            message,
            "location",
            "format",
            "uri",
            None,
            "real locations hold blanks and braces for the charge point to fill in; who uses one checks it",
        )
        for message in ("GetDiagnostics", "UpdateFirmware")
    ),
)
"""Besides: draft-06 takes 1.0 for an integer in the messages of the security extension; we never do."""


def schemas() -> dict[str, Schema]:
    package = find_spec("ocpp")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "v16" / "schemas"
    return {
        path.stem: json.loads(path.read_text("utf-8-sig"), parse_float=Decimal)
        for path in sorted(folder.glob("*.json"))
    }


SCHEMAS = schemas()
MESSAGES: dict[str, type[Payload]] = {
    name + suffix: payload_type
    for name, action in CATALOGUE.items()
    for suffix, payload_type in (("", action.Request), ("Response", action.Response))
}
each_message = pytest.mark.parametrize("message", MESSAGES)


def resolved(schema: Schema, root: Schema) -> Schema:
    """The schema without references."""
    if "$ref" in schema:
        return resolved(root["definitions"][schema["$ref"].rpartition("/")[2]], root)
    changes: Schema = {}
    if "properties" in schema:
        changes["properties"] = {
            name: resolved(member, root) for name, member in schema["properties"].items()
        }
    if "items" in schema:
        changes["items"] = resolved(schema["items"], root)
    return schema | changes


def at(schema: Schema, path: str) -> Schema:
    for name in path.split("."):
        schema = schema["properties"][name.removesuffix("[]")]
        schema = schema["items"] if name.endswith("[]") else schema
    return schema


def agreed(message: str) -> Schema:
    """The published schema as we follow it: resolved, the deviations applied."""
    schema = deepcopy(resolved(SCHEMAS[message], SCHEMAS[message]))
    for deviation in DEVIATIONS:
        if deviation.message != message:
            continue
        place = at(schema, deviation.path)
        if deviation.key == "enum without":
            assert set(deviation.theirs) <= set(place["enum"])
            place["enum"] = [value for value in place["enum"] if value not in deviation.theirs]
        else:
            assert place[deviation.key] == deviation.theirs
            del place[deviation.key]
    return schema


AGREED = {message: agreed(message) for message in MESSAGES}


# Structure


def facts_of_schema(schema: Schema) -> Any:
    """What a schema says of one value, in the terms that both sides share."""
    match schema["type"]:
        case "object":
            assert schema["additionalProperties"] is False
            required = schema.get("required", [])
            return [
                (name, name in required, facts_of_schema(member))
                for name, member in schema.get("properties", {}).items()
            ]
        case "array":
            return ("array", schema.get("minItems"), schema.get("maxItems"), facts_of_schema(schema["items"]))
        case "string" if "enum" in schema:
            return ("enum", sorted(schema["enum"]))
        case "string" if schema.get("format") == "date-time":
            return "date-time"
        case "string":
            assert "format" not in schema
            return ("string", schema.get("maxLength"))
        case "number":
            return ("number", str(schema["multipleOf"]))
        case simple:
            return simple


def facts_of_type(kind: inspect.Type) -> Any:
    """The same of one of our types."""
    match kind:
        case inspect.Metadata(type=inspect.FloatType(), extra={"decimals": 1}):
            return ("number", "0.1")
        case inspect.Metadata(type=inner):
            return facts_of_type(inner)
        case inspect.UnionType(types=types):
            (one,) = (option for option in types if not isinstance(option, inspect.NoneType))
            return facts_of_type(one)
        case inspect.StructType(fields=fields):
            return [(field.encode_name, field.required, facts_of_type(field.type)) for field in fields]
        case inspect.VarTupleType(item_type=item, min_length=least, max_length=most):
            return ("array", least, most, facts_of_type(item))
        case inspect.EnumType(cls=cls):
            return ("enum", sorted(member.value for member in cls))
        case inspect.StrType(max_length=limit):
            return ("string", limit)
        case inspect.DateTimeType():
            return "date-time"
        case inspect.IntType():
            return "integer"
        case inspect.BoolType():
            return "boolean"
    raise AssertionError(f"not known: {kind}")


def test_every_published_message_is_declared_and_no_other() -> None:
    assert sorted(MESSAGES) == sorted(SCHEMAS)
    assert len(MESSAGES) == 2 * 39


@each_message
def test_declaration_says_what_the_schema_says_in_the_same_order(message: str) -> None:
    assert facts_of_type(inspect.type_info(MESSAGES[message])) == facts_of_schema(AGREED[message])


@each_message
def test_optional_members_default_to_none(message: str) -> None:
    for kind in structs(inspect.type_info(MESSAGES[message])):
        assert all(field.required or field.default is None for field in kind.fields)


def structs(kind: inspect.Type) -> Iterator[inspect.StructType]:
    match kind:
        case inspect.Metadata(type=inner) | inspect.VarTupleType(item_type=inner):
            yield from structs(inner)
        case inspect.UnionType(types=types):
            for option in types:
                yield from structs(option)
        case inspect.StructType(fields=fields):
            yield kind
            for field in fields:
                yield from structs(field.type)


# Valid instances


def validates(message: str, text: str) -> bool:
    """What the published schema says, deviations not applied."""
    schema = SCHEMAS[message]
    validator = jsonschema.validators.validator_for(schema)
    return bool(validator(schema).is_valid(json.loads(text, parse_float=Decimal)))


def instances(schema: Schema) -> st.SearchStrategy[Any]:
    """Valid JSON of an agreed schema, optional members sometimes left out."""
    match schema["type"]:
        case "object":
            required = schema.get("required", [])
            members = {name: instances(member) for name, member in schema.get("properties", {}).items()}
            return st.fixed_dictionaries(
                {name: member for name, member in members.items() if name in required},
                optional={name: member for name, member in members.items() if name not in required},
            )
        case "array":
            return st.lists(instances(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
        case "string" if "enum" in schema:
            return st.sampled_from(schema["enum"])
        case "string" if schema.get("format") == "date-time":
            return TIMES.map(lambda moment: moment.isoformat().replace("+00:00", "Z"))
        case "string":
            return st.text(LEGAL, max_size=min(schema.get("maxLength", 60), 60))
        case "number":
            return st.integers(-9999, 9999).map(lambda tenths: tenths / 10)
        case "integer":
            return st.integers(-(2**70), 2**70)
        case _:
            return st.booleans()


@each_message
@settings(max_examples=40)
@given(data=st.data())
def test_valid_instances_are_taken_and_written_back_unchanged(message: str, data: st.DataObject) -> None:
    instance = data.draw(instances(AGREED[message]))
    text = json.dumps(instance)
    schema = AGREED[message]
    payload = decode(MESSAGES[message], text)
    assert jsonschema.validators.validator_for(schema)(schema).is_valid(json.loads(text, parse_float=Decimal))
    assert json.loads(encode(payload)) == instance


@each_message
@settings(max_examples=40)
@given(data=st.data())
def test_what_we_write_satisfies_the_published_schema(message: str, data: st.DataObject) -> None:
    payload = data.draw(payloads(MESSAGES[message]))
    text = encode(payload).decode()
    if message == "MeterValues":  # deviation: we may write a reading without values
        text = text.replace('"sampledValue":[]', '"sampledValue":[{"value":""}]')
    else:
        assert decode(MESSAGES[message], text) == payload
    assert validates(message, text)


# Spoiled instances


def full(schema: Schema) -> Any:
    """A valid instance with every member, strings and lists as long as allowed (lists: two items)."""
    match schema["type"]:
        case "object":
            return {name: full(member) for name, member in schema.get("properties", {}).items()}
        case "array":
            return [full(schema["items"]), full(schema["items"])]
        case "string" if "enum" in schema:
            return schema["enum"][-1]
        case "string" if schema.get("format") == "date-time":
            return "2024-05-01T10:00:00Z"
        case "string":
            return "ü" * schema.get("maxLength", 20)
        case "number":
            return 16.1
        case "integer":
            return 2**40
        case _:
            return True


WRONG_TYPES: dict[str, tuple[Any, ...]] = {
    "object": ([], "x", 1, 1.5, True, None),
    "array": ({}, "x", 1, 1.5, True, None),
    "string": ({}, [], 1, 1.5, True, None),
    "number": ({}, [], "1.5", True, None),
    "integer": ({}, [], "1", 1.5, True, None),
    "boolean": ({}, [], "true", 1, 1.5, None),
}

Spoil = tuple[str, Callable[[Any], Any], Violation]


def spoils(schema: Schema, path: str = "") -> Iterator[Spoil]:
    """Every way to spoil one value: its name, the deed on a whole instance, and what we must call it."""

    def put(value: Any) -> Callable[[Any], Any]:
        return partial(replaced, path=path, value=value)

    for value in WRONG_TYPES[schema["type"]]:
        violation = Violation.TYPE_CONSTRAINT if path else Violation.FORMATION
        yield f"{path or 'payload'} = {json.dumps(value)}", put(value), violation
    if "enum" in schema:
        yield f"{path} not in the enumeration", put("Nonsense"), Violation.PROPERTY_CONSTRAINT
        yield f"{path} in lower case", put(schema["enum"][0].swapcase()), Violation.PROPERTY_CONSTRAINT
    elif "maxLength" in schema:
        yield f"{path} too long", put("x" * (schema["maxLength"] + 1)), Violation.PROPERTY_CONSTRAINT
    if "multipleOf" in schema:
        yield f"{path} with two decimals", put(16.11), Violation.PROPERTY_CONSTRAINT
    if "minItems" in schema:
        yield f"{path} empty", put([]), Violation.OCCURRENCE_CONSTRAINT
    if schema["type"] == "array":
        yield from spoils(schema["items"], f"{path}[1]")
    if schema["type"] == "object":
        yield f"{path} with a stranger", put(UNKNOWN), Violation.FORMATION
        for name, member in schema.get("properties", {}).items():
            place = f"{path}.{name}" if path else name
            if name in schema.get("required", []):
                yield (
                    f"{place} missing",
                    partial(replaced, path=place, value=MISSING),
                    Violation.OCCURRENCE_CONSTRAINT,
                )
            yield from spoils(member, place)


MISSING, UNKNOWN = object(), object()


def replaced(instance: Any, path: str, value: Any) -> Any:
    """The instance with another value at path: keys joined by dots, [1] for the second item of a list."""
    if not path:
        return instance | {"stranger": 1} if value is UNKNOWN else value
    if path.startswith("[1]"):
        return [instance[0], replaced(instance[1], path[3:].removeprefix("."), value)]
    name, rest = split(path)
    if not rest and value is MISSING:
        return {key: item for key, item in instance.items() if key != name}
    return {key: replaced(item, rest, value) if key == name else item for key, item in instance.items()}


def split(path: str) -> tuple[str, str]:
    end = min((index for index in (path.find("."), path.find("[")) if index >= 0), default=len(path))
    return path[:end], path[end:].removeprefix(".")


@each_message
def test_full_instance_is_taken_by_both(message: str) -> None:
    text = json.dumps(full(AGREED[message]))
    assert validates(message, text)
    assert json.loads(encode(decode(MESSAGES[message], text))) == json.loads(text)


@each_message
def test_every_spoiled_instance_is_refused_by_both_and_named(message: str) -> None:
    schema = AGREED[message]
    instance = full(schema)
    wrong: list[str] = []
    for name, spoil, violation in spoils(schema):
        text = json.dumps(spoil(instance))
        if validates(message, text):
            wrong.append(f"{name}: the schema takes it")
        try:
            decode(MESSAGES[message], text)
        except PayloadError as error:
            if error.violation is not violation:
                wrong.append(f"{name}: {error.violation} ({error.description}), not {violation}")
            where = name.split(" ")[0]
            if where not in ("payload", "with") and not error.description.startswith(where):
                wrong.append(f"{name}: {error.description} does not name {where}")
        else:
            wrong.append(f"{name}: we take it")
    assert not wrong


def test_spoiling_reaches_everything() -> None:
    count = sum(1 for schema in AGREED.values() for _ in spoils(schema))
    assert count == 2366
    assert {violation for schema in AGREED.values() for _, _, violation in spoils(schema)} == {
        Violation.FORMATION,
        Violation.TYPE_CONSTRAINT,
        Violation.PROPERTY_CONSTRAINT,
        Violation.OCCURRENCE_CONSTRAINT,
    }


def dated(message: str) -> list[str]:
    return [
        name
        for name, member in AGREED[message].get("properties", {}).items()
        if member.get("format") == "date-time"
    ]


@pytest.mark.parametrize(
    ("message", "member"), [(message, name) for message in MESSAGES for name in dated(message)]
)
def test_bad_dates_are_refused(message: str, member: str) -> None:
    # The schemas only annotate the format; a validator need not check it.
    text = json.dumps(full(AGREED[message]) | {member: "tomorrow"})
    with pytest.raises(PayloadError) as caught:
        decode(MESSAGES[message], text)
    assert caught.value.violation is Violation.PROPERTY_CONSTRAINT
    assert caught.value.description == f"{member}: invalid RFC3339 encoded datetime"


# Deviations, seen on instances


def meter_values(samples: str) -> str:
    reading = f'{{"timestamp":"2024-05-01T10:00:00Z","sampledValue":[{samples}]}}'
    return f'{{"connectorId":1,"meterValue":[{reading}]}}'


def test_deviation_reading_without_values() -> None:
    text = meter_values("")
    assert not validates("MeterValues", text)
    assert decode(MESSAGES["MeterValues"], text)


def test_deviation_unit_hertz() -> None:
    text = meter_values('{"value":"50","unit":"Hertz"}')
    assert validates("MeterValues", text)
    with pytest.raises(PayloadError, match="invalid enum value 'Hertz'"):
        decode(MESSAGES["MeterValues"], text)


def test_deviation_location() -> None:
    assert decode(MESSAGES["GetDiagnostics"], '{"location":"ftp://a b/{serial}"}')


def test_deviation_integers_with_a_fraction() -> None:
    text = '{"requestedMessage":"Heartbeat","connectorId":1.0}'
    assert jsonschema.Draft6Validator(AGREED["ExtendedTriggerMessage"]).is_valid(json.loads(text))
    with pytest.raises(PayloadError, match="expected int"):
        decode(MESSAGES["ExtendedTriggerMessage"], text)


@pytest.mark.parametrize("spelling", ["Celsius", "Celcius"])
def test_both_spellings_of_celsius_are_taken(spelling: str) -> None:
    text = meter_values(f'{{"value":"1","unit":"{spelling}"}}')
    assert validates("MeterValues", text)
    assert encode(decode(MESSAGES["MeterValues"], text)).decode() == text


def test_reason_of_a_stop_is_optional() -> None:
    text = '{"meterStop":1,"timestamp":"2024-05-01T10:00:00Z","transactionId":1}'
    assert validates("StopTransaction", text)
    assert encode(decode(MESSAGES["StopTransaction"], text)).decode() == text
