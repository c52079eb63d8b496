"""Base units, defaults, and which reading is the register."""

from datetime import UTC, datetime
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.facts import MeterSample
from csms.domain.meter_values import REGISTER, default_unit, live_figures, normalised, register_wh
from ocpp_core.v16 import types


def value(raw="1", measurand=REGISTER, unit="", phase="", location="Outlet", format_="Raw"):
    return normalised(measurand, raw, unit, "Sample.Periodic", phase, location, format_)


def sample(*values):
    return MeterSample(datetime(2024, 1, 1, tzinfo=UTC), tuple(values))


@pytest.mark.parametrize(
    ("raw", "unit", "base", "figure"),
    [
        ("1.5", "kWh", "Wh", 1500), ("2", "Wh", "Wh", 2), ("2", "", "Wh", 2), ("3", "kvarh", "varh", 3000),
        ("3", "varh", "varh", 3), ("4", "kW", "W", 4000), ("4", "W", "W", 4), ("5", "kVA", "VA", 5000),
        ("5", "VA", "VA", 5), ("6", "kvar", "var", 6000), ("6", "var", "var", 6), ("7", "A", "A", 7),
        ("8", "V", "V", 8), ("9", "Percent", "Percent", 9), ("20", "Celcius", "Celsius", 20),
        ("20", "Celsius", "Celsius", 20), ("300", "K", "K", 300), ("70", "Fahrenheit", "Fahrenheit", 70),
        ("1", "furlong", "furlong", 1), ("0.1234567", "", "Wh", 0.123457), ("-5", "", "Wh", -5),
    ],
)  # fmt: skip
def test_units_become_base_units(raw, unit, base, figure):
    read = value(raw, unit=unit)
    assert (read.unit, read.value, read.raw, read.raw_unit) == (base, figure, raw, unit)


@pytest.mark.parametrize(
    "raw", ["", "abc", "1,5", "NaN", "inf", "-Infinity", "1e16", "-1e16", "1e400", "0x1"]
)
def test_what_is_no_finite_number_is_kept_as_text(raw):
    assert value(raw).value is None
    assert value(raw).raw == raw


def test_signed_data_are_no_number():
    assert value("5", format_="SignedData").value is None


@given(st.text())
def test_no_text_raises_and_every_figure_is_finite(raw):
    figure = value(raw, unit="kWh").value
    assert figure is None or isfinite(figure)


@pytest.mark.parametrize("measurand", [m.value for m in types.Measurand])
def test_every_measurand_has_a_unit_by_default(measurand):
    assert default_unit(measurand) or measurand == "Power.Factor"


def test_default_units_look_at_the_longest_name_first():
    assert default_unit("Energy.Reactive.Import.Register") == "varh"
    assert default_unit("Energy.Active.Import.Register") == "Wh"
    assert default_unit("Power.Reactive.Export") == "var"
    assert default_unit("Power.Offered") == "W"
    assert default_unit("Power.Factor") == default_unit("Unheard.Of") == ""


@pytest.mark.parametrize(
    ("values", "register"),
    [
        ([], None),
        ([value("5")], 5),
        ([value("5"), value("6")], 5),
        ([value("1", phase="L1"), value("2", phase="L2"), value("3", phase="L3")], 6),
        ([value("1", phase="L1"), value("9")], 9),
        ([value("9", location="Inlet")], None),
        ([value("9", measurand="Energy.Active.Export.Register")], None),
        ([value("9", format_="SignedData")], None),
        ([value("9", format_="SignedData"), value("4")], 4),
    ],
    ids=str,
)
def test_register(values, register):
    assert register_wh(sample(*values)) == register


def test_live_figures_take_totals_before_phases():
    def power(raw, phase=""):
        return value(raw, "Power.Active.Import", phase=phase)

    def current(raw, phase=""):
        return value(raw, "Current.Import", phase=phase)

    assert live_figures([]) == {}
    assert live_figures([power("1", "L1"), power("2", "L2")]) == {"power_w": 3}
    assert live_figures([power("1", "L1"), power("9"), power("2", "L2")]) == {"power_w": 9}
    assert live_figures([current("1", "L1"), current("5", "L2"), current("2", "L3")]) == {"current_a": 5}
    assert live_figures([value("230", "Voltage", phase="L1-N"), value("50", "SoC", location="EV")]) == {
        "voltage_v": 230, "soc_percent": 50,
    }  # fmt: skip
    assert live_figures([value("5"), power("x"), value("7", "Voltage", location="Inlet")]) == {}
