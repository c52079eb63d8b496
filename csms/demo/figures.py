"""What the database says about this run of the demonstration."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from django.db.models import Count, Max, Q, Sum

from csms.charging.models import ChargePointState, Transaction
from csms.eventlog.event_types import FRAMES
from csms.eventlog.models import Event


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Counted from the beginning of the run, except those that say how it is now."""

    elapsed_s: float
    online: int
    running: int
    power_w: float
    transactions_finished: int
    energy_wh: float
    events: int
    messages: int

    @property
    def messages_per_s(self) -> float:
        return self.messages / self.elapsed_s if self.elapsed_s >= 1 else 0.0

    def at_work(self, then: Figures) -> Figures:
        """These totals; what only makes sense while it runs (who is online, the rate) as it was `then`."""
        return replace(self, online=then.online, messages=then.messages, elapsed_s=then.elapsed_s)


class Run:
    """One run, from the event on that is the newest when it begins."""

    def __init__(self, identities: list[str]) -> None:
        """identities: the charge points that take part."""
        self._identities = identities
        self._began_at = _newest()
        self._counted_to = self._began_at
        self._events = self._messages = 0
        self._clock = time.monotonic()

    def restart_clock(self) -> None:
        """Only the charging counts for the rate, not the way there."""
        self._clock = time.monotonic()

    def figures(self) -> Figures:
        elapsed_s = time.monotonic() - self._clock
        self._count()
        now = Transaction.objects.filter(state=Transaction.State.RUNNING).aggregate(
            n=Count("pk"), power=Sum("power_w")
        )
        # A transaction of an earlier run that ended in this one counts with all its energy.
        in_this_run = Transaction.objects.filter(
            Q(start_position__gt=self._began_at) | Q(stop_position__gt=self._began_at)
        ).aggregate(
            finished=Count("pk", filter=Q(state=Transaction.State.ENDED)),
            energy=Sum("energy_wh"),
        )
        online = ChargePointState.objects.filter(charge_point__in=self._identities, connection__isnull=False)
        return Figures(
            elapsed_s=elapsed_s,
            online=online.count(),
            running=now["n"],
            power_w=now["power"] or 0.0,
            transactions_finished=in_this_run["finished"],
            energy_wh=in_this_run["energy"] or 0.0,
            events=self._events,
            messages=self._messages,
        )

    def _count(self) -> None:
        """Only what came since the last time: the log of a long demonstration is long."""
        newest = _newest()
        found = Event.objects.filter(position__gt=self._counted_to, position__lte=newest).aggregate(
            events=Count("pk"), messages=Count("pk", filter=Q(type__in=FRAMES))
        )
        self._events += found["events"]
        self._messages += found["messages"]
        self._counted_to = newest


def _newest() -> int:
    return int(Event.objects.aggregate(newest=Max("position"))["newest"] or 0)
