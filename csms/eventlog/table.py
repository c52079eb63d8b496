"""A table of the log or of a projection: rows in and out in the cheapest way each database has.

PostgreSQL: a batch of any size is one statement with one JSON parameter, and so is a result; msgspec
encodes a row in a microsecond, while binding each column of each row costs the driver thirty times as
much. SQLite: rows are bound natively, which there costs less than reading JSON does; many rows are one
statement, because the interpreter's lock is given up and asked for again with each. (Figures: README.)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any, Generic, TypeVar

import msgspec
from django.db import connection
from django.db.models import JSONField, Model
from msgspec.structs import astuple

R = TypeVar("R", bound="Row")

Statement = tuple[str, tuple[Any, ...]]

# Rows in one statement, in SQLite: a few sizes, so that each is prepared once and kept.
CHUNKS = (64, 16, 4, 1)


class Row(msgspec.Struct):
    """Base of all rows; the fields are the columns of its model, id left out; always made with keywords."""


class Table(Generic[R]):
    """Where rows of one type live.

    model: the Django model that owns the table (migrations, admin, queries).
    row: the Row type; a test holds its fields against the model's columns.
    key: columns that identify a row; one unique constraint of the model.
    append: rows are only ever added, and adding one a second time changes nothing.
    keep: SQL condition for the rows that stand in memory beside a connected charge point.
    hot: columns, none of them indexed, that may change alone (`Rows.put_hot`): the indexes stay untouched.
    """

    def __init__(
        self,
        model: type[Model],
        row: type[R],
        *,
        key: tuple[str, ...],
        append: bool = False,
        keep: str = "",
        hot: tuple[str, ...] = (),
    ) -> None:
        self.model = model
        self.row = row
        self.key = key
        self.append = append
        self.keep = keep
        self.hot = hot
        self._written: dict[tuple[str, str, int], str] = {}
        self._types_of: dict[str, dict[str, str]] = {}
        self.columns = row.__struct_fields__
        self._decoder = msgspec.json.Decoder(list[row], strict=False)  # type: ignore[valid-type]

    def __repr__(self) -> str:
        return f"<Table {self.name}>"

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    def key_of(self, row: R) -> tuple[Any, ...]:
        return tuple(getattr(row, column) for column in self.key)

    def decode(self, text: str | bytes) -> list[R]:
        """Rows from what `select` gave."""
        return self._decoder.decode(text)

    @property
    def _types(self) -> dict[str, str]:
        known = self._types_of.get(connection.vendor)
        if known is None:
            fields = {field.column: field for field in self.model._meta.concrete_fields}
            known = {column: fields[column].rel_db_type(connection) or "" for column in self.columns}
            self._types_of[connection.vendor] = known
        return known

    def inserts(self, rows: Iterable[R]) -> list[Statement]:
        """Statements that add rows; a key that is there already is an error."""
        return self._statements("insert", list(rows))

    def upserts(self, rows: Iterable[R], *, only_hot: bool = False) -> list[Statement]:
        """Statements that add or replace rows. Of an append-only table, a row that is there is left alone.

        only_hot: where a row is there already, only its hot columns are written.
        The rows may be changed after the call.
        """
        return self._statements("hot" if only_hot else "upsert", list(rows))

    def _statements(self, mode: str, rows: list[R]) -> list[Statement]:
        if not rows:
            return []
        if connection.vendor == "postgresql":
            return [(self._sql(mode, 1), (msgspec.json.encode(rows),))]
        bound = self._tuples(rows)
        statements: list[Statement] = []
        start = 0
        for size in CHUNKS:
            while len(bound) - start >= size:
                values = tuple(chain.from_iterable(bound[start : start + size]))
                statements.append((self._sql(mode, size), values))
                start += size
        return statements

    def _sql(self, mode: str, size: int) -> str:
        kind = (connection.vendor, mode, size)
        known = self._written.get(kind)
        if known is None:
            known = self._written[kind] = self._insert(size) + self._on_conflict(mode)
        return known

    def _insert(self, size: int) -> str:
        columns = ", ".join(f'"{column}"' for column in self.columns)
        into = f'INSERT INTO "{self.name}" ({columns})'
        if connection.vendor != "postgresql":
            row = f"({', '.join(['%s'] * len(self.columns))})"
            return f"{into} VALUES {', '.join([row] * size)}"
        types = self._types
        typed = ", ".join(f'"{column}" {types[column]}' for column in self.columns)
        members = ", ".join(f'r."{column}"' for column in self.columns)
        return f"{into} SELECT {members} FROM json_to_recordset(%s::json) AS r({typed})"

    def _on_conflict(self, mode: str) -> str:
        if mode == "insert":
            return ""
        key = ", ".join(f'"{column}"' for column in self.key)
        changed = self.hot if mode == "hot" else [c for c in self.columns if c not in self.key]
        if self.append or not changed:
            return f" ON CONFLICT ({key}) DO NOTHING"
        changes = ", ".join(f'"{column}" = excluded."{column}"' for column in changed)
        return f" ON CONFLICT ({key}) DO UPDATE SET {changes}"

    def _tuples(self, rows: Iterable[R]) -> list[tuple[Any, ...]]:
        times, texts = self._sqlite_times, self._sqlite_texts
        moment: datetime | None = None
        moment_text = ""
        bound = []
        for row in rows:
            values = list(astuple(row))
            for index in times:
                value = values[index]
                if value is not None:
                    if value is not moment:  # all events of a batch share one object
                        moment, moment_text = value, _sqlite_time(value)
                    values[index] = moment_text
            for index in texts:
                values[index] = msgspec.json.encode(values[index]).decode()
            bound.append(tuple(values))
        return bound

    @cached_property
    def _sqlite_times(self) -> list[int]:
        return [index for index, column in enumerate(self.columns) if self._types[column] == "datetime"]

    @cached_property
    def _sqlite_texts(self) -> list[int]:
        return [index for index, column in enumerate(self.columns) if self._is_json(column)]

    def _is_json(self, column: str) -> bool:
        return isinstance(self.model._meta.get_field(column), JSONField)

    def select(self, condition: str, order: str = "") -> str:
        """One JSON array of the rows that meet `condition`, which may use parameters (`%s`).

        order: what follows the condition, for example "ORDER BY position LIMIT 10".
        """
        columns = ", ".join(f'"{column}"' for column in self.columns)
        inner = f'SELECT {columns} FROM "{self.name}" WHERE {condition} {order}'
        if connection.vendor == "postgresql":
            return f"SELECT coalesce(json_agg(t), '[]')::text FROM ({inner}) t"
        members = ", ".join(f"'{column}', {self._read_sqlite(column)}" for column in self.columns)
        return f"SELECT json_group_array(json_object({members})) FROM ({inner})"

    def _read_sqlite(self, column: str) -> str:
        if self._types[column] == "datetime":
            return f"""replace("{column}", ' ', 'T') || 'Z'"""
        if self._types[column] == "real":  # json_object keeps 15 digits of 17; char(37) is no placeholder
            return f"""CASE WHEN "{column}" IS NOT NULL THEN printf(char(37) || '!.17g', "{column}") END"""
        if self._is_json(column):
            return f'json("{column}")'
        return f'"{column}"'


def one_of(column: str) -> str:
    """Condition: the column's value is one of the strings in the JSON array that is the parameter."""
    if connection.vendor == "postgresql":
        return f'"{column}" IN (SELECT json_array_elements_text(%s::json))'
    return f'"{column}" IN (SELECT value FROM json_each(%s))'


def _sqlite_time(moment: datetime) -> str:
    """As Django keeps it: UTC without a zone, 2026-01-31 12:00:00.5."""
    return moment.isoformat(" ")[:-6]
