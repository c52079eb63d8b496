"""Meter values (1.6 3.16 and 4.7)."""

import itertools

import pytest

from chargepoint_sim.v16 import metering
from tests.chargepoint_sim.stage import Stage

ALL_AC = (
    "Energy.Active.Import.Register,Power.Active.Import,Power.Offered,Power.Factor,Current.Import,Current.Offered,"
    "Voltage,Frequency,Temperature"
)


def values(message, measurand):
    """Sampled values of one measurand in the first meter value of a message."""
    return [v for v in message["meterValue"][0]["sampledValue"] if v["measurand"] == measurand]


def test_samples_come_each_interval_from_the_start_of_the_transaction():
    stage = Stage(
        settings={"MeterValueSampleInterval": "30", "MeterValuesSampledData": "Energy.Active.Import.Register"}
    )
    stage.plug_in()
    stage.clock.run_for(7)
    stage.present()
    stage.clock.run_for(100)
    messages = stage.of("MeterValues")
    assert [m["meterValue"][0]["timestamp"] for m in messages] == [
        "2026-01-01T18:00:37Z",
        "2026-01-01T18:01:07Z",
        "2026-01-01T18:01:37Z",
    ]
    assert [values(m, "Energy.Active.Import.Register")[0]["value"] for m in messages] == [
        "91.7",
        "183.3",
        "275.0",
    ]
    assert all(m["transactionId"] == 1 for m in messages)
    stage.check()


def test_all_measurands_agree_with_each_other():
    stage = Stage(settings={"MeterValuesSampledData": ALL_AC})
    stage.charge()
    stage.clock.run_for(61)
    message = stage.of("MeterValues")[0]
    volts = [float(v["value"]) for v in values(message, "Voltage")]
    amperes = [float(v["value"]) for v in values(message, "Current.Import")]
    (power,) = [float(v["value"]) for v in values(message, "Power.Active.Import")]
    assert len(volts) == len(amperes) == 3
    assert sum(v * a for v, a in zip(volts, amperes, strict=True)) == pytest.approx(power, rel=0.001)
    assert [v["phase"] for v in values(message, "Voltage")] == ["L1-N", "L2-N", "L3-N"]
    assert "unit" not in values(message, "Frequency")[0]
    assert values(message, "Temperature")[0]["unit"] == "Celcius"
    stage.check()


def test_a_fast_charger_tells_the_state_of_charge():
    stage = Stage(model="dc50")
    stage.charge(charge_wh=30_000.0)
    stage.clock.run_for(61)
    messages = stage.of("MeterValues")
    assert len(messages) == 2
    assert values(messages[0], "SoC")[0]["value"] == f"{50 + 100 * 50_000 * 30 / 3600 * 0.92 / 60_000:.1f}"
    assert len(values(messages[0], "Voltage")) == 1
    stage.check()


def test_the_old_one_counts_in_kilowatt_hours():
    stage = Stage(model="grumpy")
    stage.charge()
    stage.clock.run_for(61)
    sampled = stage.of("MeterValues")[0]
    energy, power = (values(sampled, m)[0] for m in ("Energy.Active.Import.Register", "Power.Active.Import"))
    assert (energy["unit"], power["unit"]) == ("kWh", "kW")
    assert float(power["value"]) == pytest.approx(3.667, abs=0.02)
    assert isinstance(stage.of("StartTransaction")[0]["meterStart"], int)
    stage.check()


def test_an_interval_of_zero_ends_sampling_and_a_new_one_starts_it_in_the_same_transaction():
    stage = Stage()
    stage.charge()
    assert stage.ask("ChangeConfiguration", key="MeterValueSampleInterval", value="0") == {
        "status": "Accepted"
    }
    stage.clock.run_for(600)
    assert not stage.of("MeterValues")
    stage.ask("ChangeConfiguration", key="MeterValueSampleInterval", value="10")
    stage.clock.run_for(35)
    assert len(stage.of("MeterValues")) == 3


def test_two_sessions_in_a_row_are_both_sampled():
    stage = Stage()
    for _ in range(2):
        stage.charge()
        stage.clock.run_for(125)
        stage.present()
        stage.unplug()
    assert [m["transactionId"] for m in stage.of("MeterValues")] == [1, 1, 2, 2]


def test_clock_aligned_values_come_on_the_quarter_from_every_connector():
    stage = Stage(settings={"ClockAlignedDataInterval": "900"})
    stage.clock.run_for(100)
    stage.charge()
    stage.clock.run_for(900)
    aligned = [
        m
        for m in stage.of("MeterValues")
        if values(m, "Energy.Active.Import.Register")[0]["context"] == "Sample.Clock"
    ]
    assert [(m["connectorId"], m.get("transactionId")) for m in aligned] == [(1, 1), (2, None)]
    assert {m["meterValue"][0]["timestamp"] for m in aligned} == {"2026-01-01T18:15:00Z"}
    stage.check()


def test_clock_aligned_values_start_anew_at_midnight():
    stage = Stage(settings={"ClockAlignedDataInterval": "50000"}, connectors=1)
    stage.clock.run_for(24 * 3600)
    stamps = [m["meterValue"][0]["timestamp"] for m in stage.of("MeterValues")]
    assert stamps == ["2026-01-02T00:00:00Z", "2026-01-02T13:53:20Z"]


def test_aligned_stop_data():
    settings = {
        "ClockAlignedDataInterval": "900",
        "StopTxnAlignedData": "Power.Active.Import",
        "StopTxnSampledData": "",
    }
    stage = Stage(settings=settings)
    stage.charge()
    stage.clock.run_for(2000)
    stage.present()
    data = stage.of("StopTransaction")[0]["transactionData"]
    assert [v["timestamp"] for v in data] == ["2026-01-01T18:15:00Z", "2026-01-01T18:30:00Z"]


@pytest.mark.parametrize(
    ("item", "model", "expected"),
    [
        ("Voltage", "ac22", True),
        ("Voltage.L1", "ac22", True),
        ("Voltage.L1-N", "ac22", True),
        ("Voltage.L2", "grumpy", False),
        ("SoC", "ac22", False),
        ("SoC", "dc50", True),
        ("Frequency", "dc50", False),
        ("Energy.Reactive.Import.Register", "ac22", False),
        ("Nonsense", "ac22", False),
    ],
)
def test_what_can_be_measured(item, model, expected):
    assert metering.supports(Stage(booted=False, model=model).cp.state, item) is expected


def test_a_phase_may_be_named():
    stage = Stage(settings={"MeterValuesSampledData": "Voltage.L2,Current.Import.L2"})
    stage.charge()
    stage.clock.run_for(61)
    sampled = stage.of("MeterValues")[0]["meterValue"][0]["sampledValue"]
    assert [(v["measurand"], v["phase"]) for v in sampled] == [("Voltage", "L2"), ("Current.Import", "L2")]


def test_the_register_never_falls():
    stage = Stage(settings={"MeterValueSampleInterval": "300"})
    registers = []
    for _ in range(3):
        stage.charge(charge_wh=50_000.0)
        stage.clock.run_for(4000)
        stage.present()
        stage.cp.cut_power()
        stage.cp.power_on()
        stage.clock.run_for()
        stage.unplug()
    for action, payload in stage.central_system.received:
        if action == "MeterValues":
            registers.append(float(values(payload, "Energy.Active.Import.Register")[0]["value"]))
        elif action in ("StartTransaction", "StopTransaction"):
            registers.append(float(payload.get("meterStart", payload.get("meterStop"))))
    assert len(registers) == 3 * 15
    assert all(b >= a - 1 for a, b in itertools.pairwise(registers))
