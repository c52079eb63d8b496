"""Pages by cursor: the place after the last item, so that nothing moves when rows are added in front.

A cursor is opaque to clients: the ordering values of the last item, as base64 of JSON.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Generic, Self, TypeVar

import msgspec
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from ninja import Field
from pydantic import ValidationInfo, model_validator

from csms.api.errors import invalid
from csms.api.schema import Schema

T = TypeVar("T")
M = TypeVar("M", bound=Model)

MAX_LIMIT = 1000


class StrictQuery(Schema):
    """A query parameter that is not known is refused: it may be a misspelt filter."""

    @model_validator(mode="after")
    def _knows_all(self, info: ValidationInfo) -> Self:
        request = (info.context or {}).get("request")
        unknown = sorted(set(request.GET) - set(type(self).model_fields)) if request else []
        if unknown:
            raise ValueError(f"there is no parameter {unknown[0]}")
        return self


class PageQuery(StrictQuery):
    """Filters of a list extend it."""

    cursor: str = Field("", max_length=2000, description="`next` of the page before.")
    limit: int = Field(100, ge=1, le=MAX_LIMIT, description="Items on one page at most.")


class Page(Schema, Generic[T]):
    items: list[T]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


def page(queryset: QuerySet[M], order: tuple[str, ...], query: PageQuery) -> tuple[list[M], str | None]:
    """One page of a queryset, and the cursor of the next.

    order: names of columns that together identify a row, "-" in front for falling ones.
    """
    if query.cursor:
        queryset = queryset.filter(_after(queryset.model, order, query.cursor))
    found = list(queryset.order_by(*order)[: query.limit + 1])
    if len(found) <= query.limit:
        return found, None
    found = found[: query.limit]
    return found, encoded([getattr(found[-1], name.removeprefix("-")) for name in order])


def encoded(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def _decoded(model: type[Model], order: tuple[str, ...], cursor: str) -> list[Any]:
    try:
        values = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(order):
            raise ValueError(values)
        fields = [model._meta.get_field(name.removeprefix("-")) for name in order]
        read = [field.to_python(value) for field, value in zip(fields, values, strict=True)]  # type: ignore[union-attr]
    except (binascii.Error, msgspec.DecodeError, ValidationError, ValueError, TypeError) as error:
        raise invalid("cursor", "not one that this list gave") from error
    if None in read:
        raise invalid("cursor", "not one that this list gave")
    return read


def _after(model: type[Model], order: tuple[str, ...], cursor: str) -> Q:
    """Rows after the cursor: (a > x) or (a = x and b > y) ..., with a >= x in front for the index."""
    values = _decoded(model, order, cursor)
    condition = Q()
    equal = Q()
    for name, value in zip(order, values, strict=True):
        column, comparison = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        condition |= equal & Q(**{f"{column}__{comparison}": value})
        equal &= Q(**{column: value})
    first = order[0]
    bound = f"{first[1:]}__lte" if first.startswith("-") else f"{first}__gte"
    return Q(**{bound: values[0]}) & condition
