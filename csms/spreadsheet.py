"""CSV as spreadsheets write it, read with line numbers, so that every error names its place."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 100 * 1024 * 1024
MAX_ERRORS_SHOWN = 20


class SheetError(Exception):
    """errors: one sentence each, with its line."""

    def __init__(self, *errors: str) -> None:
        shown = list(errors[:MAX_ERRORS_SHOWN])
        if len(errors) > len(shown):
            shown.append(f"... and {len(errors) - len(shown)} more")
        super().__init__("\n".join(shown))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class SheetRow:
    """line: in the file, from 1. cells: by column, without space around."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    columns: tuple[str, ...]
    rows: list[SheetRow]


def read(path: Path, *, required: Collection[str], allowed: Collection[str] | None = None) -> Sheet:
    """Read a file: UTF-8, columns divided by comma, semicolon or tab, names of columns in the first line.

    allowed: further columns; None: any. Empty lines are skipped. Raises SheetError with all errors.
    """
    text = read_text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = tuple(name.strip() for name in next(reader, []))
        _check_columns(columns, required, allowed)
        rows, errors = [], []
        line = 1
        for cells in reader:
            start, line = line + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(columns):
                errors.append(f"line {start}: {len(cells)} cells, but {len(columns)} columns")
                continue
            named = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
            rows.append(SheetRow(start, named))
    except csv.Error as error:
        raise SheetError(f"line {reader.line_num}: not CSV: {error}") from error
    if errors:
        raise SheetError(*errors)
    return Sheet(columns, rows)


def read_text(path: Path) -> str:
    """The text of a file, which has to be UTF-8. Raises SheetError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SheetError(f"{path}: larger than {MAX_BYTES // 1024 // 1024} MB")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SheetError(f"line {line}: not UTF-8: save the file as CSV UTF-8") from error
    if "\0" in text:
        raise SheetError(f"line {text[: text.index(chr(0))].count(chr(10)) + 1}: holds a NUL character")
    return text


def _check_columns(
    columns: tuple[str, ...], required: Collection[str], allowed: Collection[str] | None
) -> None:
    if missing := [name for name in required if name not in columns]:
        raise SheetError(f"line 1: there is no column {', '.join(missing)}")
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise SheetError(f"line 1: more than one column {', '.join(map(repr, twice))}")
    if allowed is None:
        return
    if unknown := [name for name in columns if name not in {*required, *allowed}]:
        raise SheetError(f"line 1: column {unknown[0]!r} is not one of {', '.join([*required, *allowed])}")
