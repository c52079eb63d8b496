"""The base of all bodies, and the types that several resources share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import ninja
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser
from pydantic import AfterValidator, ConfigDict, Field

MAX_POSITION = 2**63 - 1


class Schema(ninja.Schema):
    """What is answered."""


class Body(ninja.Schema):
    """What is sent. A member that is not known is refused: it may be a misspelt one."""

    model_config = ConfigDict(extra="forbid")


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


# RFC 3339; without a zone it is UTC.
Moment = Annotated[datetime, AfterValidator(_aware)]
Position = Annotated[int, Field(ge=0, le=MAX_POSITION)]


class StrictParser(Parser):
    """JSON as RFC 8259 has it, and no NUL anywhere, which no database stores."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HttpError(400, f"the body is not JSON: {error}") from error
        if rb"\u0000" in request.body.lower() and _has_nul(body):
            raise HttpError(422, "the body holds a NUL character")
        return body

    def parse_querydict(self, data: Any, list_fields: list[str], request: HttpRequest) -> Any:
        if any("\0" in text for values in data.lists() for text in (values[0], *values[1])):
            raise HttpError(422, "the query holds a NUL character")
        return super().parse_querydict(data, list_fields, request)


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(item) for pair in value.items() for item in pair)
    return isinstance(value, list) and any(_has_nul(item) for item in value)
