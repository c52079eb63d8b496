"""Payloads: the typed content of a call or its result, read strictly and written compactly.

A payload class lists its members in the order of the standard's tables; `decode` checks everything that the
published schemas check and says in OCPP's terms what is wrong; `encode` writes members in that order, without
those that are None, and times in UTC with `Z`. msgspec does the work in C. What it cannot judge is looked
for cheaply and judged here: an explicit null, NUL in a string, and numbers with one decimal (its own
`multiple_of` refuses 16.1).
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, NamedTuple, TypeVar, cast, dataclass_transform

import msgspec
from msgspec import Meta, inspect
from msgspec.structs import replace

from ocpp_core.errors import PayloadError, Violation

PERSONAL: Final = Meta(extra={"personal": True})
"""Marks a type that identifies a person; `personal_fields` finds it."""

CiString20 = Annotated[str, Meta(max_length=20)]
CiString25 = Annotated[str, Meta(max_length=25)]
CiString50 = Annotated[str, Meta(max_length=50)]
CiString255 = Annotated[str, Meta(max_length=255)]
CiString500 = Annotated[str, Meta(max_length=500)]

Timestamp = datetime
"""RFC 3339. Read as it came, also without a zone (see `as_utc`); written in UTC."""

OneDecimal = Annotated[float, Meta(extra={"decimals": 1})]
"""A number with at most one decimal ("multipleOf": 0.1)."""

P = TypeVar("P", bound="Payload")

_OPTIONS: Final[dict[str, Any]] = {
    "frozen": True,
    "kw_only": True,
    "rename": "camel",
    "omit_defaults": True,
    "forbid_unknown_fields": True,
    "gc": False,
}


class PayloadMeta(msgspec.StructMeta):
    """Sets the options that msgspec does not inherit."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        return super().__new__(mcls, name, bases, namespace, **(_OPTIONS | options))


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Payload(msgspec.Struct, frozen=True, metaclass=PayloadMeta):
    """Base of payloads and of what is in them: frozen, keyword-only, camelCase on the wire."""


class RawPayload(Payload):
    """JSON that nobody judged: what a raw call carried, or the result of an undeclared action."""

    json: str


def as_utc(moment: datetime) -> datetime:
    """Give `moment` in UTC; without a zone it is UTC already (1.6: charge points that leave the `Z` out).

    At the ends of the calendar it gives the nearest time there is, so that no foreign timestamp can raise.
    """
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _LAST if moment.year > 5000 else _FIRST


