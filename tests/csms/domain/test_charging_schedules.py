"""The composite schedule: published examples, and any profiles against a judge that looks at each second."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from functools import reduce
from math import floor, inf
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csms.domain.charging_profiles import (
    ChargingProfile,
    ChargingSchedule,
    Kind,
    Period,
    Purpose,
    RecurrencyKind,
    RunningTransaction,
    Unit,
    installed,
)
from csms.domain.charging_schedules import CompositeSchedule, Hardware, composite_schedule
from csms.domain.errors import Reason, Refused

VECTORS = json.loads(Path(__file__).with_name("charging_profile_vectors.json").read_text())["vectors"]

# Where the standard allows another reading: which one we follow.
READINGS = {
    "V10": "after a TxProfile has run out the TxDefaultProfile counts again (2.0.1 K02.FR.08)",
    "V16": "without a transaction: as if one started now, defaults included (2.0.1 K08.FR.06)",
    "V25": "a recurring profile does not recur before its startSchedule",
    "V28": "defaults of connector 0 and of its own make one stack: the level decides, then the connector",
    "V32": "limits are rounded down to one decimal, so that no limit is exceeded",
    "V36": "connector 0 is the expected total: the sum of all connectors, idle ones included",
    "V44": "a unit that the charge point does not take is refused (2.0.1 K08.FR.07)",
    "V47": "absolute without startSchedule counts from the start of the transaction",
    "V55": "minChargingRate changes no limit",
}

START = datetime(2024, 5, 6, 10, tzinfo=UTC)
DAY_S, WEEK_S = 86_400, 604_800
HARDWARE = Hardware(evses=2, evse_limit_a=32, grid_limit_a=63)
BEGAN = START - timedelta(seconds=600)
RUNNING = (RunningTransaction(1, "7", BEGAN),)


def after(seconds):
    return START + timedelta(seconds=seconds)


def profile(number, *periods, unit=Unit.A, start=START, duration_s=None, **members):
    defaults = {"evse": 0, "purpose": Purpose.TX_DEFAULT, "stack_level": 0, "kind": Kind.ABSOLUTE}
    schedule = ChargingSchedule(unit, tuple(Period(*one) for one in periods), start, duration_s)
    return ChargingProfile(profile_id=number, schedule=schedule, **defaults | members)


def compose(*profiles, evse=1, duration_s=3600, **others):
    defaults = {"start": START, "hardware": HARDWARE, "running": RUNNING}
    return composite_schedule(profiles, evse=evse, duration_s=duration_s, **defaults | others).periods


# --- the published examples (3.13 and the errata on it) ---------------------------------------------------


def time(text):
    return None if text is None else datetime.fromisoformat(text)


def read_profile(listed):
    given = listed["csChargingProfiles"]
    schedule = given["chargingSchedule"]
    recurrency_kind = given.get("recurrencyKind")
    return ChargingProfile(
        profile_id=given["chargingProfileId"],
        evse=listed["connectorId"],
        purpose=Purpose(given["chargingProfilePurpose"]),
        stack_level=given["stackLevel"],
        kind=Kind(given["chargingProfileKind"]),
        recurrency_kind=recurrency_kind and RecurrencyKind(recurrency_kind),
        transaction_id=str(given.get("transactionId", "")),
        valid_from=time(given.get("validFrom")),
        valid_to=time(given.get("validTo")),
        schedule=ChargingSchedule(
            Unit(schedule["chargingRateUnit"]),
            tuple(
                Period(one["startPeriod"], one["limit"], one.get("numberPhases", 3))
                for one in schedule["chargingSchedulePeriod"]
            ),
            time(schedule.get("startSchedule")),
            schedule.get("duration"),
            schedule.get("minChargingRate"),
        ),
    )


def question(vector):
    """The arguments of composite_schedule, profiles first."""
    station, request = vector["station"], vector["request"]
    held = reduce(installed, map(read_profile, vector["profiles"]), ())
    unit = request.get("chargingRateUnit")
    return held, {
        "evse": request["connectorId"],
        "start": time(vector["now"]),
        "duration_s": request["duration"],
        "unit": unit and Unit(unit),
        "hardware": Hardware(
            evses=station["connectors"],
            evse_limit_a=station["localLimitA"],
            grid_limit_a=station["gridLimitA"],
            phases=station["phases"],
            voltage=station["voltage"],
            units=frozenset(map(Unit, station["allowedUnits"])),
            default_unit=Unit(station["defaultUnit"]),
        ),
        "running": [
            RunningTransaction(one["connectorId"], str(one["transactionId"]), time(one["start"]))
            for one in vector["transactions"]
        ],
    }


def periods_of(listed):
    return tuple(Period(one["startPeriod"], one["limit"], one.get("numberPhases", 3)) for one in listed)


ACCEPTED = [one for one in VECTORS if one["expected"]["status"] == "Accepted"]
REJECTED = [one for one in VECTORS if one["expected"]["status"] == "Rejected"]


def title(vector):
    return f"{vector['id']} {vector['title']}"


@pytest.mark.parametrize("vector", ACCEPTED, ids=title)
def test_published_example(vector):
    held, arguments = question(vector)
    expected = vector["expected"]
    schedule = expected["chargingSchedule"]
    assert composite_schedule(held, **arguments) == CompositeSchedule(
        time(expected["scheduleStart"]),
        schedule["duration"],
        Unit(schedule["chargingRateUnit"]),
        periods_of(schedule["chargingSchedulePeriod"]),
    )


@pytest.mark.parametrize("vector", REJECTED, ids=title)
def test_published_example_that_is_refused(vector):
    held, arguments = question(vector)
    with pytest.raises(Refused):
        composite_schedule(held, **arguments)


def test_every_ambiguous_example_has_a_reading_of_ours_that_is_none_of_the_others():
    ambiguous = [one for one in VECTORS if one["ambiguous"]]
    assert {one["id"] for one in ambiguous} == set(READINGS)
    for vector in ambiguous:
        chosen = vector["expected"].get("chargingSchedule", {}).get("chargingSchedulePeriod")
        assert chosen not in [other["chargingSchedulePeriod"] for other in vector["alternatives"]]


@pytest.mark.parametrize("vector", ACCEPTED, ids=title)
def test_the_judge_below_agrees_with_the_published_examples(vector):
    held, arguments = question(vector)
    arguments["unit"] = arguments["unit"] or arguments["hardware"].default_unit
    expected = periods_of(vector["expected"]["chargingSchedule"]["chargingSchedulePeriod"])
    for period, behind in zip(expected, (*expected[1:], None), strict=True):
        last = behind.start_s - 1 if behind else arguments["duration_s"] - 1
        for second in (period.start_s, last):
            assert judged(held, second, **arguments) == (period.limit, period.phases)


# --- a judge: one second at a time, nothing shared with the code under test -------------------------------


def in_force(one, now, began):
    """The period of a profile that holds at this moment, or None."""
    schedule = one.schedule
    if (one.valid_from and now < one.valid_from) or (one.valid_to and now >= one.valid_to):
        return None
    base = began if one.kind is Kind.RELATIVE or not schedule.start else schedule.start
    elapsed = int((now - base).total_seconds())
    if elapsed < 0:
        return None
    if one.kind is Kind.RECURRING and one.recurrency_kind:
        elapsed %= DAY_S if one.recurrency_kind is RecurrencyKind.DAILY else WEEK_S
    if schedule.duration_s is not None and elapsed >= schedule.duration_s:
        return None
    begun = [period for period in schedule.periods if period.start_s <= elapsed]
    return max(begun, key=lambda period: period.start_s) if begun else None


def top(candidates, now, began):
    """Limit, unit and phases of the highest profile that says anything; on one level EVSE n before 0."""
    for one in sorted(candidates, key=lambda one: (-one.stack_level, -one.evse)):
        if period := in_force(one, now, began):
            return Fraction(str(period.limit)), one.schedule.unit, period.phases
    return None


def in_unit(limit, given, wanted, phases, voltage):
    if given is wanted or limit == inf:
        return limit
    watt = Fraction(str(voltage)) * phases
    return limit * watt if wanted is Unit.W else limit / watt


def ampere(limit):
    return inf if limit is None else Fraction(str(limit))


def judged(held, second, *, evse, start, hardware, unit, running, duration_s):
    now = start + timedelta(seconds=second)
    totals, phases = [], []
    for number in [evse] if evse else range(1, hardware.evses + 1):
        transaction = next((one for one in running if one.evse == number), None)
        began = transaction.started_at if transaction else start
        own = [
            one for one in held
            if transaction and one.purpose is Purpose.TX and one.evse == number
            and one.transaction_id in ("", transaction.transaction_id)
        ]  # fmt: skip
        defaults = [one for one in held if one.purpose is Purpose.TX_DEFAULT and one.evse in (0, number)]
        limits = [in_unit(ampere(hardware.evse_limit_a), Unit.A, unit, hardware.phases, hardware.voltage)]
        counted = [hardware.phases]
        if says := top(own, now, began) or top(defaults, now, began):
            limits.append(in_unit(says[0], says[1], unit, says[2], hardware.voltage))
            counted.append(says[2])
        totals.append(min(limits))
        phases.append(min(counted))
    limits, counted = [sum(totals)], [max(phases)]
    if not evse:
        limits.append(in_unit(ampere(hardware.grid_limit_a), Unit.A, unit, hardware.phases, hardware.voltage))
    maxima = [one for one in held if one.purpose is Purpose.CHARGE_POINT_MAX and one.evse == 0]
    if says := top(maxima, now, start):
        limits.append(in_unit(says[0], says[1], unit, says[2], hardware.voltage))
        counted.append(says[2])
    lowest = min(limits)
    return inf if lowest == inf else floor(lowest * 10) / 10, min(counted)


TENTHS = st.integers(0, 400).map(lambda tenths: tenths / 10)
WATTS = st.integers(0, 30_000) | st.integers(0, 300_000).map(lambda tenths: tenths / 10)
FRACTIONS = st.sampled_from([7.246376811594203, 8.15, 1e-7, 31.999])


@st.composite
def schedules(draw):
    unit = draw(st.sampled_from(Unit))
    limits = (TENTHS if unit is Unit.A else WATTS) | FRACTIONS
    offsets = draw(st.lists(st.integers(-5, 40), min_size=1, max_size=4, unique=True))
    if draw(st.booleans()):
        offsets[0] = 0
    phases = st.sampled_from([1, 2, 3])
    periods = {at: Period(at, draw(limits), draw(phases)) for at in offsets}
    days = draw(st.sampled_from([0, 0, -1, -6, -7, -8, -700, 1]))
    return ChargingSchedule(
        unit,
        tuple(periods.values()),
        draw(st.none() | st.integers(-40, 40).map(lambda seconds: after(days * DAY_S + seconds))),
        draw(st.none() | st.integers(0, 60) | st.integers(DAY_S - 30, DAY_S + 30)),
    )


MOMENTS = st.none() | st.integers(-20, 60).map(after)
PROFILES = st.builds(
    ChargingProfile,
    profile_id=st.integers(1, 9),
    evse=st.integers(0, 2),
    purpose=st.sampled_from(Purpose),
    stack_level=st.integers(0, 3),
    kind=st.sampled_from(Kind),
    schedule=schedules(),
    recurrency_kind=st.sampled_from([None, *RecurrencyKind]),
    transaction_id=st.sampled_from(["", "7", "8"]),
    valid_from=MOMENTS,
    valid_to=MOMENTS,
)
LIMITS_A = st.none() | TENTHS
TRANSACTIONS = st.lists(
    st.builds(
        RunningTransaction, st.integers(1, 2), st.sampled_from(["7", "8"]), st.integers(-50, 20).map(after)
    ),
    max_size=2,
    unique_by=lambda one: one.evse,
)
HARDWARES = st.builds(
    Hardware,
    evses=st.just(2),
    evse_limit_a=LIMITS_A,
    grid_limit_a=LIMITS_A,
    phases=st.sampled_from([1, 3]),
    voltage=st.sampled_from([230, 120, 239.6]),
)


@given(
    st.lists(PROFILES, max_size=9), st.integers(0, 2), st.integers(1, 50), HARDWARES, st.sampled_from(Unit),
    TRANSACTIONS,
)  # fmt: skip
@example([], 0, 1, HARDWARE, Unit.A, [])
def test_any_profiles_come_to_what_the_judge_says_of_each_second(
    arriving, evse, duration_s, hardware, unit, running
):
    held = reduce(installed, arriving, ())
    arguments = {
        "evse": evse, "start": START, "duration_s": duration_s, "hardware": hardware, "unit": unit,
        "running": running,
    }  # fmt: skip
    result = composite_schedule(held, **arguments)
    starts = [period.start_s for period in result.periods]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] < duration_s
    for before, behind in zip(result.periods, result.periods[1:], strict=False):
        assert (before.limit, before.phases) != (behind.limit, behind.phases)
    found = iter(result.periods)
    following = next(found)
    for second in range(duration_s):
        if following and following.start_s == second:
            current, following = following, next(found, None)
        assert (current.limit, current.phases) == judged(held, second, **arguments), second


# --- what the examples leave open -------------------------------------------------------------------------


def test_an_unknown_evse_is_refused_by_name():
    for evse, hardware, detail in [
        (3, HARDWARE, "EVSE 3: this charge point has 2"),
        (-1, HARDWARE, "EVSE -1: this charge point has 2"),
        (0, Hardware(evses=0), "EVSE 0: this charge point has 0"),
    ]:
        with pytest.raises(Refused) as refusal:
            compose(evse=evse, hardware=hardware)
        assert refusal.value.reason is Reason.UNKNOWN_CONNECTOR
        assert (refusal.value.detail, refusal.value.member) == (detail, "evse")


@pytest.mark.parametrize(("units", "takes"), [({Unit.A}, "A"), ((), "none")], ids=str)
def test_a_unit_that_is_not_taken_is_refused_by_name(units, takes):
    with pytest.raises(Refused) as refusal:
        compose(unit=Unit.W, hardware=replace(HARDWARE, units=frozenset(units)))
    assert refusal.value.reason is Reason.INVALID_PARAMETERS
    assert (refusal.value.detail, refusal.value.member) == (
        f"unit W: this charge point takes {takes}",
        "unit",
    )


@pytest.mark.parametrize("duration_s", [0, -1])
def test_no_duration_is_an_error_of_the_caller(duration_s):
    with pytest.raises(ValueError, match=f"duration {duration_s} s"):
        compose(duration_s=duration_s)


def test_where_nothing_is_known_to_limit_the_limit_is_infinite():
    unknown = Hardware(evses=2)
    one = profile(1, (0, 16, 1), duration_s=60, evse=1)
    assert compose(one, hardware=unknown) == ((0, 16, 1), (60, inf, 3))
    assert compose(one, evse=0, hardware=unknown) == ((0, inf, 3),)
    assert compose(one, evse=0, hardware=replace(unknown, evse_limit_a=32)) == ((0, 48, 3), (60, 64, 3))


def test_times_count_in_whole_seconds_of_any_zone():
    berlin = timezone(timedelta(hours=2))
    one = profile(1, (0, 10), start=after(5.9).astimezone(berlin), valid_to=after(9.999))
    result = composite_schedule(
        [one], evse=1, start=after(0.7).astimezone(berlin), duration_s=20, hardware=HARDWARE
    )
    assert (result.start, result.start.tzinfo, result.unit) == (START, UTC, Unit.A)
    assert result.periods == ((0, 32, 3), (5, 10, 3), (9, 32, 3))


def test_times_before_1970_are_times():
    assert compose(profile(1, (0, 10), start=datetime(1960, 1, 1, tzinfo=UTC))) == ((0, 10, 3),)
    old = profile(1, (0, 10), (60, 12), start=datetime(1960, 1, 1, 10, tzinfo=UTC), kind=Kind.RECURRING,
                  recurrency_kind=RecurrencyKind.DAILY)  # fmt: skip
    assert compose(old) == ((0, 10, 3), (60, 12, 3))


def test_profiles_against_the_rules_are_no_reason_to_fail():
    assert compose(profile(1)) == ((0, 32, 3),)
    assert compose(profile(1, (0, -5))) == ((0, 0, 3),)
    assert compose(profile(1, (0, 1e308), unit=Unit.W), unit=Unit.A) == ((0, 32, 3),)
    assert compose(profile(1, (0, 1e308)), hardware=Hardware(evses=2), unit=Unit.W) == ((0, inf, 3),)
    assert compose(profile(1, (0, 2300, 0), unit=Unit.W)) == ((0, 10, 0),)
    tiny = profile(1, (0, 16), (60, 5e-324), evse=1)
    assert compose(tiny) == ((0, 16, 3), (60, 0, 3))
    assert compose(tiny, evse=0, hardware=Hardware(evses=2)) == ((0, inf, 3),)
    assert compose(profile(1, (60, 10), (0, 8), (60, 9))) == ((0, 8, 3), (60, 9, 3))
    assert compose(profile(1, (0, 10), (0, 8))) == ((0, 8, 3),)
    assert compose(profile(1, (0, 10), duration_s=-5)) == ((0, 32, 3),)
    assert compose(profile(1, (0, 10), valid_from=after(9), valid_to=after(5))) == ((0, 32, 3),)


def test_of_two_in_one_place_the_later_counts():
    """3.13.2: `installed` leaves no two; whoever passes two gets what the charge point would hold."""
    assert compose(profile(1, (0, 10)), profile(2, (0, 12))) == ((0, 12, 3),)
    assert compose(profile(2, (0, 12)), profile(1, (0, 10))) == ((0, 10, 3),)


def test_a_tx_profile_counts_before_a_default_of_any_level():
    """3.13.1; also where one of them counts from the start of the transaction."""
    default = profile(1, (0, 20), (900, 12), stack_level=9, start=None)
    own = profile(2, (0, 24), evse=1, purpose=Purpose.TX, duration_s=60)
    relative = replace(own, kind=Kind.RELATIVE, schedule=replace(own.schedule, duration_s=660))
    for one in (own, relative, replace(own, transaction_id="7")):
        assert compose(default, one) == ((0, 24, 3), (60, 20, 3), (300, 12, 3))
        assert compose(default, one, evse=2) == ((0, 20, 3), (900, 12, 3))
    for other in (replace(own, transaction_id="8"), replace(own, evse=2), replace(own, evse=0)):
        assert compose(default, other) == ((0, 20, 3), (300, 12, 3))


def test_evses_that_are_alike_count_as_often_as_there_are():
    many = Hardware(evses=5, evse_limit_a=32)
    own = profile(2, (0, 6), evse=3, stack_level=1, duration_s=60)
    assert compose(profile(1, (0, 10)), own, evse=0, hardware=many) == ((0, 46, 3), (60, 50, 3))
    relative = profile(1, (0, 6), (900, 16), kind=Kind.RELATIVE, start=None)
    assert compose(relative, evse=0, hardware=many) == ((0, 30, 3), (300, 40, 3), (900, 80, 3))


def test_a_sum_is_rounded_once():
    """Two EVSEs of 7.246... A each take 14.49... A, not twice 7.2 A."""
    assert compose(profile(1, (0, 5000), unit=Unit.W), evse=0) == ((0, 14.4, 3),)
    assert compose(profile(1, (0, 5030), unit=Unit.W), evse=0) == ((0, 14.5, 3),)
    assert compose(profile(1, (0, 5030), unit=Unit.W)) == ((0, 7.2, 3),)


def test_a_long_window_of_short_recurrences():
    morning = profile(1, (0, 6), (1800, 8), duration_s=3600, kind=Kind.RECURRING,
                      recurrency_kind=RecurrencyKind.DAILY)  # fmt: skip
    week = compose(morning, duration_s=7 * DAY_S)
    assert week[:4] == ((0, 6, 3), (1800, 8, 3), (3600, 32, 3), (DAY_S, 6, 3))
    assert len(week) == 21
    assert sum(period.limit == 6 for period in week) == 7
