"""Reading meter values: base units, defaults, and which reading is the energy register."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from csms.domain.facts import MeterSample, SampledValue

REGISTER = "Energy.Active.Import.Register"

# Unit as sent -> base unit and factor. A unit that is not here is kept as it is.
BASE_UNITS: dict[str, tuple[str, float]] = {
    "Wh": ("Wh", 1.0),
    "kWh": ("Wh", 1000.0),
    "varh": ("varh", 1.0),
    "kvarh": ("varh", 1000.0),
    "W": ("W", 1.0),
    "kW": ("W", 1000.0),
    "VA": ("VA", 1.0),
    "kVA": ("VA", 1000.0),
    "var": ("var", 1.0),
    "kvar": ("var", 1000.0),
    "A": ("A", 1.0),
    "V": ("V", 1.0),
    "Percent": ("Percent", 1.0),
    "Celcius": ("Celsius", 1.0),
    "Celsius": ("Celsius", 1.0),
}

# The unit that is meant when none is given (1.6 7.45 says Wh for energy; the others are base units).
DEFAULT_UNITS: tuple[tuple[str, str], ...] = (
    ("Energy.Reactive", "varh"),
    ("Energy", "Wh"),
    ("Power.Reactive", "var"),
    ("Power.Factor", ""),
    ("Power", "W"),
    ("Current", "A"),
    ("Voltage", "V"),
    ("Temperature", "Celsius"),
    ("SoC", "Percent"),
    ("Frequency", "Hz"),
    ("RPM", "rpm"),
)

# What a transaction shows of its latest sample: measurand -> the name it is kept under.
LIVE_FIGURES = {
    "Power.Active.Import": "power_w",
    "SoC": "soc_percent",
    "Current.Import": "current_a",
    "Voltage": "voltage_v",
}


def normalised(
    measurand: str, raw: str, raw_unit: str, context: str, phase: str, location: str, format_: str
) -> SampledValue:
    """One reading in base units. A value that is not a finite number is kept as text only."""
    if raw_unit:
        unit, factor = BASE_UNITS.get(raw_unit) or (raw_unit, 1.0)
    else:
        unit, factor = default_unit(measurand), 1.0
    value = None if format_ == "SignedData" else _number(raw, factor)
    return SampledValue(measurand, value, unit, context, phase, location, format_, raw, raw_unit)


@cache
def default_unit(measurand: str) -> str:
    """The unit that is meant when none is given."""
    for prefix, unit in DEFAULT_UNITS:
        if measurand.startswith(prefix):
            return unit
    return ""


def _number(raw: str, factor: float) -> float | None:
    try:
        value = float(raw) * factor
    except ValueError:
        return None
    return round(value, 6) if -1e15 < value < 1e15 else None


def register_wh(sample: MeterSample) -> float | None:
    """The energy register in a sample, in Wh: the total, or the sum of phases where only they are given."""
    phases = []
    for value in sample.values:
        if value.measurand == REGISTER and value.location == "Outlet" and value.value is not None:
            if not value.phase:
                return value.value
            phases.append(value.value)
    return sum(phases) if phases else None


def live_figures(values: Iterable[SampledValue]) -> dict[str, float]:
    """The figures that a screen shows of a sample: power, state of charge, current, voltage.

    A total wins; of phases, power is their sum and current and voltage the largest.
    """
    figures: dict[str, float] = {}
    totals: set[str] = set()
    for value in values:
        name = LIVE_FIGURES.get(value.measurand)
        if name is None or value.value is None or value.location not in ("Outlet", "EV"):
            continue
        if not value.phase:
            figures[name] = value.value
            totals.add(name)
        elif name not in totals:
            before = figures.get(name)
            if before is None:
                figures[name] = value.value
            else:
                figures[name] = before + value.value if name == "power_w" else max(before, value.value)
    return figures