def decode(payload_type: type[P], raw: bytes | str | msgspec.Raw) -> P:
    """Read one payload.

    raw: JSON text.    Raises PayloadError, its violation chosen as in `sort_out`.
    """
    plan = plan_of(payload_type)
    try:
        text = raw if isinstance(raw, str) else bytes(raw).decode()
        if payload_type is RawPayload:
            return cast(P, RawPayload(json=text))
        payload = plan.decode(text)
        if "null" in text or ("\\" in text and "\\u0000" in text):
            _judge_text(text)
    except msgspec.ValidationError as error:
        raise sort_out(str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise PayloadError(Violation.FORMATION, f"not JSON: {error}") from None
    if plan.decimals:
        _judge_decimals(payload, "")
    return cast(P, payload)


def encode(payload: Payload) -> bytes:
    """Write a payload as compact JSON, members in the order of the standard's tables."""
    if type(payload) is RawPayload:
        return payload.json.encode()
    return _encode(_in_utc(payload))


def personal_fields(payload_type: type[Payload]) -> frozenset[str]:
    """Paths of all members marked PERSONAL: wire names joined by dots, lists passed through."""
    return frozenset(_marked(payload_type, "personal"))


def sort_out(message: str) -> PayloadError:
    """Turn msgspec's message into a violation and one line that names the place.

    Missing member, length of a list: OCCURRENCE_CONSTRAINT. Other JSON type: TYPE_CONSTRAINT. Unknown member,
    no object at all: FORMATION. Anything else (enumeration, format, length, range): PROPERTY_CONSTRAINT.
    """
    problem, _, where = (
        message.rpartition(" - at `$")
        if message.endswith("`") and " - at `$" in message
        else (message, "", "")
    )
    path = where.removesuffix("`").removeprefix(".")
    problem = problem.replace("`", "").replace(" | null", "")  # null is never allowed, see _judge_text
    if problem.startswith(_MISSING):
        return PayloadError(
            Violation.OCCURRENCE_CONSTRAINT, f"{_join(path, problem.removeprefix(_MISSING))}: missing"
        )
    if problem.startswith(_UNKNOWN):
        return PayloadError(
            Violation.FORMATION, f"{_join(path, problem.removeprefix(_UNKNOWN))}: not a member here"
        )
    violation = Violation.PROPERTY_CONSTRAINT
    if problem.startswith("Expected array of length"):
        violation = Violation.OCCURRENCE_CONSTRAINT
    elif problem.startswith("Expected ") and ", got " in problem:
        violation = Violation.TYPE_CONSTRAINT if path else Violation.FORMATION
    return PayloadError(violation, f"{path or 'payload'}: {problem[:1].lower()}{problem[1:]}")


class Plan(NamedTuple):
    """What is known of a payload type, worked out once."""

    decode: Callable[[str], Any]
    times: tuple[str, ...]
    """Members that are times."""
    holders: tuple[str, ...]
    """Members with times inside."""
    decimals: tuple[tuple[str, str, bool], ...]
    """Attribute, wire name, and whether it is a OneDecimal itself or holds some."""


@cache
def plan_of(payload_type: type[Payload]) -> Plan:
    """Work out how to read and write `payload_type`."""
    times, holders, decimals = [], [], []
    for field in _fields(payload_type):
        inside = [plan_of(leaf.cls) for leaf in _leaves(field.type) if isinstance(leaf, inspect.StructType)]
        if any(isinstance(leaf, inspect.DateTimeType) for leaf in _leaves(field.type)):
            times.append(field.name)
        if any(plan.times or plan.holders for plan in inside):
            holders.append(field.name)
        if "decimals" in _marks(field.type):
            decimals.append((field.name, field.encode_name, True))
        elif any(plan.decimals for plan in inside):
            decimals.append((field.name, field.encode_name, False))
    return Plan(msgspec.json.Decoder(payload_type).decode, tuple(times), tuple(holders), tuple(decimals))


_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_MISSING: Final = "Object missing required field "
_UNKNOWN: Final = "Object contains unknown field "
_encode: Final = msgspec.json.Encoder().encode
_decode_plainly: Final = msgspec.json.Decoder().decode


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _fields(payload_type: type) -> tuple[inspect.Field, ...]:
    return cast(inspect.StructType, inspect.type_info(payload_type)).fields


def _leaves(kind: inspect.Type) -> Iterator[inspect.Type]:
    """The types that a member may have, its items if it is a list."""
    if isinstance(kind, inspect.Metadata):
        yield from _leaves(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for option in kind.types:
            yield from _leaves(option)
    elif isinstance(kind, inspect.VarTupleType):
        yield from _leaves(kind.item_type)
    else:
        yield kind


def _marks(kind: inspect.Type) -> dict[str, Any]:
    """The `extra` of a type, of its options or of its items."""
    if isinstance(kind, inspect.Metadata):
        return (kind.extra or {}) | _marks(kind.type)
    if isinstance(kind, inspect.UnionType):
        return {key: value for option in kind.types for key, value in _marks(option).items()}
    return _marks(kind.item_type) if isinstance(kind, inspect.VarTupleType) else {}


def _marked(payload_type: type, mark: str) -> Iterator[str]:
    for field in _fields(payload_type):
        if mark in _marks(field.type):
            yield field.encode_name
        for leaf in _leaves(field.type):
            if isinstance(leaf, inspect.StructType):
                yield from (f"{field.encode_name}.{path}" for path in _marked(leaf.cls, mark))


def _in_utc(payload: Payload) -> Payload:
    """`payload` with all times in UTC; the same object when they are already."""
    plan, changes = plan_of(type(payload)), {}
    for name in plan.times:
        moment = getattr(payload, name)
        if isinstance(moment, datetime) and moment.tzinfo is not UTC:
            changes[name] = as_utc(moment)
    for name in plan.holders:
        held = getattr(payload, name)
        if (in_utc := _held_in_utc(held)) is not held:
            changes[name] = in_utc
    return replace(payload, **changes) if changes else payload


def _held_in_utc(held: Any) -> Any:
    if isinstance(held, Payload):
        return _in_utc(held)
    return [_held_in_utc(item) for item in held] if isinstance(held, (tuple, list)) else held


def _judge_text(text: str) -> None:
    """Refuse explicit nulls and NUL characters; both slip through a typed decoder."""
    found = _find_null_or_nul(_decode_plainly(text), "")
    if found is None:
        return
    path, is_null = found
    if is_null:
        raise PayloadError(Violation.TYPE_CONSTRAINT, f"{path}: null; an absent member is left out")
    raise PayloadError(Violation.PROPERTY_CONSTRAINT, f"{path}: holds a NUL character")


def _find_null_or_nul(value: Any, path: str) -> tuple[str, bool] | None:
    if value is None:
        return path, True
    if isinstance(value, str):
        return (path, False) if "\0" in value else None
    inside: Iterator[tuple[str, Any]] = iter(())
    if isinstance(value, dict):
        inside = ((_join(path, name), item) for name, item in value.items())
    elif isinstance(value, list):
        inside = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    return next((found for place, item in inside if (found := _find_null_or_nul(item, place))), None)


def _judge_decimals(value: Any, path: str) -> None:
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            _judge_decimals(item, f"{path}[{index}]")
    elif value is not None:
        for name, wire_name, is_number in plan_of(cast(type[Payload], type(value))).decimals:
            item, place = getattr(value, name), _join(path, wire_name)
            if not is_number:
                _judge_decimals(item, place)
            elif item is not None and not _has_one_decimal(item):
                raise PayloadError(
                    Violation.PROPERTY_CONSTRAINT, f"{place}: {item} has more than one decimal"
                )


def _has_one_decimal(number: float) -> bool:
    # Decimal, because 16.1 % 0.1 is 0.0999... in binary; its exponent, because a remainder of 1e300 overflows
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -1
