"""Charging profiles: what they are, what is wrong with one, and which are installed after a change.

What they amount to over time stands in `charging_schedules`. Times are aware datetimes. `evse` 0 is the
whole charge point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum
from math import isfinite
from typing import NamedTuple


class Purpose(StrEnum):
    CHARGE_POINT_MAX = "ChargePointMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class Kind(StrEnum):
    """Absolute counts from the schedule's start, Recurring repeats from it, Relative counts from the
    start of the transaction."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class RecurrencyKind(StrEnum):
    DAILY = "Daily"
    WEEKLY = "Weekly"


class Unit(StrEnum):
    """Ampere are per phase, watt are the total."""

    A = "A"
    W = "W"


class Period(NamedTuple):
    """A limit from `start_s` (seconds after the start of its schedule) until the next one.

    phases: on how many the limit holds; a profile that does not say means 3.
    """

    start_s: int
    limit: float
    phases: int = 3


@dataclass(frozen=True, slots=True)
class ChargingSchedule:
    """Periods in ascending order, the first at 0.

    start: None counts from the start of the transaction. duration_s: None goes on for ever.
    min_charging_rate: a hint for whoever shares out power; it never changes a limit.
    """

    unit: Unit
    periods: tuple[Period, ...]
    start: datetime | None = None
    duration_s: int | None = None
    min_charging_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """A profile and where it is set.

    transaction_id: "" when it names none. valid_to is the first moment at which it is no longer valid.
    """

    profile_id: int
    evse: int
    purpose: Purpose
    stack_level: int
    kind: Kind
    schedule: ChargingSchedule
    recurrency_kind: RecurrencyKind | None = None
    transaction_id: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunningTransaction:
    """There is at most one on an EVSE."""

    evse: int
    transaction_id: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileLimits:
    """What a charge point takes, as its settings say; None: it did not say."""

    evses: int | None = None
    max_stack_level: int | None = None
    max_periods: int | None = None
    max_installed: int | None = None
    units: frozenset[Unit] | None = None


# --- what is wrong with a profile ---------------------------------------------------------------------


class Rule(Enum):
    """Stable words for API clients; the value is the sentence for people."""

    UNKNOWN_EVSE = "This charge point has no such EVSE."
    PURPOSE_NOT_HERE = "A profile with this purpose cannot be set there."
    ONLY_TX_PROFILE_STARTS = "A profile that comes with a remote start is a TxProfile."
    TRANSACTION_NEEDED = "A TxProfile needs a transaction that runs on its EVSE."
    TRANSACTION_NOT_EXPECTED = "This profile cannot name a transaction."
    STACK_LEVEL = "The stack level is out of range."
    KIND = "A maximum of the charge point cannot be relative to a transaction."
    RECURRENCY = "A recurring profile says how it recurs, and no other does."
    START = "A recurring schedule has a start, a relative one has none."
    VALIDITY = "The profile is never valid."
    DURATION = "A duration is at least one second."
    UNIT = "The charge point does not take this unit."
    NO_PERIOD = "A schedule has at least one period."
    FIRST_PERIOD = "The first period starts at 0."
    PERIOD_ORDER = "Each period starts later than the one before it."
    TOO_MANY_PERIODS = "The charge point does not take so many periods."
    LIMIT = "A limit is a number from 0 with at most one decimal."
    PHASES = "A limit holds on 1, 2 or 3 phases."
    TOO_MANY_PROFILES = "The charge point does not hold so many profiles."


@dataclass(frozen=True, slots=True)
class Problem:
    """member: the part of the profile that is to blame, as a path. detail: names the thing and the value."""

    rule: Rule
    member: str
    detail: str


def problems(
    profile: ChargingProfile,
    *,
    limits: ProfileLimits | None = None,
    installed_profiles: Sequence[ChargingProfile] = (),
    running: Iterable[RunningTransaction] = (),
    with_remote_start: bool = False,
) -> tuple[Problem, ...]:
    """Everything that speaks against a profile; nothing when it may be sent.

    installed_profiles: those that the charge point holds already.
    running: its running transactions.
    with_remote_start: it shall come with a remote start: for the transaction that this makes.
    An Absolute schedule without a start is no problem: it counts from the start of the transaction.
    Source: OCPP 1.6 3.13, 5.16, 7.8 to 7.14, 9.4; errata 3.38, 3.45, 3.56; 2.0.1 K01 where 1.6 is silent.
    """
    limits = limits or ProfileLimits()
    return (
        *_place(profile, limits),
        *(_remote_start(profile) if with_remote_start else _transaction(profile, running)),
        *_timing(profile),
        *_schedule(profile.schedule, limits),
        *_room(profile, limits, installed_profiles),
    )


