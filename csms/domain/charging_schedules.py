"""What charging profiles amount to: the composite schedule.

Each purpose's profiles make a stack. The highest profile of a stack paints its periods on the empty
window, the next one whatever is still empty, and so on, until nothing is empty or no profile is left: the
work grows with the periods that count, not with seconds. Then one walk over the points at which
something changes takes the minimum of the purposes and the limits of the hardware.

Limits are whole numerators and denominators until the very end, so that comparing A with W, summing and
rounding down are exact.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from math import inf, lcm
from operator import itemgetter, mul
from typing import NamedTuple

from csms.domain.charging_profiles import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RecurrencyKind,
    RunningTransaction,
    Unit,
)
from csms.domain.errors import Reason, Refused

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RECURS_AFTER_S = {RecurrencyKind.DAILY: 86_400, RecurrencyKind.WEEKLY: 604_800}
MOST_PHASES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What a charge point is, as far as its limits go.

    evses: how many. evse_limit_a: what each of them can, per phase. grid_limit_a: what all can together,
    per phase. None: not known. voltage: the nominal one between phase and neutral, > 0.
    units: those that it takes and gives. default_unit: the one when none is asked for.
    """

    evses: int
    evse_limit_a: float | None = None
    grid_limit_a: float | None = None
    phases: int = MOST_PHASES
    voltage: float = 230
    units: frozenset[Unit] = frozenset(Unit)
    default_unit: Unit = Unit.A


@dataclass(frozen=True, slots=True)
class CompositeSchedule:
    """periods: in order, the first at 0, no gaps, no neighbours that are alike, limits in `unit` with at most
    one decimal; `inf` where nothing is known to limit."""

    start: datetime
    duration_s: int
    unit: Unit
    periods: tuple[Period, ...]


def composite_schedule(
    profiles: Iterable[ChargingProfile],
    *,
    evse: int,
    start: datetime,
    duration_s: int,
    hardware: Hardware,
    unit: Unit | None = None,
    running: Iterable[RunningTransaction] = (),
) -> CompositeSchedule:
    """Merge the profiles that a charge point holds into the one schedule that an EVSE follows.

    profiles: all of the charge point, in order of installation, as `installed` leaves them. They are taken
    as they are, also when `problems` has something to say about them.
    evse: 0 is what the whole charge point is expected to take from the grid.
    start: aware; it and all other times count in whole seconds.    duration_s: seconds, > 0.
    running: the transactions that run at `start`. Where none runs the schedule is that of one that begins
    at `start`.
    Raises Refused for an EVSE that is not there and a unit that the charge point does not take, ValueError
    if duration_s <= 0.
    Source: OCPP 1.6 3.13, 5.7; errata 3.8, 3.43, 3.57, 3.69, 3.79; 2.0.1 K02.FR.08, K08 where 1.6 is silent.
    """
    if duration_s <= 0:
        raise ValueError(f"duration {duration_s} s: there is nothing to compose")
    unit = unit or hardware.default_unit
    _check(evse, unit, hardware)
    held, transactions = tuple(profiles), {one.evse: one for one in running}
    window = _Window(_seconds(start), _seconds(start) + duration_s)
    rates = {given: _Rates(given, unit, hardware.voltage) for given in Unit}
    stacks = [
        _stack(held, one, transactions.get(one), window)
        for one in ((evse,) if evse else range(1, hardware.evses + 1))
    ]
    alike = [one for index, one in enumerate(stacks) if one not in stacks[:index]]
    steps = _painted(Stack(_ordered(held, Purpose.CHARGE_POINT_MAX, 0), window.start), window, rates, MAXIMUM)
    for which, stack in enumerate(alike):
        steps += _painted(stack, window, rates, which)
    local = rates[Unit.A].known(hardware.evse_limit_a, hardware.phases)
    grid = rates[Unit.A].known(None if evse else hardware.grid_limit_a, hardware.phases)
    every_rate = chain.from_iterable(one.values() for one in rates.values())
    bounds = _Bounds([stacks.count(one) for one in alike], local, grid, every_rate)
    periods = tuple(Period(at - window.start, *outcome) for at, outcome in _lowest(steps, bounds))
    return CompositeSchedule(EPOCH + window.start * SECOND, duration_s, unit, periods)


