"""The events of one charge point for reading: a call and its answer are one entry."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from csms.backoffice import personal, words
from csms.eventlog import event_types as et
from csms.eventlog.models import Event

PAGE = 40
# Answers are looked for so far above the newest entry of a page; a call is answered or expires before.
ANSWERS_WITHIN = 500
SUMMARY_MEMBERS = 4
SUMMARY_LENGTH = 120

ANSWERS = frozenset(
    {
        et.CALL_ANSWERED,
        et.CALL_REFUSED,
        et.RESULT_RECEIVED,
        et.ERROR_RECEIVED,
        et.RESULT_REJECTED,
        et.CALL_EXPIRED,
    }
)
REFUSALS = frozenset({et.CALL_REFUSED, et.ERROR_RECEIVED, et.RESULT_REJECTED, et.CALL_EXPIRED})

KINDS: dict[str, tuple[str, frozenset[str]]] = {
    "received": (
        "From the charge point",
        frozenset({et.CALL_RECEIVED, et.FRAME_REJECTED, et.ANSWER_UNEXPECTED}),
    ),
    "sent": ("To the charge point", frozenset({et.CALL_SENT})),
    "commands": (
        "Commands",
        frozenset({et.COMMAND_REQUESTED, et.COMMAND_CANCELLED, et.COMMAND_EXPIRED, et.COMMAND_IMPOSSIBLE}),
    ),
    "connections": (
        "Connections",
        frozenset({et.CONNECTION_OPENED, et.CONNECTION_CLOSED, et.CONNECTION_REFUSED}),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line: an event, and its answer when it is a call that has one."""

    event: Event
    answer: Event | None
    sees_personal: bool

    @property
    def version(self) -> int:
        return self.event.stream_version

    @property
    def direction(self) -> str:
        if self.event.type in (et.CALL_RECEIVED, et.FRAME_REJECTED, et.ANSWER_UNEXPECTED):
            return "in"
        return "out" if self.event.type == et.CALL_SENT else ""

    @property
    def is_pending(self) -> bool:
        """A call of ours that is still to be answered."""
        return self.event.type == et.CALL_SENT and self.answer is None

    @property
    def words(self) -> words.EventWords | None:
        return words.EVENTS.get(self.event.type)

    @property
    def title(self) -> str:
        if self.event.type == et.COMMAND_REQUESTED:
            return f"Asked: {find(content_of(self.event), 'kind')}"
        return self.event.action or (self.words.title if self.words else self.event.type)

    @property
    def latency_ms(self) -> float | None:
        """Only of our calls: a call of the charge point and our answer are recorded in one moment."""
        if self.answer is None or self.event.type != et.CALL_SENT or self.answer.type == et.CALL_EXPIRED:
            return None
        return (self.answer.recorded_at - self.event.recorded_at).total_seconds() * 1000

    @property
    def verdict(self) -> tuple[str, str]:
        """The answer in one word, and its tone; empty words when there is nothing to say."""
        if self.is_pending:
            return "waiting", words.WAIT
        if self.answer is None:
            return "", words.PLAIN
        if self.answer.type == et.CALL_EXPIRED:
            return "no answer", words.BAD
        body = frame_of(self.answer.payload)
        if self.answer.type in REFUSALS:
            code = (
                body[2]
                if isinstance(body, list) and len(body) > 2 and isinstance(body[2], str)
                else "unreadable"
            )
            return code, words.BAD
        status = find(content_of(self.answer), "status")
        if not isinstance(status, str):
            return "", words.PLAIN
        return status, words.ANSWER_TONES.get(status, words.PLAIN)

    @property
    def request_json(self) -> str:
        return self._shown(self.event)

    @property
    def answer_json(self) -> str:
        return "" if self.answer is None or self.answer.type == et.CALL_EXPIRED else self._shown(self.answer)

    @property
    def summary(self) -> str:
        """The most telling members in one line."""
        content = content_of(self.event)
        if not isinstance(content, dict):
            return ""
        content = content if self.sees_personal else personal.masked(content)
        told = scalars(content) if self.event.type in et.FRAMES else scalars(_told(content))
        parts = [f"{name} {value}" for name, value in told][:SUMMARY_MEMBERS]
        parts += list(readings(content))[: SUMMARY_MEMBERS - 1]
        return " · ".join(parts)[:SUMMARY_LENGTH]

    def _shown(self, event: Event) -> str:
        content = content_of(event)
        if content is None:  # not JSON: an unreadable frame, shown as it came
            return event.payload if self.sees_personal else personal.MASK
        return json.dumps(
            content if self.sees_personal else personal.masked(content), indent=2, ensure_ascii=False
        )


