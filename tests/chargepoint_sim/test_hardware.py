"""Sockets, meters, vehicles: figures that agree."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint_sim import hardware
from chargepoint_sim.hardware import Socket, SocketType, Vehicle

AC_22 = SocketType(max_power_w=22_080.0)
DC_50 = SocketType(max_power_w=50_000.0, phases=0)


def charging(type_: SocketType = AC_22, **vehicle: float) -> Socket:
    socket = Socket(type=type_)
    hardware.plug_in(socket, Vehicle(**vehicle), 0.0)  # type: ignore[arg-type]
    hardware.offer(socket, type_.max_power_w, 0.0)
    return socket


def test_the_register_is_the_integral_of_the_power():
    socket = charging()
    hardware.advance(socket, 3600.0)
    assert socket.meter_wh == pytest.approx(11_000.0)
    assert socket.vehicle is not None
    assert socket.vehicle.charge_wh == pytest.approx(18_000 + 11_000 * 0.92)


@given(
    st.lists(st.floats(0.1, 7200), min_size=1, max_size=20),
    st.floats(0, 1),
    st.floats(0.1, 1),
    st.floats(1000, 200_000),
    st.booleans(),
)
def test_it_makes_no_difference_how_often_a_socket_is_advanced(pauses, charge, target, offered, is_dc):
    type_ = DC_50 if is_dc else AC_22
    often = charging(type_, charge_wh=charge * 60_000, target=target)
    once = charging(type_, charge_wh=charge * 60_000, target=target)
    for socket in (often, once):
        hardware.offer(socket, offered, 0.0)
    at, last = 0.0, 0.0
    for pause in pauses:
        at += pause
        hardware.advance(often, at)
        assert often.meter_wh >= last
        last = often.meter_wh
    hardware.advance(once, at)
    assert often.meter_wh == pytest.approx(once.meter_wh, rel=1e-6, abs=1e-6)
    assert often.vehicle is not None
    assert often.vehicle.state_of_charge <= max(charge, target) + 1e-9


@given(st.floats(0, 0.999), st.floats(500, 60_000), st.booleans())
def test_power_falls_to_zero_when_the_alarm_says_so(charge, offered, is_dc):
    type_ = DC_50 if is_dc else AC_22
    socket = charging(type_, charge_wh=charge * 60_000)
    hardware.offer(socket, offered, 0.0)
    done = hardware.seconds_until_done(socket)
    assert done is not None
    hardware.advance(socket, done + 0.01)
    assert hardware.power(socket) == 0
    assert hardware.seconds_until_done(socket) is None


@given(st.floats(0, 1), st.floats(0, 30_000), st.floats(0, 1e5))
def test_volts_times_amperes_is_the_power(charge, offered, now):
    for type_ in (AC_22, DC_50, SocketType(max_power_w=3680.0, phases=1)):
        socket = charging(type_, charge_wh=charge * 60_000)
        hardware.offer(socket, offered, 0.0)
        reading = hardware.read(socket, now)
        product = sum(v * a for v, a in zip(reading.voltages_v, reading.currents_a, strict=True))
        assert product == pytest.approx(reading.power_w, abs=1e-6)
        assert len(reading.voltages_v) == max(1, type_.phases)


def test_the_power_tapers_above_eighty_percent():
    socket = charging(charge_wh=48_000.0)
    assert hardware.power(socket) == pytest.approx(11_000)
    powers = []
    for minute in range(0, 200, 20):
        hardware.advance(socket, minute * 60.0)
        powers.append(hardware.power(socket))
    assert powers == sorted(powers, reverse=True)
    assert powers[-1] < 5_000


def test_a_single_phase_car_takes_one_phase():
    reading = hardware.read(charging(ac_phases=1, ac_power_w=7_360.0), 0.0)
    assert reading.power_w == pytest.approx(7_360)
    assert reading.currents_a[1:] == (0.0, 0.0)
    assert reading.currents_a[0] == pytest.approx(32, rel=0.02)


def test_an_open_contactor_a_pause_and_an_empty_socket_take_nothing():
    socket = charging()
    hardware.offer(socket, 0.0, 10.0)
    assert hardware.power(socket) == 0
    hardware.offer(socket, 11_000.0, 20.0)
    assert socket.vehicle is not None
    socket.vehicle.is_paused = True
    assert hardware.power(socket) == 0
    vehicle = hardware.unplug(socket, 30.0)
    assert vehicle is not None
    assert hardware.power(socket) == 0
    assert math.isclose(hardware.read(socket, 40.0).energy_wh, 11_000 * 10 / 3600)


def test_the_vehicle_that_was_given_is_not_touched():
    vehicle = Vehicle()
    socket = Socket(type=AC_22)
    hardware.plug_in(socket, vehicle, 0.0)
    hardware.offer(socket, 11_000.0, 0.0)
    hardware.advance(socket, 3600.0)
    assert vehicle == Vehicle()
