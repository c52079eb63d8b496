"""The meter values of one transaction, as curves and as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from csms.charging.models import MeterValue, Transaction
from csms.domain.meter_values import LIVE_FIGURES, REGISTER

MAX_POINTS = 600


@dataclass(frozen=True, kw_only=True)
class Curve:
    """factor: from the stored unit to the shown one."""

    name: str
    title: str
    unit: str
    factor: float = 1.0
    decimals: int = 1


CURVES = (
    Curve(name="power_w", title="Power", unit="kW", factor=0.001),
    Curve(name="energy_wh", title="Energy", unit="kWh", factor=0.001, decimals=2),
    Curve(name="soc_percent", title="State of charge", unit="%", decimals=0),
    Curve(name="current_a", title="Current", unit="A"),
    Curve(name="voltage_v", title="Voltage", unit="V", decimals=0),
)


def samples(transaction: Transaction) -> list[MeterValue]:
    """All readings, the oldest first."""
    return list(
        MeterValue.objects.filter(
            charge_point=transaction.charge_point, transaction_id=transaction.transaction_id
        ).order_by("sampled_at", "position")
    )


def curves(transaction: Transaction) -> dict[str, list[tuple[int, float]]]:
    """Points of each curve that has any, in the shown units; at most MAX_POINTS each."""
    found: dict[str, list[tuple[int, float]]] = {curve.name: [] for curve in CURVES}
    factors = {curve.name: curve.factor for curve in CURVES}
    for sample in samples(transaction):
        at = int(sample.sampled_at.timestamp() * 1000)
        for name, value in figures_of(sample.values, transaction.meter_start_wh).items():
            found[name].append((at, round(value * factors[name], 3)))
    return {name: _thinned(points) for name, points in found.items() if points}


def figures_of(values: list[dict[str, Any]], meter_start_wh: int) -> dict[str, float]:
    """What one sample says of each curve: of phases, the sum of power and energy, the largest of others."""
    totals: dict[str, float] = {}
    phases: dict[str, list[float]] = {}
    for value in values:
        name = "register" if value["measurand"] == REGISTER else LIVE_FIGURES.get(value["measurand"])
        number = value.get("value")
        if name is None or number is None or value.get("location", "Outlet") not in ("Outlet", "EV"):
            continue
        if value.get("phase"):
            phases.setdefault(name, []).append(number)
        else:
            totals[name] = number
    for name, numbers in phases.items():
        totals.setdefault(name, sum(numbers) if name in ("register", "power_w") else max(numbers))
    register = totals.pop("register", None)
    if register is not None and register >= meter_start_wh:
        totals["energy_wh"] = register - meter_start_wh
    return totals


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Every n-th point, and the last one."""
    if len(points) <= MAX_POINTS:
        return points
    step = -(-len(points) // MAX_POINTS)
    kept = points[::step]
    return kept if kept[-1] == points[-1] else [*kept, points[-1]]
