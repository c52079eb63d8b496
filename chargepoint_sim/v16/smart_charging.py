"""Charging profiles: taken in, cleared, told as a schedule, and obeyed (sections 3.13, 5.5, 5.7 and 5.16).

What a profile says is worked out in `charging_profiles.py`; here it meets the messages and the hardware. The
hardware is offered the least of what its socket, the profiles and its share of the whole allow, in watts and
on so many phases. An AC vehicle cannot be told less than six ampere: below that it is offered nothing.
"""

import itertools
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from chargepoint_sim import hardware
from chargepoint_sim.v16 import charging_profiles, configuration
from chargepoint_sim.v16.charging_profiles import DAY, WEEK, Limit, Period, Profile, Session, Site
from chargepoint_sim.v16.state import ChargePointState, Connector, Transaction
from chargepoint_sim.v16.turn import Turn, moment_of, utc_of
from ocpp_core.errors import PayloadError, Violation
from ocpp_core.v16 import smart_charging
from ocpp_core.v16.smart_charging import (
    ChargingProfileStatus,
    ClearChargingProfileStatus,
    GetCompositeScheduleStatus,
)
from ocpp_core.v16.types import (
    ChargingProfile,
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
    ChargingSchedule,
    ChargingSchedulePeriod,
    RecurrencyKindType,
)

SMALLEST_AC_CURRENT = 6.0
"""What the pilot signal of an AC socket can tell at least (IEC 61851)."""
LONGEST_SCHEDULE = 31 * DAY
"""A composite schedule is not worked out further than this."""
UNIT_WORDS = {ChargingRateUnitType.A: "Current", ChargingRateUnitType.W: "Power"}
RECURRENCES = {RecurrencyKindType.DAILY: DAY, RecurrencyKindType.WEEKLY: WEEK}


def on_set_charging_profile(
    turn: Turn, request: smart_charging.SetChargingProfile.Request
) -> smart_charging.SetChargingProfile.Response:
    """An unknown connector is a CALLERROR (erratum 3.38), anything else that cannot be is Rejected."""
    if not configuration.offers(turn.state, smart_charging.PROFILE):
        return smart_charging.SetChargingProfile.Response(status=ChargingProfileStatus.NOT_SUPPORTED)
    connector = turn.connector(request.connector_id)
    if connector is None:
        raise PayloadError(Violation.PROPERTY_CONSTRAINT, f"there is no connector {request.connector_id}")
    profile = request.cs_charging_profiles
    transaction = turn.state.transactions.get(connector.transaction or 0)
    problem = _problem(turn, profile) or _misplaced(profile, connector, transaction)
    if problem:
        turn.log(f"charging profile {profile.charging_profile_id} refused: {problem}")
        return smart_charging.SetChargingProfile.Response(status=ChargingProfileStatus.REJECTED)
    is_own = profile.charging_profile_purpose is ChargingProfilePurposeType.TX_PROFILE
    number = transaction.number if is_own and transaction is not None else None
    _install(turn, read(profile, connector.number, number))
    return smart_charging.SetChargingProfile.Response(status=ChargingProfileStatus.ACCEPTED)


def on_clear_charging_profile(
    turn: Turn, request: smart_charging.ClearChargingProfile.Request
) -> smart_charging.ClearChargingProfile.Response:
    """An id alone decides; else all that fit every field given; no field = all."""
    configuration.demand(turn.state, smart_charging.PROFILE)
    chosen = [profile for profile in turn.state.profiles.values() if _fits(profile, request)]
    _remove(turn, chosen)
    status = ClearChargingProfileStatus.ACCEPTED if chosen else ClearChargingProfileStatus.UNKNOWN
    return smart_charging.ClearChargingProfile.Response(status=status)


