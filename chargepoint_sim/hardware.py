"""The physical side of a charge point: sockets, meters and the vehicles plugged into them.

Theory. A socket offers a power; the vehicle draws what it can take of it. Up to `taper_from` of its battery a
vehicle takes its full power, above that the power falls in a straight line to `TAPER_FLOOR` of it at 100 %.
Between two changes of the outside world the draw is therefore constant first and falls exponentially
afterwards, and both are solved in closed form: it makes no difference whether a socket is advanced once an
hour or every second.

All figures agree with each other by construction: the register is the integral of the power, the currents are
the power divided by the voltages, and the battery gains the register's difference times the efficiency. No
OCPP in here, and no clock: time comes in as seconds on any scale that does not run backwards.
"""

import math

import msgspec

NOMINAL_VOLTAGE = 230.0
ROUNDING = 1e-9
"""A battery this close to its target is there."""
TAPER_FLOOR = 0.05
"""Share of its full power that a vehicle still takes just before 100 %."""


class SocketType(msgspec.Struct, frozen=True, kw_only=True):
    """What a socket can deliver; data of the product, never changed."""

    max_power_w: float
    phases: int = 3
    """0 means direct current."""
    max_current_a: float = 32.0
    is_cable_fixed: bool = False
    standby_w: float = 0.0

    @property
    def is_dc(self) -> bool:
        return self.phases == 0


class Vehicle(msgspec.Struct, kw_only=True):
    """An electric vehicle and the state of its battery."""

    battery_wh: float = 60_000.0
    charge_wh: float = 18_000.0
    ac_phases: int = 3
    ac_power_w: float = 11_000.0
    dc_power_w: float = 120_000.0
    efficiency: float = 0.92
    taper_from: float = 0.8
    target: float = 1.0
    """State of charge (0..1) at which it asks for no more energy."""
    is_paused: bool = False
    """True while the vehicle itself does not want energy."""

    @property
    def state_of_charge(self) -> float:
        return min(1.0, self.charge_wh / self.battery_wh)


class Socket(msgspec.Struct, kw_only=True):
    """A socket (or fixed cable) with its meter, and the vehicle on it."""

    type: SocketType
    meter_wh: float = 0.0
    is_plugged: bool = False
    vehicle: Vehicle | None = None
    offered_w: float = 0.0
    """What the charge point offers now; 0 keeps the contactor open."""
    is_locked: bool = False
    lock_is_stuck: bool = False
    advanced_to: float = 0.0
    phase_limit: int | None = None
    """No more phases than this are switched on; None = all that there are."""


class Reading(msgspec.Struct, frozen=True):
    """One look at the meter; voltages and currents have an item a phase (direct current: one)."""

    energy_wh: float
    power_w: float
    offered_w: float
    voltages_v: tuple[float, ...]
    currents_a: tuple[float, ...]
    state_of_charge: float | None
    temperature_c: float
    frequency_hz: float


def plug_in(socket: Socket, vehicle: Vehicle | None, now: float) -> None:
    """Put the plug in; without a vehicle the cable hangs in the socket but nothing draws.

    The socket keeps a copy of the vehicle, so that whoever gave it may use it again.
    """
    advance(socket, now)
    socket.is_plugged = True
    socket.vehicle = None if vehicle is None else msgspec.structs.replace(vehicle)


def unplug(socket: Socket, now: float) -> Vehicle | None:
    """Pull the plug; returns the vehicle that leaves."""
    advance(socket, now)
    vehicle, socket.vehicle = socket.vehicle, None
    socket.is_plugged = False
    socket.is_locked = False
    return vehicle


def offer(socket: Socket, power_w: float, now: float, *, phases: int | None = None) -> None:
    """Offer this much power from now on; less than a watt opens the contactor.    phases: None = all."""
    advance(socket, now)
    socket.phase_limit = phases
    socket.offered_w = min(power_w, socket.type.max_power_w) if power_w >= 1.0 else 0.0


def phases_in_use(socket: Socket, limit: int | None = None) -> int:
    """Number of phases the pair of socket and vehicle uses, or would use with no more than `limit` of them.

    1 for direct current; all that there are for an empty socket.
    """
    if socket.type.is_dc:
        return 1
    bounds = [socket.type.phases, limit, None if socket.vehicle is None else socket.vehicle.ac_phases]
    return max(1, min(bound for bound in bounds if bound is not None))


def full_power(socket: Socket) -> float:
    """Power at the meter (W) that the vehicle takes below its taper, were it offered without end."""
    vehicle = socket.vehicle
    if vehicle is None or not socket.is_plugged:
        return 0.0
    if socket.type.is_dc:
        return vehicle.dc_power_w
    by_cable = phases_in_use(socket, socket.phase_limit) * NOMINAL_VOLTAGE * socket.type.max_current_a
    return min(
        vehicle.ac_power_w * phases_in_use(socket, socket.phase_limit) / max(1, vehicle.ac_phases), by_cable
    )


