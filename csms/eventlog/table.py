"""A table of the log or of a projection: rows in and out as one JSON parameter per statement.

Why JSON: a batch of any size is one statement with one parameter, in SQLite and in PostgreSQL alike.
msgspec encodes a row in a microsecond and decodes it typed; binding each column of each row costs a
driver thirty times as much (figures: README of this package).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec
from django.db import connection
from django.db.models import Model

R = TypeVar("R", bound="Row")

Statement = tuple[str, bytes]


class Row(msgspec.Struct):
    """Base of all rows; the fields are the columns of its model, id left out; always made with keywords."""


class Table(Generic[R]):
    """Where rows of one type live.

    model: the Django model that owns the table (migrations, admin, queries).
    row: the Row type; a test holds its fields against the model's columns.
    key: columns that identify a row; one unique constraint of the model.
    append: rows are only ever added, and adding one a second time changes nothing.
    keep: SQL condition for the rows that stand in memory beside a connected charge point.
    """

    def __init__(
        self,
        model: type[Model],
        row: type[R],
        *,
        key: tuple[str, ...],
        append: bool = False,
        keep: str = "",
    ) -> None:
        self.model = model
        self.row = row
        self.key = key
        self.append = append
        self.keep = keep
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

    @cached_property
    def _types(self) -> dict[str, str]:
        fields = {field.column: field for field in self.model._meta.concrete_fields}
        types = {}
        for column in self.columns:
            types[column] = fields[column].rel_db_type(connection) or ""
        return types

    @cached_property
    def upsert(self) -> str:
        """INSERT of a JSON array of rows; a row whose key is there already replaces it (or is left alone)."""
        columns = ", ".join(f'"{column}"' for column in self.columns)
        conflict = ", ".join(f'"{column}"' for column in self.key)
        changed = [column for column in self.columns if column not in self.key]
        if self.append or not changed:
            action = "NOTHING"
        else:
            action = "UPDATE SET " + ", ".join(f'"{column}" = excluded."{column}"' for column in changed)
        return f'INSERT INTO "{self.name}" ({columns}) {self._rows()} ON CONFLICT ({conflict}) DO {action}'

    @cached_property
    def insert(self) -> str:
        """INSERT of a JSON array of rows; a key that is there already is an error."""
        columns = ", ".join(f'"{column}"' for column in self.columns)
        return f'INSERT INTO "{self.name}" ({columns}) {self._rows()}'

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

    def _rows(self) -> str:
        if connection.vendor == "postgresql":
            typed = ", ".join(f'"{column}" {self._types[column]}' for column in self.columns)
            columns = ", ".join(f'r."{column}"' for column in self.columns)
            return f"SELECT {columns} FROM json_to_recordset(%s::json) AS r({typed})"
        values = ", ".join(self._write_sqlite(column) for column in self.columns)
        return f"SELECT {values} FROM json_each(%s) AS r WHERE true"

    def _write_sqlite(self, column: str) -> str:
        value = f"json_extract(r.value, '$.{column}')"
        if self._types[column] == "datetime":  # Django keeps UTC without a zone: 2026-01-31 12:00:00.5
            return f"replace(rtrim({value}, 'Z'), 'T', ' ')"
        return value

    def _read_sqlite(self, column: str) -> str:
        if self._types[column] == "datetime":
            return f"""replace("{column}", ' ', 'T') || 'Z'"""
        if "JSON_VALID" in (self.model._meta.get_field(column).db_check(connection) or ""):
            return f'json("{column}")'
        return f'"{column}"'


def one_of(column: str) -> str:
    """Condition: the column's value is one of the strings in the JSON array that is the parameter."""
    if connection.vendor == "postgresql":
        return f'"{column}" IN (SELECT json_array_elements_text(%s::json))'
    return f'"{column}" IN (SELECT value FROM json_each(%s))'


def encoded(rows: Iterable[Row]) -> bytes:
    return msgspec.json.encode(list(rows))
