"""Members of commands: how they are declared, what they may hold, and how texts become them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from types import NoneType
from typing import Any, NewType, get_args, get_type_hints

from csms.domain.errors import Reason, Refused

Time = NewType("Time", str)
"""RFC 3339 in UTC: a command is kept as JSON, so its times are texts."""

JsonObject = dict[str, Any]
"""An object in the words of the charge point's version of OCPP; its dialect judges what is in it."""

MAX_DEPTH = 16  # of JSON in a parameter; nothing in any version of OCPP is half as deep


@dataclass(frozen=True, slots=True)
class Parameter:
    """One member of a command, for documents, forms and command lines.

    type: one of PYTHON_TYPES. Without `required`, `default` stands in.
    """

    name: str
    type: str
    help: str
    required: bool
    default: Any
    choices: tuple[str, ...]
    minimum: int | None
    maximum: int | None
    max_length: int | None


def parameter(
    help_: str,
    *,
    default: Any = MISSING,
    choices: tuple[str, ...] = (),
    minimum: int | None = None,
    maximum: int | None = None,
    max_length: int | None = None,
) -> Any:
    """A member of a command: what it means, and its limits (of a list of texts: of each item)."""
    limits = {
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
        "max_length": max_length,
    }
    return field(default=default, metadata={"help": help_, **limits})


def declared(kind: type) -> tuple[Parameter, ...]:
    """The members of a command, in the order of their declaration."""
    hints = get_type_hints(kind)
    return tuple(
        Parameter(
            name=member.name,
            type=_type_word(hints[member.name]),
            required=member.default is MISSING,
            default=None if member.default is MISSING else member.default,
            **member.metadata,
        )
        for member in fields(kind)
    )


TYPE_WORDS: dict[Any, str] = {
    str: "text",
    int: "integer",
    bool: "boolean",
    Time: "time",
    tuple[str, ...]: "list of texts",
    JsonObject: "JSON object",
    tuple[JsonObject, ...]: "list of JSON objects",
}


def _type_word(hint: Any) -> str:
    options = set(get_args(hint))
    return TYPE_WORDS[(options - {NoneType}).pop() if NoneType in options else hint]


PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "time": (str,),
    "list of texts": (list, tuple),
    "JSON object": (dict,),
    "list of JSON objects": (list, tuple),
}

LISTS = frozenset({"list of texts", "list of JSON objects"})


def checked(known: Mapping[str, Parameter], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the members that were given. Raises Refused(INVALID_PARAMETERS) that names the member."""
    return {name: _checked(known[name], value) for name, value in parameters.items()}


def _checked(member: Parameter, value: Any) -> Any:
    if value is None and not member.required and member.default is None:
        return None
    is_right = isinstance(value, PYTHON_TYPES[member.type])
    if not is_right or (isinstance(value, bool) and member.type != "boolean"):
        raise invalid(member.name, f"{value!r} is not {_article(member.type)}")
    if member.type == "time":
        return _time(member.name, value)
    if member.type == "JSON object":
        _check_json(member.name, value)
        return value
    if member.type not in LISTS:
        _check_limits(member, value)
        return value
    for item in value:
        if member.type == "list of JSON objects":
            if not isinstance(item, dict):
                raise invalid(member.name, f"{item!r} is not a JSON object")
            _check_json(member.name, item)
        elif not isinstance(item, str):
            raise invalid(member.name, f"{item!r} is not a text")
        else:
            _check_limits(member, item)
    return tuple(value)


def _time(name: str, text: str) -> str:
    """Any way that ISO 8601 writes it, without a zone UTC; kept as RFC 3339 in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid(name, f"{text!r} is not a time like 2027-12-31T18:00:00+01:00") from None
    return moment.isoformat().replace("+00:00", "Z")


def _check_json(name: str, value: Any) -> None:
    """No deeper and with no greater number than any version of OCPP could mean."""
    level = [value]
    for _ in range(MAX_DEPTH):
        if any(isinstance(item, int) and abs(item) >= 2**63 for item in level):
            raise invalid(name, "a number is too great")
        level = [
            item
            for holder in level
            if isinstance(holder, dict | list)
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
        if not level:
            return
    raise invalid(name, f"nested deeper than {MAX_DEPTH}")


def _check_limits(member: Parameter, value: Any) -> None:
    if member.choices and value not in member.choices:
        raise invalid(member.name, f"{value!r} is not one of {', '.join(member.choices)}")
    if member.minimum is not None and value < member.minimum:
        raise invalid(member.name, f"{value} is less than {member.minimum}")
    if member.maximum is not None and value > member.maximum:
        raise invalid(member.name, f"{value} is more than {member.maximum}")
    if member.max_length is not None and len(value) > member.max_length:
        raise invalid(member.name, f"longer than {member.max_length} characters")


BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def from_text(name: str, type_: str, text: str) -> Any:
    """A value as a command line or a table has it; items of a list of texts are divided by commas."""
    if type_ == "integer":
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            raise invalid(name, f"{text!r} is not a whole number")
        return int(text)
    if type_ == "boolean":
        if text.lower() not in BOOLEANS:
            raise invalid(name, f"{text!r} is neither true nor false")
        return BOOLEANS[text.lower()]
    if type_ == "list of texts":
        return [item.strip() for item in text.split(",") if item.strip()]
    if type_ in ("JSON object", "list of JSON objects"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise invalid(name, f"not JSON: {error}") from None
    return text


def _article(type_: str) -> str:
    return f"an {type_}" if type_[0] in "aeiou" else f"a {type_}"


def invalid(member: str, problem: str) -> Refused:
    return Refused(Reason.INVALID_PARAMETERS, f"{member}: {problem}", member=member)