def power(socket: Socket) -> float:
    """Power at the meter (W) at the moment the socket was last advanced to."""
    vehicle = socket.vehicle
    if vehicle is None or not socket.is_plugged or vehicle.is_paused or socket.offered_w <= 0:
        return 0.0
    charged = vehicle.state_of_charge
    if charged >= vehicle.target - ROUNDING:
        return 0.0
    return min(socket.offered_w, full_power(socket) * _taper(vehicle, charged))


def seconds_until_done(socket: Socket) -> float | None:
    """Seconds from the moment advanced to until the vehicle asks for no more; None when nothing flows."""
    vehicle = socket.vehicle
    if vehicle is None or power(socket) <= 0:
        return None
    return _charge(socket, vehicle, math.inf)[1]


def advance(socket: Socket, now: float) -> None:
    """Let time pass up to `now`: the register and the battery gain what flowed."""
    if now <= socket.advanced_to:
        return
    counted, gained = _flow(socket, now)
    socket.advanced_to = now
    socket.meter_wh += counted
    if socket.vehicle is not None:
        socket.vehicle.charge_wh = min(socket.vehicle.battery_wh, socket.vehicle.charge_wh + gained)


def register(socket: Socket, now: float) -> float:
    """What the register (Wh) shows at a later time; unlike `read` it changes nothing."""
    return socket.meter_wh + _flow(socket, now)[0]


def read(socket: Socket, now: float) -> Reading:
    """Advance to `now` and read the meter."""
    advance(socket, now)
    drawn = power(socket)
    vehicle = socket.vehicle
    load = drawn / socket.type.max_power_w
    if socket.type.is_dc:
        charged = vehicle.state_of_charge if vehicle else 0.0
        voltages: tuple[float, ...] = (340.0 + 80.0 * charged if drawn else 0.0,)
        currents: tuple[float, ...] = (drawn / voltages[0] if drawn else 0.0,)
    else:
        used = phases_in_use(socket, socket.phase_limit)
        voltages = tuple(_voltage(phase, load, now) for phase in range(socket.type.phases))
        currents = tuple(drawn / used / v if phase < used else 0.0 for phase, v in enumerate(voltages))
    return Reading(
        energy_wh=socket.meter_wh,
        power_w=drawn,
        offered_w=socket.offered_w,
        voltages_v=voltages,
        currents_a=currents,
        state_of_charge=vehicle.state_of_charge if vehicle else None,
        temperature_c=22.0 + 14.0 * load + 2.0 * math.sin(now / 3600),
        frequency_hz=50.0 + 0.02 * math.sin(now / 47),
    )


def _flow(socket: Socket, now: float) -> tuple[float, float]:
    """Energy (Wh) that the meter counts and the battery gains from the moment advanced to until `now`."""
    seconds = max(0.0, now - socket.advanced_to)
    standby = socket.type.standby_w * seconds / 3600 if socket.is_plugged else 0.0
    vehicle = socket.vehicle
    if vehicle is None or power(socket) <= 0:
        return standby, 0.0
    gained, _ = _charge(socket, vehicle, seconds)
    return standby + gained / vehicle.efficiency, gained


def _voltage(phase: int, load: float, now: float) -> float:
    """Mains voltage of one phase: a slow wander, and a drop of two volts at full load."""
    return NOMINAL_VOLTAGE + 1.5 * math.sin(now / 600 + 2.1 * phase) - 2.0 * load


def _taper(vehicle: Vehicle, charged: float) -> float:
    """Share of the full power at this state of charge."""
    if charged <= vehicle.taper_from:
        return 1.0
    fallen = (charged - vehicle.taper_from) / max(1e-9, 1.0 - vehicle.taper_from)
    return max(TAPER_FLOOR, 1.0 - (1.0 - TAPER_FLOOR) * fallen)


def _charge(socket: Socket, vehicle: Vehicle, seconds: float) -> tuple[float, float]:
    """Energy (Wh) the battery gains in at most `seconds`, and the seconds it took (fewer at the target).

    First the constant part, while the offer (or the vehicle's full power) is the limit, then the falling
    part.
    """
    battery, efficiency = vehicle.battery_wh, vehicle.efficiency
    full = full_power(socket) * efficiency
    offered = socket.offered_w * efficiency
    start = vehicle.state_of_charge
    target = max(start, min(1.0, vehicle.target))
    # In the taper the vehicle takes full * (a - b * charged).
    b = (1.0 - TAPER_FLOOR) / max(1e-9, 1.0 - vehicle.taper_from)
    a = 1.0 + b * vehicle.taper_from
    knee = vehicle.taper_from if offered >= full else min(1.0, (a - offered / full) / b)
    charged, spent = start, 0.0
    if charged < min(knee, target):
        rate = min(offered, full) / battery / 3600
        spent = min(seconds, (min(knee, target) - charged) / rate)
        charged += rate * spent
    if spent < seconds and charged < target:
        factor = b * full / battery / 3600
        needed = math.log((a / b - charged) / (a / b - target)) / factor
        if needed <= seconds - spent:
            charged, spent = target, spent + needed
        else:
            charged = a / b - (a / b - charged) * math.exp(-factor * (seconds - spent))
            spent = seconds
    return (charged - start) * battery, spent