def _check(evse: int, unit: Unit, hardware: Hardware) -> None:
    if not 0 <= evse <= hardware.evses or not hardware.evses:
        raise Refused(
            Reason.UNKNOWN_CONNECTOR, f"EVSE {evse}: this charge point has {hardware.evses}", member="evse"
        )
    if unit not in hardware.units:
        takes = " and ".join(sorted(hardware.units)) or "none"
        raise Refused(
            Reason.INVALID_PARAMETERS, f"unit {unit}: this charge point takes {takes}", member="unit"
        )


def _seconds(moment: datetime) -> int:
    return (moment - EPOCH) // SECOND


class _Window(NamedTuple):
    """Seconds since 1970, `end` exclusive."""

    start: int
    end: int


class Rate(NamedTuple):
    """A limit in the unit asked for, exactly; denominator 0: there is none."""

    numerator: int
    denominator: int
    phases: int


NOTHING = Rate(0, 0, 2**31)  # gives way to everything that is compared with it
NO_LIMIT_FROM = 1e15  # more than any cable carries, and still exact in a float


class _Rates(dict[tuple[float, int], Rate]):
    """Limits that are given in one unit, with their phases, in the unit asked for; each is worked out once.

    What is against the rules is no reason to fail: a limit below 0 is 0, 0 phases count as 1.
    """

    def __init__(self, given: Unit, asked: Unit, voltage: float) -> None:
        super().__init__()
        self.is_same = given is asked
        self.to_watt = asked is Unit.W
        self.volts, self.divisor = _ratio(voltage)

    def __missing__(self, key: tuple[float, int]) -> Rate:
        limit, phases = key
        if not limit < NO_LIMIT_FROM:
            rate = Rate(0, 0, phases)
        else:
            numerator, denominator = _ratio(max(limit, 0))
            volts = self.volts * max(phases, 1)
            if self.is_same:
                rate = Rate(numerator, denominator, phases)
            elif self.to_watt:
                rate = Rate(numerator * volts, denominator * self.divisor, phases)
            else:
                rate = Rate(numerator * self.divisor, denominator * volts, phases)
        self[key] = rate
        return rate

    def known(self, limit: float | None, phases: int) -> Rate:
        return self[inf if limit is None else limit, phases]


def _ratio(number: float) -> tuple[int, int]:
    """The decimal number that was meant: 8.1 is 81/10, whatever its bits say."""
    tenths = round(number * 10)
    if tenths / 10 == number:
        return tenths, 10
    return Decimal(repr(number)).as_integer_ratio()


# --- stacks -------------------------------------------------------------------------------------------


class Stack(NamedTuple):
    """profiles: the one that counts most first. anchor: the second from which those without a start count."""

    profiles: list[ChargingProfile]
    anchor: int


def _stack(
    held: Sequence[ChargingProfile], evse: int, transaction: RunningTransaction | None, window: _Window
) -> Stack:
    """The profiles of one EVSE; a TxProfile counts more than any default."""
    defaults = _ordered(held, Purpose.TX_DEFAULT, evse)
    if transaction is None:
        return Stack(defaults, window.start)
    meant = ("", transaction.transaction_id)
    own = [one for one in _ordered(held, Purpose.TX, evse) if one.evse and one.transaction_id in meant]
    if any(_counts_from_transaction(one) for one in own + defaults):
        return Stack(own + defaults, _seconds(transaction.started_at))
    return Stack(own + defaults, window.start)


def _counts_from_transaction(profile: ChargingProfile) -> bool:
    return profile.kind is Kind.RELATIVE or profile.schedule.start is None


def _ordered(held: Sequence[ChargingProfile], purpose: Purpose, evse: int) -> list[ChargingProfile]:
    """Highest level first; on one level the EVSE's own before that of EVSE 0, then the later one."""
    found = [one for one in held if one.purpose is purpose and one.evse in (0, evse)]
    found.reverse()
    found.sort(key=lambda one: (one.stack_level, one.evse), reverse=True)
    return found


# --- painting -----------------------------------------------------------------------------------------


Step = tuple[int, int, Rate]
"""From this second on, in this stack, this holds. A stack's steps begin with the window."""

MAXIMUM = -1  # the stack of ChargePointMaxProfiles, behind those of EVSEs, which count from 0


