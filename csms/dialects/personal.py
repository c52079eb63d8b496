"""Personal data in stored messages: which members hold it, in any version, and how they are masked."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from csms.dialects import DIALECTS
from ocpp_core.payload import personal_fields

MASK = "•••"
# What our own events and commands call it.
OWN_MEMBERS = frozenset({"group_id_token", "id_token", "stop_id_token"})

# Members that hold JSON as text.
JSON_TEXTS = frozenset({"payload_json"})


@cache
def members() -> frozenset[str]:
    """Names of the members that hold personal data, in the messages of any version and in our own events."""
    found = set(OWN_MEMBERS)
    for dialect in DIALECTS.values():
        for action in dialect.catalogue.values():
            for payload in (action.Request, action.Response):
                found.update(path.rpartition(".")[2] for path in personal_fields(payload))
    return frozenset(found)


def masked(value: Any) -> Any:
    """The same JSON with the personal members masked."""
    if isinstance(value, dict):
        return {name: _member(name, member) for name, member in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


def _member(name: str, value: Any) -> Any:
    if name in members() and value not in (None, ""):
        return MASK
    return masked_text(value) if name in JSON_TEXTS and isinstance(value, str) else masked(value)


def masked_text(text: str) -> str:
    """The same of a JSON text. What cannot be read is masked as a whole: who knows what is in it."""
    try:
        return msgspec.json.encode(masked(msgspec.json.decode(text))).decode()
    except msgspec.DecodeError:
        return MASK