@dataclass(frozen=True, kw_only=True)
class Page:
    """Entries, the newest first, and where the older ones begin."""

    entries: list[Entry]
    older: int | None

    @property
    def newest(self) -> int:
        return self.entries[0].version if self.entries else 0


def page(
    stream: str,
    *,
    before: int | None = None,
    after: int | None = None,
    kind: str = "",
    hidden: str = "",
    sees_personal: bool,
    size: int = PAGE,
) -> Page:
    """Two queries. before, after: stream versions, not included. kind: of KINDS, or "". hidden: an action."""
    events = Event.objects.filter(stream=stream)
    events = events.filter(type__in=KINDS[kind][1]) if kind in KINDS else events.exclude(type__in=ANSWERS)
    if hidden:
        events = events.exclude(action=hidden)
    if before is not None:
        events = events.filter(stream_version__lt=before)
    if after is not None:
        events = events.filter(stream_version__gt=after)
    found = list(events.order_by("-stream_version")[: size + 1])
    has_older = len(found) > size and after is None
    found = found[:size]
    return Page(
        entries=_entries(stream, found, sees_personal),
        older=found[-1].stream_version if has_older else None,
    )


def entry(stream: str, position: int, *, sees_personal: bool) -> Entry | None:
    """One entry again, with the answer that came meanwhile."""
    event = Event.objects.filter(stream=stream, position=position).first()
    return None if event is None else _entries(stream, [event], sees_personal)[0]


def page_around(stream: str, position: int) -> int | None:
    """The `before` of the page that begins with this event (or the call that it answers)."""
    event = Event.objects.filter(stream=stream, position=position).first()
    if event is None:
        return None
    if event.type in ANSWERS and event.cause is not None:
        event = Event.objects.filter(stream=stream, position=event.cause).first() or event
    return event.stream_version + 1


def _entries(stream: str, events: list[Event], sees_personal: bool) -> list[Entry]:
    answers = {answer.cause: answer for answer in _answers(stream, events)}
    return [Entry(event=event, answer=answers.get(event.pk), sees_personal=sees_personal) for event in events]


def _answers(stream: str, events: list[Event]) -> QuerySet[Event]:
    calls = [event for event in events if event.type in (et.CALL_RECEIVED, et.CALL_SENT)]
    if not calls:
        return Event.objects.none()
    versions = [event.stream_version for event in calls]
    return Event.objects.filter(
        stream=stream,
        stream_version__gt=min(versions),
        stream_version__lte=max(versions) + ANSWERS_WITHIN,
        type__in=ANSWERS,
        cause__in=[event.pk for event in calls],
    ).order_by("stream_version")


# Of our own events, what is only there for programs, or stands in the title.
UNTOLD = frozenset({"command_id", "kind", "idempotency_key", "expires_at", "gateway"})


def _told(content: dict[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in content.items() if name not in UNTOLD}


# ---- reading payloads without knowing their version


def frame_of(payload: str) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return None


def content_of(event: Event) -> Any:
    """What an event holds: the payload of a frame, or the object; None when it is not JSON."""
    body = frame_of(event.payload)
    if event.type in et.FRAMES and isinstance(body, list) and body and isinstance(body[-1], dict):
        return body[-1] if event.type not in REFUSALS else body
    return body


def find(content: Any, name: str) -> Any:
    """The first member of this name, the outermost first."""
    if isinstance(content, dict):
        if name in content:
            return content[name]
        for member in content.values():
            if (found := find(member, name)) is not None:
                return found
    return None


def scalars(content: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from scalars(value)
        elif (
            not isinstance(value, list) and value not in (None, "") and not name.lower().endswith("timestamp")
        ):
            yield name, value


def readings(content: Any) -> Iterable[str]:
    """Whatever has a value, with its unit."""
    if isinstance(content, list):
        for item in content:
            yield from readings(item)
    elif isinstance(content, dict):
        if isinstance(content.get("value"), str | int | float) and "measurand" in content:
            yield f"{content['value']} {content.get('unit', '')}".strip()
        else:
            for member in content.values():
                if isinstance(member, list):
                    yield from readings(member)
