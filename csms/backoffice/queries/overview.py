"""The figures of the first screen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from csms.backoffice.words import connector_name
from csms.charging.models import (
    ChargePoint,
    ChargePointState,
    ConnectorStatus,
    OrphanMessage,
    Transaction,
)
from csms.charging.queries import connected, lobby
from csms.eventlog import event_types as et
from csms.eventlog.models import Event
from csms.outbox.models import Command

RECENT = timedelta(hours=24)
# Problems in messages are looked for in so many of the newest events: the log has no index by type.
RECENT_EVENTS = 5000
# Of today's energy, only transactions that began this long ago are looked at: there is an index by start.
LONGEST = timedelta(days=7)
SHOWN_PROBLEMS = 8
SHOWN_RUNNING = 12
SHOWN_STRANGERS = 5

BAD_EVENTS = (
    et.CALL_REFUSED,
    et.FRAME_REJECTED,
    et.RESULT_REJECTED,
    et.ERROR_RECEIVED,
    et.CONNECTION_REFUSED,
)
ENDED = (Transaction.State.ENDED, Transaction.State.PRESUMED_ENDED)
BAD_COMMANDS = (
    Command.State.REFUSED,
    Command.State.UNANSWERED,
    Command.State.IMPOSSIBLE,
    Command.State.EXPIRED,
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that a person should look at."""

    at: datetime
    charge_point: str
    text: str
    icon: str
    position: int | None = None


@dataclass(frozen=True, kw_only=True)
class Overview:
    charge_points: int
    online: int
    connectors: list[tuple[str, int]]
    running: list[Transaction]
    running_count: int
    power_w: float
    energy_running_wh: float
    energy_today_wh: float
    ended_today: int
    problems: list[Problem]
    strangers: list[ChargePointState]
    stranger_count: int

    @property
    def offline(self) -> int:
        return self.charge_points - self.online

    @property
    def online_percent(self) -> int:
        return round(100 * self.online / self.charge_points) if self.charge_points else 0


def strangers() -> list[ChargePointState]:
    """Those in the lobby: they connected, and nobody has registered them."""
    return list(lobby().order_by("-connected_at"))


def overview() -> Overview:
    in_service = ChargePoint.objects.filter(archived_at=None)
    points = in_service.aggregate(count=Count("pk"), online=Count("pk", filter=Q(connected())))
    running = Transaction.objects.filter(state=Transaction.State.RUNNING)
    now = running.aggregate(count=Count("pk"), power=Sum("power_w"), energy=Sum("energy_wh"))
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = Transaction.objects.filter(
        started_at__gte=midnight - LONGEST, ended_at__gte=midnight, state__in=ENDED
    ).aggregate(count=Count("pk"), energy=Sum("energy_wh"))
    identities = in_service.values("identity")
    statuses = (
        ConnectorStatus.objects.filter(charge_point__in=identities, evse__gt=0)
        .values_list("status")
        .annotate(count=Count("pk"))
        .order_by("-count", "status")
    )
    unknown = strangers()
    return Overview(
        charge_points=points["count"],
        online=points["online"],
        connectors=list(statuses),
        running=list(running.order_by("-started_at")[:SHOWN_RUNNING]),
        running_count=now["count"],
        power_w=now["power"] or 0.0,
        energy_running_wh=now["energy"] or 0.0,
        energy_today_wh=(now["energy"] or 0.0) + (today["energy"] or 0.0),
        ended_today=today["count"],
        problems=problems(identities),
        strangers=unknown[:SHOWN_STRANGERS],
        stranger_count=len(unknown),
    )


def problems(identities: QuerySet[Any]) -> list[Problem]:
    """The newest first."""
    since = timezone.now() - RECENT
    found = [
        *_faults(identities),
        *_offline(identities),
        *_commands(since),
        *_transactions(since),
        *_messages(since),
    ]
    return sorted(found, key=lambda problem: problem.at, reverse=True)[:SHOWN_PROBLEMS]


def _faults(identities: QuerySet[Any]) -> Iterable[Problem]:
    rows = ConnectorStatus.objects.filter(
        Q(status="Faulted") | ~Q(error_code__in=["NoError", ""]), charge_point__in=identities
    ).order_by("-happened_at")[:SHOWN_PROBLEMS]
    for row in rows:
        details = " ".join(filter(None, [row.error_code, row.info, row.vendor_error_code]))
        yield Problem(
            at=row.happened_at,
            charge_point=row.charge_point,
            text=f"{connector_name(row.evse, row.connector)} is {row.status} {details}".strip(),
            icon="error",
            position=row.position,
        )


def _offline(identities: QuerySet[Any]) -> Iterable[Problem]:
    rows = ChargePointState.objects.filter(
        charge_point__in=identities, connection=None, disconnected_at__isnull=False
    ).order_by("-disconnected_at")[:SHOWN_PROBLEMS]
    for row in rows:
        if row.disconnected_at:
            yield Problem(
                at=row.disconnected_at, charge_point=row.charge_point, text="Went offline", icon="link_off"
            )


def _commands(since: datetime) -> Iterable[Problem]:
    rows = Command.objects.filter(
        Q(state__in=BAD_COMMANDS) | Q(effect=Command.Effect.MISSING) | Q(status="Rejected"),
        requested_at__gte=since,
    )[:SHOWN_PROBLEMS]
    for row in rows:
        what = (
            "no effect seen"
            if row.effect == Command.Effect.MISSING
            else row.status or row.get_state_display()
        )
        yield Problem(
            at=row.answered_at or row.requested_at,
            charge_point=row.charge_point,
            text=f"{row.kind}: {what}",
            icon="bolt",
            position=row.position,
        )


def _transactions(since: datetime) -> Iterable[Problem]:
    rows = Transaction.objects.exclude(anomaly="").filter(started_at__gte=since).order_by("-started_at")
    for row in rows[:SHOWN_PROBLEMS]:
        yield Problem(
            at=row.ended_at or row.started_at,
            charge_point=row.charge_point,
            text=f"Transaction {row.transaction_id}: {row.anomaly}",
            icon="receipt_long",
            position=row.stop_position or row.start_position,
        )
    for orphan in OrphanMessage.objects.filter(happened_at__gte=since).order_by("-happened_at")[
        :SHOWN_PROBLEMS
    ]:
        yield Problem(
            at=orphan.happened_at,
            charge_point=orphan.charge_point,
            text=f"A {orphan.kind} for transaction {orphan.transaction_id or '(none)'}, which nobody knows",
            icon="help",
            position=orphan.position,
        )


def _messages(since: datetime) -> Iterable[Problem]:
    newest = Event.objects.aggregate(newest=Max("position"))["newest"] or 0
    rows = Event.objects.filter(
        position__gt=newest - RECENT_EVENTS, type__in=BAD_EVENTS, recorded_at__gte=since
    ).order_by("-position")[:SHOWN_PROBLEMS]
    for row in rows:
        yield Problem(
            at=row.recorded_at,
            charge_point=row.stream,
            text=f"{row.action or 'A message'}: {row.type.replace('.', ' ')}",
            icon="sms_failed",
            position=row.position,
        )
