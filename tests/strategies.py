"""Hypothesis strategies: payloads of any declared type, and JSON of any shape."""

from datetime import UTC
from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from ocpp_core.payload import Payload

LEGAL = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
"""What a string of a payload may hold: anything but NUL (and lone surrogates, which are no text)."""

TIMES = st.datetimes(timezones=st.just(UTC))

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(LEGAL),
    lambda inside: (
        st.lists(inside, max_size=4) | st.dictionaries(st.text(LEGAL, max_size=8), inside, max_size=4)
    ),
    max_leaves=12,
)


@cache
def payloads(payload_type: type[Payload]) -> st.SearchStrategy[Payload]:
    """Valid instances of a payload type, optional members sometimes left out."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in inspect.type_info(payload_type).fields:  # type: ignore[attr-defined]
        fields[field.name] = _values(field.type)
    return st.builds(payload_type, **fields)


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.Metadata(type=inner, extra=extra):
            return (
                st.integers(-9999, 9999).map(lambda tenths: tenths / 10)
                if "decimals" in (extra or {})
                else _values(inner)
            )
        case inspect.UnionType(types=types):
            return st.one_of([_values(option) for option in types])
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(-(2**70), 2**70)
        case inspect.StrType(max_length=limit):
            return st.text(LEGAL, max_size=min(limit or 60, 60))
        case inspect.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case inspect.DateTimeType():
            return TIMES
        case inspect.VarTupleType(item_type=item, min_length=least):
            return st.lists(_values(item), min_size=least or 0, max_size=3).map(tuple)
        case inspect.StructType(cls=cls):
            return payloads(cls)
    raise AssertionError(f"no strategy for {kind}")