def on_get_composite_schedule(
    turn: Turn, request: smart_charging.GetCompositeSchedule.Request
) -> smart_charging.GetCompositeSchedule.Response:
    """From now on; times in it are whole seconds."""
    configuration.demand(turn.state, smart_charging.PROFILE)
    unit = request.charging_rate_unit or allowed_units(turn.state)[0]
    if (
        turn.connector(request.connector_id) is None
        or not 0 < request.duration <= LONGEST_SCHEDULE
        or unit not in allowed_units(turn.state)
    ):
        return smart_charging.GetCompositeSchedule.Response(status=GetCompositeScheduleStatus.REJECTED)
    now = int(turn.utc)
    rules = charging_profiles.composite(
        list(turn.state.profiles.values()),
        _site(turn),
        request.connector_id,
        now=now,
        duration=request.duration,
        unit=unit,
    )
    return smart_charging.GetCompositeSchedule.Response(
        status=GetCompositeScheduleStatus.ACCEPTED,
        connector_id=request.connector_id,
        schedule_start=moment_of(now),
        charging_schedule=ChargingSchedule(
            duration=request.duration,
            charging_rate_unit=unit,
            charging_schedule_period=tuple(
                ChargingSchedulePeriod(
                    start_period=rule.start,
                    limit=rule.limit,
                    number_phases=None if rule.phases == charging_profiles.DEFAULT_PHASES else rule.phases,
                )
                for rule in rules
            ),
        ),
    )


def read_for_start(turn: Turn, profile: ChargingProfile, connector: Connector) -> Profile | None:
    """The profile of a remote start, to be bound to the transaction to come; None when it cannot be."""
    problem = _problem(turn, profile)
    if profile.charging_profile_purpose is not ChargingProfilePurposeType.TX_PROFILE:
        problem = "not for a transaction"
    elif profile.transaction_id is not None:
        problem = "names a transaction before there is one"
    if problem:
        turn.log(f"charging profile {profile.charging_profile_id} refused: {problem}")
        return None
    return read(profile, connector.number, None)


def read(profile: ChargingProfile, connector: int, transaction: int | None) -> Profile:
    """A profile as it came, in the terms of `charging_profiles.py`: whole seconds since 1970."""
    schedule = profile.charging_schedule
    kind = profile.charging_profile_kind
    is_relative = kind is ChargingProfileKindType.RELATIVE
    is_recurring = kind is ChargingProfileKindType.RECURRING
    start = None if is_relative or schedule.start_schedule is None else int(utc_of(schedule.start_schedule))
    return Profile(
        profile_id=profile.charging_profile_id,
        connector=connector,
        purpose=profile.charging_profile_purpose,
        stack_level=profile.stack_level,
        unit=schedule.charging_rate_unit,
        periods=tuple(
            Period(period.start_period, period.limit, period.number_phases)
            for period in schedule.charging_schedule_period
        ),
        start=start,
        duration=schedule.duration,
        every=RECURRENCES[profile.recurrency_kind] if is_recurring and profile.recurrency_kind else None,
        valid_from=int(utc_of(profile.valid_from)) if profile.valid_from is not None else None,
        valid_to=int(utc_of(profile.valid_to)) if profile.valid_to is not None else None,
        transaction=transaction,
    )


def bind(turn: Turn, profile: Profile, transaction: Transaction) -> None:
    """The transaction that a remote start brought its profile for has begun."""
    _install(turn, replace(profile, transaction=transaction.number))


def forget(turn: Turn, transaction: Transaction) -> None:
    """A transaction is over, and its profiles with it."""
    _remove(turn, [p for p in turn.state.profiles.values() if p.transaction == transaction.number])


def watch(turn: Turn) -> None:
    """Arm the timer of the next moment when a profile says something else; `offers` does the rest."""
    profiles = turn.state.profiles
    has_news = any(part.startswith(("profile:", "transaction:")) for part in turn.touched)
    if not profiles:
        turn.stop_timer("profiles")
    elif has_news or "profiles" not in turn.state.timers:
        at = charging_profiles.next_change(profiles.values(), _site(turn), turn.utc)
        if at is None:
            turn.stop_timer("profiles")
        else:
            turn.start_timer("profiles", turn.in_real(at - turn.utc) + 0.001)


