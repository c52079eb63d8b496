"""Named repairs of known deviations, tried only after a payload was refused as it stands.

A rule changes the payload as plain JSON values; the payload is then decoded strictly again, so a repair
can make nothing valid that the standard forbids. The names of the rules that changed something are
stored with the frame. Which deviations charge points really show: see README of this package.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

LEAP_SECOND = re.compile(r"^(\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}):60")

Json = Any
Rule = Callable[[Json], Json]


def null_member(value: Json) -> Json:
    """A member with the value null is meant as absent."""
    if isinstance(value, dict):
        return {name: null_member(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [null_member(item) for item in value]
    return value


def leap_second(value: Json) -> Json:
    """A time in a sixtieth second, which few libraries can read, is meant as the second before."""
    if isinstance(value, str):
        return LEAP_SECOND.sub(r"\1:59", value)
    if isinstance(value, dict):
        return {name: leap_second(member) for name, member in value.items()}
    if isinstance(value, list):
        return [leap_second(item) for item in value]
    return value


def number_as_text(value: Json) -> Json:
    """`value` in a sampled value is a JSON number where 1.6 wants text."""
    if isinstance(value, dict):
        return {
            name: (_as_text(member) if name == "value" else number_as_text(member))
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [number_as_text(item) for item in value]
    return value


def _as_text(value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return repr(value)


def applied(rules: tuple[Rule, ...], payload: Json) -> tuple[Json, tuple[str, ...]] | None:
    """Apply the rules in order; None when none of them changes anything."""
    names = []
    for rule in rules:
        repaired = rule(payload)
        if repaired != payload or _retyped(payload, repaired):
            names.append(rule.__name__)
            payload = repaired
    return (payload, tuple(names)) if names else None


def _retyped(before: Json, after: Json) -> bool:
    # 1 == 1.0 == True in Python; a changed type alone is a change too.
    return repr(before) != repr(after)
