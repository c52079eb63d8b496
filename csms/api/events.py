"""The log as a feed."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Query, Router

from csms.api.authentication import caller, requires
from csms.api.errors import not_found
from csms.api.paging import MAX_LIMIT, StrictQuery
from csms.api.schema import MAX_POSITION, Position, Schema
from csms.api.scopes import Scope
from csms.dialects.personal import masked_text
from csms.eventlog import feed, store
from csms.eventlog.state import Recorded

router = Router(tags=["events"])


class EventOut(Schema):
    """payload: the frame as it was on the wire, or JSON of our own.

    Without the scope personal, id tokens in it are masked.
    """

    position: int
    charge_point: str
    stream_version: int
    type: str
    action: str
    message_id: str
    payload: str
    repairs: list[str]
    cause: int | None = Field(description="Position of the event that led to it.")
    connection: int | None
    actor: str
    recorded_at: datetime
    happened_at: datetime | None


class EventQuery(StrictQuery):
    after: Position = Field(0, description="`after` of the page before; 0 is the beginning.")
    limit: int = Field(100, ge=1, le=MAX_LIMIT)
    charge_point: str = ""
    type: list[str] = Field([], max_length=30, description="May be given several times.")
    action: list[str] = Field([], max_length=30, description="May be given several times.")


class EventPage(Schema):
    """A page may hold fewer events than asked for, even none, before the end: go on with `after`."""

    items: list[EventOut]
    after: int = Field(description="Where to go on.")
    is_at_end: bool = Field(description="There is nothing more at this moment.")


@router.get("", response=EventPage, auth=requires(Scope.READ), summary="Read the event feed")
def events(request: HttpRequest, query: Query[EventQuery]):
    """In order of position. A reader that goes on from `after` sees every event exactly once."""
    found = feed.page(
        query.after,
        limit=query.limit,
        stream=query.charge_point,
        types=tuple(query.type),
        actions=tuple(query.action),
    )
    sees = caller(request).sees_persons
    return EventPage(
        items=[event_out(event, sees) for event in found.events],
        after=found.after,
        is_at_end=found.is_at_end,
    )


@router.get("/{int:position}", response=EventOut, auth=requires(Scope.READ), summary="Get an event")
def event(request: HttpRequest, position: int):
    found = store.read_at([position]) if position <= MAX_POSITION else {}
    if position not in found:
        raise not_found(f"event {position}")
    return event_out(found[position], caller(request).sees_persons)


def event_out(event: Recorded, sees_persons: bool) -> EventOut:
    return EventOut(
        position=event.position,
        charge_point=event.stream,
        stream_version=event.stream_version,
        type=event.type,
        action=event.action,
        message_id=event.message_id,
        payload=event.payload if sees_persons else masked_text(event.payload),
        repairs=event.repairs.split(",") if event.repairs else [],
        cause=event.cause,
        connection=event.connection,
        actor=event.actor,
        recorded_at=event.recorded_at,
        happened_at=event.happened_at,
    )