def on_timer(turn: Turn) -> None:
    """A profile says something else from now on; the offers follow at the end of the step."""


def allowed_units(state: ChargePointState) -> list[ChargingRateUnitType]:
    """The units that schedules may be in, the preferred one first."""
    words = configuration.items(state, "ChargingScheduleAllowedChargingRateUnit")
    return [unit for unit, word in UNIT_WORDS.items() if word in words]


def offers(turn: Turn, connectors: list[Connector]) -> dict[int, tuple[float, int | None]]:
    """What profiles and the grid leave for connectors with energy: watts and phases (None = all), by number.

    Shares of what is for all are equal, and what one cannot use goes to the others. When equal shares are too
    small for an AC vehicle, those who came last wait.
    """
    site, utc = _site(turn), turn.utc
    profiles = turn.state.profiles.values()
    station = charging_profiles.station_limit(profiles, utc, utc)
    phases: dict[int, int | None] = {}
    watts: dict[int, float] = {}
    least: dict[int, float] = {}
    for connector in connectors:
        socket = connector.socket
        assert socket is not None
        limit = charging_profiles.session_limit(profiles, site, connector.number, utc, utc)
        found = [each.phases for each in (limit, station) if each is not None]
        in_use = hardware.phases_in_use(socket, min(found, default=None))
        phases[connector.number] = None if socket.type.is_dc else min(found, default=None)
        least[connector.number] = 0.0 if socket.type.is_dc else SMALLEST_AC_CURRENT * in_use * site.voltage
        own = limit._replace(phases=in_use) if limit is not None else None
        most = socket.type.max_power_w
        watts[connector.number] = (
            most if own is None else min(most, own.to(ChargingRateUnitType.W, site.voltage))
        )
    order = sorted(connectors, key=lambda c: c.transaction or 0)
    for bound in (station, site.grid):
        if bound is not None:
            # Amperes are shared as amperes: two vehicles may well hang on the same phase.
            weights = {
                c.number: 1.0
                if bound.unit is ChargingRateUnitType.W or c.socket is None
                else hardware.phases_in_use(c.socket, phases[c.number]) * site.voltage
                for c in order
            }
            _share(bound.value, watts, weights, least, [c.number for c in order])
    return {
        number: (power if power >= least[number] - 1e-6 else 0.0, phases[number])
        for number, power in watts.items()
    }


def _share(
    total: float,
    watts: dict[int, float],
    weights: dict[int, float],
    least: dict[int, float],
    order: list[int],
) -> None:
    """Cut what each one gets until all together keep to a total. weights: watts in one unit of the total."""
    sharing = [number for number in order if watts[number] >= least[number]]
    while sharing:
        left, open_to = total, sorted(sharing, key=lambda n: watts[n] / weights[n])
        shares: dict[int, float] = {}
        for place, number in enumerate(open_to):
            shares[number] = min(watts[number] / weights[number], left / (len(open_to) - place))
            left -= shares[number]
        if len(sharing) == 1 or all(shares[n] * weights[n] >= least[n] - 1e-6 for n in sharing):
            break
        sharing.pop()
    for number in order:
        watts[number] = shares[number] * weights[number] if number in sharing else 0.0


def _site(turn: Turn) -> Site:
    """The hardware and what runs on it, in the terms of `charging_profiles.py`."""
    model, sessions = turn.state.model, {}
    for connector in turn.state.outlets:
        transaction = turn.state.transactions.get(connector.transaction or 0)
        if transaction is not None:
            sessions[connector.number] = Session(transaction.number, int(transaction.started_utc))
    socket = model.socket
    if socket.is_dc:
        local = Limit(socket.max_power_w, ChargingRateUnitType.W)
    else:
        local = Limit(socket.max_current_a, ChargingRateUnitType.A, socket.phases)
    grid = None if model.grid_a is None else Limit(model.grid_a, ChargingRateUnitType.A, socket.phases or 3)
    return Site(hardware.NOMINAL_VOLTAGE, [local] * len(turn.state.outlets), grid, sessions)


