"""One charge point, and what the list shows of many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from csms.charging.models import ChargePoint, ChargePointState, ConnectorStatus, Transaction
from csms.charging.queries import live_of
from csms.eventlog.models import Event


@dataclass(frozen=True, kw_only=True)
class Connector:
    """A connector as it stands, with the transaction that runs on it."""

    status: ConnectorStatus
    transaction: Transaction | None


@dataclass(frozen=True, kw_only=True)
class Now:
    """A charge point as it stands.

    charge_point is None in the lobby, state is None before the first connection.
    """

    identity: str
    charge_point: ChargePoint | None
    state: ChargePointState | None
    whole: ConnectorStatus | None
    connectors: list[Connector]
    running: list[Transaction]

    @property
    def is_online(self) -> bool:
        return self.state is not None and self.state.connection is not None

    @property
    def name(self) -> str:
        return self.charge_point.name if self.charge_point and self.charge_point.name else self.identity


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a line of the list shows beside the registration."""

    state: ChargePointState | None
    connectors: list[ConnectorStatus]
    last_event_at: datetime | None

    @property
    def is_online(self) -> bool:
        return self.state is not None and self.state.connection is not None


def now(identity: str) -> Now | None:
    """None when nobody registered it and it never connected. Four queries."""
    charge_point = ChargePoint.objects.select_related("site").filter(identity=identity).first()
    live = live_of([identity])[identity]
    if charge_point is None and live.state is None:
        return None
    at = {(transaction.evse, transaction.connector): transaction for transaction in live.running}
    return Now(
        identity=identity,
        charge_point=charge_point,
        state=live.state,
        whole=next((status for status in live.connectors if not status.evse), None),
        connectors=[
            Connector(status=status, transaction=at.get((status.evse, status.connector)))
            for status in live.connectors
            if status.evse
        ],
        running=live.running,
    )


def summaries(identities: Iterable[str]) -> dict[str, Summary]:
    """The lines of the list. Two queries, however many there are."""
    identities = list(identities)
    newest = Event.objects.filter(stream=OuterRef("charge_point")).order_by("-stream_version")
    states = {
        state.charge_point: state
        for state in ChargePointState.objects.filter(charge_point__in=identities).annotate(
            last_event_at=Subquery(newest.values("recorded_at")[:1])
        )
    }
    connectors: dict[str, list[ConnectorStatus]] = {}
    for status in ConnectorStatus.objects.filter(charge_point__in=identities, evse__gt=0).order_by(
        "evse", "connector"
    ):
        connectors.setdefault(status.charge_point, []).append(status)
    return {
        identity: Summary(
            state=states.get(identity),
            connectors=connectors.get(identity, []),
            last_event_at=getattr(states.get(identity), "last_event_at", None),
        )
        for identity in identities
    }