def _painted(stack: Stack, window: _Window, rates: Mapping[Unit, _Rates], which: int) -> list[Step]:
    """The limit that a stack gives over the window, in no order."""
    gaps = [(window.start, window.end)]
    steps: list[Step] = []
    for profile in stack.profiles:
        periods = {period.start_s: period for period in profile.schedule.periods}
        offsets = sorted(periods)
        known = rates[profile.schedule.unit]
        for base, begin, end in _occurrences(profile, offsets, window, stack.anchor):
            for part_begin, part_end in _taken(gaps, begin, end):
                inside = bisect_right(offsets, part_begin - base) - 1
                behind = bisect_left(offsets, part_end - base)
                for offset in offsets[inside:behind]:
                    _, limit, phases = periods[offset]
                    steps.append((max(part_begin, base + offset), which, known[limit, phases]))
        if not gaps:
            break
    steps.extend((begin, which, NOTHING) for begin, _ in gaps)
    return steps


def _occurrences(
    profile: ChargingProfile, offsets: Sequence[int], window: _Window, anchor: int
) -> Iterator[tuple[int, int, int]]:
    """When a profile gives limits inside the window: base of its periods, first second, end (exclusive)."""
    schedule = profile.schedule
    begin = window.start if profile.valid_from is None else max(window.start, _seconds(profile.valid_from))
    end = window.end if profile.valid_to is None else min(window.end, _seconds(profile.valid_to))
    if begin >= end or not offsets:
        return
    base = anchor if schedule.start is None or profile.kind is Kind.RELATIVE else _seconds(schedule.start)
    length = end - base if schedule.duration_s is None else schedule.duration_s
    bases: Iterable[int] = (base,)
    if profile.kind is Kind.RECURRING and profile.recurrency_kind is not None:
        every = RECURS_AFTER_S[profile.recurrency_kind]
        length = every if schedule.duration_s is None else min(every, length)
        bases = range(base + max(0, (begin - base) // every) * every, end, every)
    first = max(0, offsets[0])
    for one in bases:
        low, high = max(begin, one + first), min(end, one + length)
        if low < high:
            yield one, low, high


def _taken(gaps: list[tuple[int, int]], begin: int, end: int) -> list[tuple[int, int]]:
    """Take [begin, end) out of the gaps, which are in order; returns the parts of it that were gaps."""
    first = bisect_right(gaps, begin, key=itemgetter(1))
    last, taken, rest = first, [], []
    while last < len(gaps) and gaps[last][0] < end:
        low, high = gaps[last]
        taken.append((max(low, begin), min(high, end)))
        if low < begin:
            rest.append((low, begin))
        if high > end:
            rest.append((end, high))
        last += 1
    gaps[first:last] = rest
    return taken


# --- the minimum of all -------------------------------------------------------------------------------


class _Bounds:
    """What any moment comes to, each combination of rates worked out once.

    evses: how many have each stack; each is held to `local`, their sum to `grid` and to the maximum.
    rates: all that occur.
    """

    def __init__(self, evses: Sequence[int], local: Rate, grid: Rate, rates: Iterable[Rate]) -> None:
        self.evses = evses
        self.scale = lcm(*{rate.denominator for rate in (*rates, local, grid)} - {0})
        self.local_phases = local.phases
        self.local, self.grid = self.amount(local), self.amount(grid)
        self.outcomes: dict[tuple[Rate, ...], tuple[float, int]] = {}

    def amount(self, rate: Rate) -> float:
        return rate.numerator * (self.scale // rate.denominator) if rate.denominator else inf

    def outcome(self, rates: tuple[Rate, ...]) -> tuple[float, int]:
        """Limit, rounded down to one decimal, and phases. rates: one of each stack, last the maximum."""
        if (known := self.outcomes.get(rates)) is not None:
            return known
        *courses, maximum = rates
        levels = [min(self.amount(rate), self.local) for rate in courses]
        # an inf cannot be added to a whole number that is larger than any float
        total = inf if inf in levels else sum(map(mul, levels, self.evses))
        lowest = min(total, self.amount(maximum), self.grid)
        limit = inf if lowest == inf else int(lowest) * 10 // self.scale / 10
        phases = max(min(rate.phases, self.local_phases) for rate in courses)
        self.outcomes[rates] = outcome = limit, min(phases, maximum.phases)
        return outcome


def _lowest(steps: list[Step], bounds: _Bounds) -> Iterator[tuple[int, tuple[float, int]]]:
    """Second since 1970 and outcome, wherever the outcome changes."""
    steps.sort(key=itemgetter(0))
    current = [NOTHING] * (len(bounds.evses) + 1)
    before: tuple[float, int] | None = None
    following = [at for at, _, _ in steps[1:]]
    for (at, which, rate), next_at in zip(steps, (*following, inf), strict=True):
        current[which] = rate
        if next_at != at and (outcome := bounds.outcome(tuple(current))) != before:
            before = outcome
            yield at, outcome