def _place(profile: ChargingProfile, limits: ProfileLimits) -> Iterator[Problem]:
    evse, purpose = profile.evse, profile.purpose
    if evse < 0 or (limits.evses is not None and evse > limits.evses):
        has = "" if limits.evses is None else f": this charge point has {limits.evses}"
        yield Problem(Rule.UNKNOWN_EVSE, "evse", f"EVSE {evse}{has}")
    elif (purpose is Purpose.CHARGE_POINT_MAX and evse) or (purpose is Purpose.TX and not evse):
        needed = "0" if evse else "1 or higher"
        yield Problem(Rule.PURPOSE_NOT_HERE, "evse", f"EVSE {evse}: a {purpose} needs {needed}")
    if profile.stack_level < 0:
        yield Problem(Rule.STACK_LEVEL, "stack_level", f"stack level {profile.stack_level}: the lowest is 0")
    elif limits.max_stack_level is not None and profile.stack_level > limits.max_stack_level:
        detail = f"stack level {profile.stack_level}: this charge point's highest is {limits.max_stack_level}"
        yield Problem(Rule.STACK_LEVEL, "stack_level", detail)


def _remote_start(profile: ChargingProfile) -> Iterator[Problem]:
    if profile.purpose is not Purpose.TX:
        yield Problem(Rule.ONLY_TX_PROFILE_STARTS, "purpose", f"this one is a {profile.purpose}")
    if profile.transaction_id:
        detail = f"transaction {profile.transaction_id}: the one to be started has no id yet"
        yield Problem(Rule.TRANSACTION_NOT_EXPECTED, "transaction_id", detail)


def _transaction(profile: ChargingProfile, running: Iterable[RunningTransaction]) -> Iterator[Problem]:
    named = profile.transaction_id
    if profile.purpose is not Purpose.TX:
        if named:
            detail = f"transaction {named}: a {profile.purpose} is for all of them"
            yield Problem(Rule.TRANSACTION_NOT_EXPECTED, "transaction_id", detail)
        return
    here = [one.transaction_id for one in running if one.evse == profile.evse]
    if not here:
        yield Problem(Rule.TRANSACTION_NEEDED, "evse", f"EVSE {profile.evse}: no transaction runs there")
    elif named and named not in here:
        detail = f"transaction {named}: transaction {here[0]} runs on EVSE {profile.evse}"
        yield Problem(Rule.TRANSACTION_NEEDED, "transaction_id", detail)


def _timing(profile: ChargingProfile) -> Iterator[Problem]:
    kind, start = profile.kind, profile.schedule.start
    if kind is Kind.RELATIVE and profile.purpose is Purpose.CHARGE_POINT_MAX:
        yield Problem(Rule.KIND, "kind", f"a {profile.purpose} is {Kind.ABSOLUTE} or {Kind.RECURRING}")
    if (kind is Kind.RECURRING) != (profile.recurrency_kind is not None):
        detail = f"{kind} with {profile.recurrency_kind or 'no recurrency kind'}"
        yield Problem(Rule.RECURRENCY, "recurrency_kind", detail)
    if kind is Kind.RECURRING and start is None:
        yield Problem(Rule.START, "schedule.start", f"{kind} without a start")
    if kind is Kind.RELATIVE and start is not None:
        yield Problem(Rule.START, "schedule.start", f"{kind} with a start, {start.isoformat()}")
    if (
        profile.valid_from is not None
        and profile.valid_to is not None
        and profile.valid_to <= profile.valid_from
    ):
        detail = f"valid to {profile.valid_to.isoformat()}, from {profile.valid_from.isoformat()}"
        yield Problem(Rule.VALIDITY, "valid_to", detail)


