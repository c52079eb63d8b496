"""Meter values: what is measured, when, and how it is put into OCPP's words (1.6 3.16 and 4.7)."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from chargepoint_sim import hardware
from chargepoint_sim.hardware import Reading, Socket
from chargepoint_sim.models import Habit
from chargepoint_sim.v16 import configuration, delivery
from chargepoint_sim.v16.state import ChargePointState, Connector, Sample
from chargepoint_sim.v16.turn import Turn
from ocpp_core.payload import encode
from ocpp_core.v16 import core
from ocpp_core.v16.types import (
    Location,
    Measurand,
    MeterValue,
    Phase,
    ReadingContext,
    SampledValue,
    UnitOfMeasure,
)

LINES = (Phase.L1, Phase.L2, Phase.L3)
LINES_TO_NEUTRAL = (Phase.L1_N, Phase.L2_N, Phase.L3_N)


class Quantity(NamedTuple):
    """How to read a measurand; `phases` names the lines when there is a value for each."""

    unit: UnitOfMeasure | None
    values: Callable[[Reading], tuple[float, ...]]
    phases: tuple[Phase, ...] = ()
    decimals: int = 1
    location: Location = Location.OUTLET


def _offered_current(reading: Reading) -> tuple[float, ...]:
    in_use = max(1, sum(1 for current in reading.currents_a if current > 0) or len(reading.voltages_v))
    voltage = reading.voltages_v[0] or 400.0
    return (reading.offered_w / in_use / voltage,)


QUANTITIES: dict[Measurand, Quantity] = {
    Measurand.ENERGY_ACTIVE_IMPORT_REGISTER: Quantity(UnitOfMeasure.WH, lambda r: (r.energy_wh,)),
    Measurand.POWER_ACTIVE_IMPORT: Quantity(UnitOfMeasure.W, lambda r: (r.power_w,)),
    Measurand.POWER_OFFERED: Quantity(UnitOfMeasure.W, lambda r: (r.offered_w,)),
    Measurand.POWER_FACTOR: Quantity(None, lambda r: (1.0,), decimals=2),
    Measurand.CURRENT_IMPORT: Quantity(UnitOfMeasure.A, lambda r: r.currents_a, LINES, 2),
    Measurand.CURRENT_OFFERED: Quantity(UnitOfMeasure.A, _offered_current, decimals=2),
    Measurand.VOLTAGE: Quantity(UnitOfMeasure.V, lambda r: r.voltages_v, LINES_TO_NEUTRAL),
    Measurand.FREQUENCY: Quantity(None, lambda r: (r.frequency_hz,), decimals=2),
    Measurand.TEMPERATURE: Quantity(
        UnitOfMeasure.CELCIUS, lambda r: (r.temperature_c,), location=Location.BODY
    ),
    Measurand.SOC: Quantity(
        UnitOfMeasure.PERCENT,
        lambda r: () if r.state_of_charge is None else (100 * r.state_of_charge,),
        location=Location.EV,
    ),
}

KILO: dict[UnitOfMeasure | None, UnitOfMeasure] = {
    UnitOfMeasure.WH: UnitOfMeasure.KWH,
    UnitOfMeasure.W: UnitOfMeasure.KW,
}


def parse_item(item: str) -> tuple[Measurand, Phase | None] | None:
    """An item of a measurand list: a measurand, maybe with a dot and a phase; None when it is neither."""
    try:
        return Measurand(item), None
    except ValueError:
        pass
    name, _, phase = item.rpartition(".")
    try:
        return Measurand(name), Phase(phase)
    except ValueError:
        return None


def supports(state: ChargePointState, item: str) -> bool:
    """Can this charge point measure the item of a measurand list?"""
    parsed = parse_item(item)
    if parsed is None or parsed[0] not in QUANTITIES:
        return False
    measurand, phase = parsed
    is_dc = state.model.socket.is_dc
    if measurand in (Measurand.SOC, Measurand.FREQUENCY):
        return phase is None and is_dc is (measurand is Measurand.SOC)
    count = state.model.socket.phases
    return phase is None or phase in LINES[:count] or phase in LINES_TO_NEUTRAL[:count]


def meter_value(turn: Turn, connector: Connector, key: str, context: ReadingContext) -> MeterValue | None:
    """The measurands named by a configuration key, read now; None when the key names none."""
    items = configuration.items(turn.state, key)
    if not items:
        return None
    reading = _read(turn, connector)
    kilo = Habit.KILOWATT_HOURS in turn.state.model.habits
    values = [value for item in items for value in _sampled(reading, item, context, kilo)]
    return MeterValue(timestamp=turn.moment, sampled_value=tuple(values)) if values else None


def register_wh(turn: Turn, connector: Connector) -> int:
    """The energy register in whole Wh."""
    return int(_read(turn, connector).energy_wh + 1e-6)


def sample_periodically(turn: Turn, connector: Connector) -> None:
    """Arm the sampling timer of a connector on which a transaction runs."""
    interval = configuration.number(turn.state, "MeterValueSampleInterval")
    if connector.transaction is not None and interval > 0:
        turn.start_timer(f"sample:{connector.number}", turn.now + interval)
    else:
        turn.stop_timer(f"sample:{connector.number}")


def on_sample_timer(turn: Turn, number: int) -> None:
    """Take the periodic sample of a transaction."""
    connector = turn.state.connectors[number]
    if connector.transaction is None:
        return
    _report(turn, connector, "MeterValuesSampledData", ReadingContext.SAMPLE_PERIODIC)
    keep(turn, connector, "StopTxnSampledData", ReadingContext.SAMPLE_PERIODIC)
    sample_periodically(turn, connector)


def align_to_clock(turn: Turn) -> None:
    """Arm the timer of the clock-aligned readings: multiples of the interval since midnight."""
    interval = configuration.number(turn.state, "ClockAlignedDataInterval") * turn.state.clock.rate
    if interval <= 0:
        turn.stop_timer("aligned")
        return
    since_midnight = turn.utc % 86400
    ahead = min((since_midnight // interval + 1) * interval, 86400) - since_midnight
    turn.start_timer("aligned", turn.in_real(max(ahead, 0.001)))


def on_aligned_timer(turn: Turn) -> None:
    for connector in turn.state.outlets:
        _report(turn, connector, "MeterValuesAlignedData", ReadingContext.SAMPLE_CLOCK)
        if connector.transaction is not None:
            keep(turn, connector, "StopTxnAlignedData", ReadingContext.SAMPLE_CLOCK)
    align_to_clock(turn)


def report_triggered(turn: Turn, connector: Connector) -> None:
    """Send what MeterValuesSampledData names, at once and outside the queue."""
    value = meter_value(turn, connector, "MeterValuesSampledData", ReadingContext.TRIGGER)
    if value is None:
        return
    transaction = turn.state.transactions.get(connector.transaction or 0)
    request = core.MeterValues.Request(
        connector_id=connector.number,
        transaction_id=transaction.transaction_id if transaction is not None else None,
        meter_value=(value,),
    )
    turn.touch(f"hardware:{connector.number}")
    delivery.call(turn, request, is_triggered=True)


def keep(turn: Turn, connector: Connector, key: str, context: ReadingContext) -> None:
    """Keep a reading for the transactionData of the running transaction.

    Beyond StopTransactionMaxMeterValues every second one between the first and the last is dropped (erratum
    3.91).
    """
    transaction = turn.state.transactions.get(connector.transaction or 0)
    value = meter_value(turn, connector, key, context)
    if transaction is None or value is None:
        return
    transaction.data.append(Sample(is_aligned="Aligned" in key, text=encode(value).decode()))
    if len(transaction.data) > configuration.number(turn.state, "StopTransactionMaxMeterValues"):
        transaction.data[1:-1] = transaction.data[1:-1:2]
    turn.touch(f"transaction:{transaction.number}")


def kept(samples: list[Sample]) -> tuple[MeterValue, ...] | None:
    """The readings kept, as transactionData; None when there are none."""
    return tuple(msgspec.json.decode(sample.text, type=MeterValue) for sample in samples) or None


def _report(turn: Turn, connector: Connector, key: str, context: ReadingContext) -> None:
    """Queue a MeterValues message; storage learns the register and that the transaction was alive."""
    value = meter_value(turn, connector, key, context)
    if value is None:
        return
    delivery.enqueue(
        turn,
        core.MeterValues.Request(connector_id=connector.number, meter_value=(value,)),
        connector.transaction,
    )
    turn.touch(f"hardware:{connector.number}")
    transaction = turn.state.transactions.get(connector.transaction or 0)
    if transaction is not None:
        transaction.last_seen_utc = turn.utc
        turn.touch(f"transaction:{transaction.number}")


def _read(turn: Turn, connector: Connector) -> Reading:
    """Read a connector's meter; for number 0 the sum of all (the main meter)."""
    sockets: list[Socket] = [c.socket for c in turn.state.outlets if c.socket is not None]
    if connector.socket is not None:
        return hardware.read(connector.socket, turn.now)
    readings = [hardware.read(socket, turn.now) for socket in sockets]
    return Reading(
        energy_wh=sum(r.energy_wh for r in readings),
        power_w=sum(r.power_w for r in readings),
        offered_w=sum(r.offered_w for r in readings),
        voltages_v=readings[0].voltages_v,
        currents_a=tuple(sum(amperes) for amperes in zip(*(r.currents_a for r in readings), strict=True)),
        state_of_charge=None,
        temperature_c=readings[0].temperature_c,
        frequency_hz=readings[0].frequency_hz,
    )


def _sampled(reading: Reading, item: str, context: ReadingContext, kilo: bool) -> list[SampledValue]:
    """The sampled values of one item of a measurand list: one, or one a phase."""
    parsed = parse_item(item)
    if parsed is None or parsed[0] not in QUANTITIES:
        return []
    measurand, wanted = parsed
    quantity = QUANTITIES[measurand]
    values = quantity.values(reading)
    phases: tuple[Phase | None, ...] = (
        quantity.phases[: len(values)] if len(values) > 1 or wanted else (None,)
    )
    if wanted is not None:
        line = LINES.index(wanted) if wanted in LINES else LINES_TO_NEUTRAL.index(wanted)
        values = values[line : line + 1] if quantity.phases else ()
        phases = (wanted,)
    divisor, unit, decimals = 1, quantity.unit, quantity.decimals
    if kilo and unit in KILO:
        divisor, unit, decimals = 1000, KILO[unit], 3
    return [
        SampledValue(
            value=f"{value / divisor:.{decimals}f}",
            context=context,
            measurand=measurand,
            phase=phase,
            location=quantity.location,
            unit=unit,
        )
        for value, phase in zip(values, phases, strict=False)
    ]