def _problem(turn: Turn, profile: ChargingProfile) -> str:
    """What is wrong with a profile wherever it is to go; empty when nothing is."""
    state, schedule = turn.state, profile.charging_schedule
    starts = [period.start_period for period in schedule.charging_schedule_period]
    kind = profile.charging_profile_kind
    if not 0 <= profile.stack_level <= configuration.number(state, "ChargeProfileMaxStackLevel"):
        return f"stack level {profile.stack_level}"
    if schedule.charging_rate_unit not in allowed_units(state):
        return f"unit {schedule.charging_rate_unit.value}"
    if len(starts) > configuration.number(state, "ChargingScheduleMaxPeriods"):
        return f"{len(starts)} periods"
    if not starts or starts[0] != 0 or any(a >= b for a, b in itertools.pairwise(starts)):
        return f"periods start at {starts}"
    if any(
        period.limit < 0 or period.number_phases not in (None, 1, 2, 3)
        for period in schedule.charging_schedule_period
    ):
        return "a limit or number of phases that cannot be"
    if schedule.duration is not None and schedule.duration < 0:
        return f"duration {schedule.duration}"
    if kind is ChargingProfileKindType.RECURRING and (
        profile.recurrency_kind is None or schedule.start_schedule is None
    ):
        return "recurring, but not since when or how often"
    if profile.valid_from and profile.valid_to and utc_of(profile.valid_to) <= utc_of(profile.valid_from):
        return "ends before it begins"
    installed = charging_profiles.install(state.profiles.values(), read(profile, 0, None))
    if len(installed) > configuration.number(state, "MaxChargingProfilesInstalled"):
        return f"{len(installed)} profiles"
    return ""


def _misplaced(profile: ChargingProfile, connector: Connector, transaction: Transaction | None) -> str:
    """Why a profile cannot go to this connector; empty when it can."""
    match profile.charging_profile_purpose:
        case ChargingProfilePurposeType.CHARGE_POINT_MAX_PROFILE:
            return "the maximum of the charge point belongs to connector 0" if connector.number else ""
        case ChargingProfilePurposeType.TX_DEFAULT_PROFILE:
            return ""
    if transaction is None:
        return "no transaction there"
    if profile.transaction_id not in (None, transaction.transaction_id):
        return f"transaction {profile.transaction_id} does not run there"
    return ""


def _fits(profile: Profile, request: smart_charging.ClearChargingProfile.Request) -> bool:
    if request.id is not None:
        return profile.profile_id == request.id
    return (
        request.connector_id in (None, profile.connector)
        and request.charging_profile_purpose in (None, profile.purpose)
        and request.stack_level in (None, profile.stack_level)
    )


def _install(turn: Turn, profile: Profile) -> None:
    installed = charging_profiles.install(turn.state.profiles.values(), profile)
    ids = {each.profile_id for each in installed}
    turn.touch(*(f"profile:{gone}" for gone in turn.state.profiles if gone not in ids))
    turn.state.profiles = {each.profile_id: each for each in installed}
    turn.touch(f"profile:{profile.profile_id}")


def _remove(turn: Turn, profiles: list[Profile]) -> None:
    for profile in profiles:
        del turn.state.profiles[profile.profile_id]
        turn.touch(f"profile:{profile.profile_id}")


HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {
    "SetChargingProfile": on_set_charging_profile,
    "ClearChargingProfile": on_clear_charging_profile,
    "GetCompositeSchedule": on_get_composite_schedule,
}