def _schedule(schedule: ChargingSchedule, limits: ProfileLimits) -> Iterator[Problem]:
    periods = schedule.periods
    if schedule.duration_s is not None and schedule.duration_s < 1:
        yield Problem(Rule.DURATION, "schedule.duration_s", f"duration {schedule.duration_s} s")
    if limits.units is not None and schedule.unit not in limits.units:
        detail = (
            f"unit {schedule.unit}: this charge point takes {' and '.join(sorted(limits.units)) or 'none'}"
        )
        yield Problem(Rule.UNIT, "schedule.unit", detail)
    if not periods:
        yield Problem(Rule.NO_PERIOD, "schedule.periods", "no period")
    elif periods[0].start_s:
        yield Problem(Rule.FIRST_PERIOD, "schedule.periods[0].start_s", f"starts at {periods[0].start_s} s")
    if limits.max_periods is not None and len(periods) > limits.max_periods:
        detail = f"{len(periods)} periods: this charge point takes {limits.max_periods}"
        yield Problem(Rule.TOO_MANY_PERIODS, "schedule.periods", detail)
    if (rate := schedule.min_charging_rate) is not None and not _is_limit(rate):
        yield Problem(Rule.LIMIT, "schedule.min_charging_rate", f"minimum charging rate {rate}")
    for index, period in enumerate(periods):
        place = f"schedule.periods[{index}]"
        if index and period.start_s <= periods[index - 1].start_s:
            detail = f"{period.start_s} s after {periods[index - 1].start_s} s"
            yield Problem(Rule.PERIOD_ORDER, f"{place}.start_s", detail)
        if not _is_limit(period.limit):
            yield Problem(Rule.LIMIT, f"{place}.limit", f"limit {period.limit}")
        if not 1 <= period.phases <= 3:
            yield Problem(Rule.PHASES, f"{place}.phases", f"{period.phases} phases")


def _is_limit(number: float) -> bool:
    if not isfinite(number) or number < 0:
        return False
    # Decimal, because 16.1 % 0.1 is 0.0999... in binary; its exponent, because a remainder of 1e300 overflows
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -1


def _room(
    profile: ChargingProfile, limits: ProfileLimits, installed_profiles: Sequence[ChargingProfile]
) -> Iterator[Problem]:
    if limits.max_installed is None:
        return
    count = len(installed(installed_profiles, profile))
    if count > max(limits.max_installed, len(installed_profiles)):  # one that only replaces is no problem
        detail = f"it would be number {count}: this charge point holds {limits.max_installed}"
        yield Problem(Rule.TOO_MANY_PROFILES, "", detail)


# --- which are installed ------------------------------------------------------------------------------


def installed(profiles: Iterable[ChargingProfile], new: ChargingProfile) -> tuple[ChargingProfile, ...]:
    """The profiles of a charge point once it has accepted `new`, in order of installation.

    A profile with the same id goes, wherever it is set, and so does the one with the same EVSE, purpose and
    stack level. It goes at once, also when `new` becomes valid later only.
    Source: OCPP 1.6 3.13.2, 5.16. Its text keys by purpose and stack level alone; taken literally a profile
    on one connector would replace that of another, so everybody keys by connector too.
    """
    return (*(one for one in profiles if not _replaces(new, one)), new)


def _replaces(new: ChargingProfile, old: ChargingProfile) -> bool:
    return new.profile_id == old.profile_id or (
        (new.evse, new.purpose, new.stack_level) == (old.evse, old.purpose, old.stack_level)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearCriteria:
    """Which profiles to clear; None: whatever it is. evse 0: those that are set on EVSE 0, no others."""

    profile_id: int | None = None
    evse: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None

    def match(self, profile: ChargingProfile) -> bool:
        """An id stands alone: the other criteria are not looked at then.

        Source: OCPP 1.6 errata 3.26. Errata 3.25 reads as the conjunction of all; the two differ only
        when an id and others are given.
        """
        if self.profile_id is not None:
            return profile.profile_id == self.profile_id
        return (
            self.evse in (None, profile.evse)
            and self.purpose in (None, profile.purpose)
            and self.stack_level in (None, profile.stack_level)
        )


def clear(
    profiles: Iterable[ChargingProfile], criteria: ClearCriteria
) -> tuple[tuple[ChargingProfile, ...], tuple[ChargingProfile, ...]]:
    """What is left and what went, each in the order given.

    The charge point's answer to that is Unknown when nothing went, else Accepted.

    Source: OCPP 1.6 5.5.
    """
    left: list[ChargingProfile] = []
    gone: list[ChargingProfile] = []
    for profile in profiles:
        (gone if criteria.match(profile) else left).append(profile)
    return tuple(left), tuple(gone)


def after_transaction(profiles: Iterable[ChargingProfile], *, evse: int) -> tuple[ChargingProfile, ...]:
    """The profiles that are left when the transaction on `evse` has ended: its TxProfiles are gone.

    Source: OCPP 1.6 3.13.1.
    """
    return tuple(one for one in profiles if one.purpose is not Purpose.TX or one.evse != evse)
