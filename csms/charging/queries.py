"""Reading what is known of charge points, in a number of queries that does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, QuerySet

from csms.charging.models import ChargePoint, ChargePointState, ConnectorStatus, Transaction
from csms.charging.projections import RUNNING


@dataclass(slots=True)
class Live:
    """What the log says of one charge point now; state is None for one that never connected."""

    state: ChargePointState | None = None
    connectors: list[ConnectorStatus] = field(default_factory=list)
    running: list[Transaction] = field(default_factory=list)


def live_of(identities: Iterable[str]) -> dict[str, Live]:
    """Three queries, for any number of charge points."""
    found = {identity: Live() for identity in identities}
    for state in ChargePointState.objects.filter(charge_point__in=found):
        found[state.charge_point].state = state
    connectors = ConnectorStatus.objects.filter(charge_point__in=found)
    for status in connectors.order_by("charge_point", "evse", "connector"):
        found[status.charge_point].connectors.append(status)
    running = Transaction.objects.filter(charge_point__in=found, state=RUNNING)
    for transaction in running.order_by("charge_point", "started_at"):
        found[transaction.charge_point].running.append(transaction)
    return found


def connected() -> Exists:
    """For a filter of ChargePoint: it is connected now."""
    return Exists(
        ChargePointState.objects.filter(charge_point=OuterRef("identity"), connection__isnull=False)
    )


def lobby() -> QuerySet[ChargePointState]:
    """Strangers that connected and were let in as far as the lobby."""
    known = ChargePoint.objects.filter(identity=OuterRef("charge_point"))
    return ChargePointState.objects.filter(~Exists(known))
