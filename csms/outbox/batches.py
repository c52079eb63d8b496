"""Commands from a file: every row is checked before anything is asked, and then all of it is, or nothing.

CSV: a column charge_point and a column command (its kind), and if wanted reason and expires_at; every
other column is a parameter of that name (an empty cell: not given; items of a list divided by commas).

JSON: a list of objects with charge_point, kind, and if wanted parameters, reason and expires_at.

expires_at is a time like 2027-12-31T18:00:00+01:00 (without zone: UTC).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from csms.domain import commands
from csms.domain.errors import Refused
from csms.outbox.request import Asked, Wish, WishesRefused, request_all
from csms.spreadsheet import SheetError, read, read_text

OWN_COLUMNS = ("charge_point", "command", "reason", "expires_at")


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    charge_point: str
    kind: str
    parameters: dict[str, Any] = {}
    reason: str = ""
    expires_at: str = ""


Place = str
Build = Callable[[], commands.Command]


def request_from(path: Path, *, actor: str) -> list[tuple[Wish, Asked]]:
    """Ask everything that the file says. Raises SheetError with the errors of all rows."""
    entries = _json_entries(path) if path.suffix.lower() == ".json" else _csv_entries(path)
    wishes: list[Wish] = []
    errors: list[str] = []
    for place, entry, build in entries:
        try:
            wish = Wish(
                charge_point=entry.charge_point,
                command=build(),
                reason=entry.reason,
                expires_at=_moment(entry.expires_at),
            )
            wishes.append(wish)
        except Refused as refused:
            errors.append(f"{place}: {refused.detail}")
        except ValueError as error:
            errors.append(f"{place}: {error}")
    if errors:
        raise SheetError(*errors)
    try:
        asked = request_all(wishes, actor=actor)
    except WishesRefused as refused:
        places = [place for place, _, _ in entries]
        raise SheetError(*(f"{places[n]}: {r}" for n, r in sorted(refused.refusals.items()))) from refused
    return list(zip(wishes, asked, strict=True))


def _csv_entries(path: Path) -> list[tuple[Place, Entry, Build]]:
    entries = []
    for row in read(path, required=("charge_point", "command")).rows:
        entry = Entry(
            charge_point=row.cells["charge_point"],
            kind=row.cells["command"],
            reason=row.cells.get("reason", ""),
            expires_at=row.cells.get("expires_at", ""),
        )
        given = {name: cell for name, cell in row.cells.items() if name not in OWN_COLUMNS and cell}
        build = _deferred(commands.build_from_texts, entry.kind, given)
        entries.append((f"line {row.line}", entry, build))
    return entries


def _json_entries(path: Path) -> list[tuple[Place, Entry, Build]]:
    try:
        items = msgspec.json.decode(read_text(path))
    except msgspec.DecodeError as error:
        raise SheetError(f"not JSON: {error}") from error
    if not isinstance(items, list):
        raise SheetError("not a list of commands")
    entries: list[tuple[Place, Entry, Build]] = []
    errors = []
    for number, item in enumerate(items, start=1):
        try:
            entry = msgspec.convert(item, Entry)
        except msgspec.ValidationError as error:
            errors.append(f"item {number}: {error}")
            continue
        entries.append((f"item {number}", entry, _deferred(commands.build, entry.kind, entry.parameters)))
    if errors:
        raise SheetError(*errors)
    return entries


def _deferred(
    build: Callable[[str, dict[str, Any]], commands.Command], kind: str, given: dict[str, Any]
) -> Build:
    return lambda: build(kind, given)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"expires_at: {text!r} is not a time like 2027-12-31T18:00:00+01:00") from None
