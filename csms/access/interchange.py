"""Id tokens in and out as CSV: all of a file or nothing of it.

Columns (only id_token is needed; what has no column keeps its value, or gets the default when it is new):

id_token          as the reader sends it: up to 20 printable ASCII characters, in upper or lower case
holder            whose it is
parent            id token of its group; the group is made when there is none
blocked           yes or no (empty: no)
expires_at        2027-12-31, or 2027-12-31T18:00:00+01:00 (without zone: UTC); empty: never
max_transactions  how many may run at once; "any" for any number (empty: 1)
note              anything
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from django.core.exceptions import ValidationError
from django.db import transaction

from csms.access.enrolment import announce_change
from csms.access.models import IdToken, IdTokenGroup
from csms.domain.authorization import folded
from csms.spreadsheet import Sheet, SheetError, read

OPTIONAL = ("holder", "parent", "blocked", "expires_at", "max_transactions", "note")
COLUMNS = ("id_token", *OPTIONAL)

BOOLEANS = {"": False, "no": False, "false": False, "0": False, "yes": True, "true": True, "1": True}
BATCH = 1000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    new: int
    changed: int


def import_from(path: Path, progress: Progress = lambda done, total: None) -> Imported:
    """Enrol or change every id token of the file. Raises SheetError with all errors; then nothing changed.

    progress: called with rows done and rows in all.
    """
    sheet = read(path, required=("id_token",), allowed=OPTIONAL)
    tokens = _tokens(sheet)
    with transaction.atomic():
        groups = _groups({parent for _, parent in tokens if parent})
        known = _known([token.folded for token, _ in tokens])
        for start in range(0, len(tokens), BATCH):
            batch = tokens[start : start + BATCH]
            for token, parent in batch:
                token.group = groups.get(parent)
            _write([token for token, _ in batch], sheet.columns)
            progress(start + len(batch), len(tokens))
        announce_change()
    return Imported(new=len(tokens) - known, changed=known)


def export_to(file: TextIO, progress: Progress = lambda done, total: None) -> int:
    """Write all id tokens, in a form that import_from reads. Returns how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    found = IdToken.objects.select_related("group").order_by("folded")
    total = found.count()
    done = 0
    for done, token in enumerate(found.iterator(chunk_size=BATCH), start=1):
        writer.writerow(_cells(token))
        progress(done, total)
    return done


def _cells(token: IdToken) -> Iterator[str]:
    yield token.id_token
    yield token.holder
    yield token.group.parent if token.group else ""
    yield "yes" if token.blocked else "no"
    yield token.expires_at.isoformat() if token.expires_at else ""
    yield "any" if token.max_transactions is None else str(token.max_transactions)
    yield token.note


def _tokens(sheet: Sheet) -> list[tuple[IdToken, str]]:
    """Each row as a token and the id token of its group. Raises SheetError with the errors of all rows."""
    errors: list[str] = []
    tokens: list[tuple[IdToken, str]] = []
    lines: dict[str, int] = {}
    for row in sheet.rows:
        found: list[str] = []
        fields: dict[str, Any] = {}
        for column, cell in row.cells.items():
            try:
                fields[column] = READERS.get(column, str)(cell)
            except ValueError as error:
                found.append(f"{column}: {error}")
        parent = fields.pop("parent", "")
        token = IdToken(**fields, folded=folded(row.cells["id_token"]))
        found += _invalid(token, parent)
        if (earlier := lines.setdefault(token.folded, row.line)) != row.line:
            found.append(f"id_token: {token.id_token!r} stands in line {earlier} already")
        errors += [f"line {row.line}: {error}" for error in found]
        tokens.append((token, parent))
    if errors:
        raise SheetError(*errors)
    return tokens


def _invalid(token: IdToken, parent: str) -> list[str]:
    errors = []
    try:
        token.clean_fields(exclude={"group", "folded"})
    except ValidationError as error:
        errors += [f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()]
    if parent:
        try:
            IdTokenGroup(parent=parent).clean_fields()
        except ValidationError as error:
            errors.append(f"parent: {' '.join(error.messages)}")
    return errors


def _blocked(cell: str) -> bool:
    if cell.lower() not in BOOLEANS:
        raise ValueError(f"{cell!r} is neither yes nor no")
    return BOOLEANS[cell.lower()]


def _expires_at(cell: str) -> datetime | None:
    if not cell:
        return None
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError(f"{cell!r} is not a time like 2027-12-31T18:00:00+01:00") from None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{cell!r} is beyond the calendar") from None


def _max_transactions(cell: str) -> int | None:
    if cell.lower() == "any":
        return None
    if not cell:
        return 1
    if not (cell.isascii() and cell.isdigit() and int(cell[:6]) <= 32767 and len(cell) <= 5):
        raise ValueError(f"{cell!r} is neither a number from 0 to 32767 nor 'any'")
    return int(cell)


READERS: dict[str, Callable[[str], Any]] = {
    "blocked": _blocked,
    "expires_at": _expires_at,
    "max_transactions": _max_transactions,
}


def _groups(parents: set[str]) -> dict[str, IdTokenGroup]:
    IdTokenGroup.objects.bulk_create(
        [IdTokenGroup(parent=parent) for parent in sorted(parents)], ignore_conflicts=True, batch_size=BATCH
    )
    found: dict[str, IdTokenGroup] = {}
    wanted = sorted(parents)
    for start in range(0, len(wanted), BATCH):
        found |= {
            group.parent: group
            for group in IdTokenGroup.objects.filter(parent__in=wanted[start : start + BATCH])
        }
    return found


def _known(tokens: list[str]) -> int:
    return sum(
        IdToken.objects.filter(folded__in=tokens[start : start + BATCH]).count()
        for start in range(0, len(tokens), BATCH)
    )


def _write(tokens: list[IdToken], columns: tuple[str, ...]) -> None:
    changed = ["group" if column == "parent" else column for column in columns]
    IdToken.objects.bulk_create(
        tokens, update_conflicts=True, unique_fields=["folded"], update_fields=changed, batch_size=BATCH
    )
