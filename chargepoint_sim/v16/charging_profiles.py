"""The arithmetic of charging profiles: what limit holds when, and the composite schedule (section 3.13).

Theory. Each installed profile gives a limit at some moments and none at others. Within one purpose the
highest stack level that gives one decides. What a transaction may take is decided by its own profile, else
by the default; the maximum of the charge point and the limits of the hardware cut that further. All profiles
only change at moments that can be listed (`changes`), so a schedule is the limit at each of those.

Nothing in here knows of charge points, clocks or messages: moments are seconds since 1970, profiles come as
`Profile`, limits go as `Limit`.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from ocpp_core.v16.types import ChargingProfilePurposeType as Purpose
from ocpp_core.v16.types import ChargingRateUnitType as Unit

DAY = 86400
WEEK = 7 * DAY
DEFAULT_PHASES = 3
"""What a period means that names no phases (erratum 3.69)."""


class Limit(NamedTuple):
    """At most this much: ampere a phase, or watts in total, on so many phases."""

    value: float
    unit: Unit
    phases: int = DEFAULT_PHASES

    def to(self, unit: Unit, voltage: float) -> float:
        """The same in another unit, not rounded."""
        if unit is self.unit:
            return self.value
        factor = voltage * max(1, self.phases)
        return self.value * factor if unit is Unit.W else self.value / factor


class Period(msgspec.Struct, frozen=True):
    """From `start` seconds after the schedule's begin until the next one."""

    start: int
    limit: float
    phases: int | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """An installed profile. All times are seconds since 1970."""

    profile_id: int
    connector: int
    purpose: Purpose
    stack_level: int
    unit: Unit
    periods: tuple[Period, ...]
    """Ascending, the first at 0."""
    start: int | None = None
    """None: the schedule counts from the start of the transaction."""
    duration: int | None = None
    every: int | None = None
    """Seconds from one recurrence to the next."""
    valid_from: int | None = None
    valid_to: int | None = None
    transaction: int | None = None
    """For a transaction profile: the only transaction that it counts for."""


class Session(NamedTuple):
    """The transaction that runs on a connector."""

    transaction: int
    start: int


class Site(NamedTuple):
    """What the hardware allows, and what runs on it."""

    voltage: float
    local: Sequence[Limit]
    """Of connectors 1, 2, ..."""
    grid: Limit | None = None
    """Of all together; None: their sum."""
    sessions: dict[int, Session] = {}
    """By connector."""


class Rule(NamedTuple):
    """A limit for a stretch of a composite schedule."""

    start: int
    limit: float
    phases: int


def install(installed: Iterable[Profile], profile: Profile) -> list[Profile]:
    """Add a profile; it replaces one of the same id, and one of the same connector, purpose and level."""
    place = (profile.connector, profile.purpose, profile.stack_level)
    kept = [
        other
        for other in installed
        if other.profile_id != profile.profile_id
        and (other.connector, other.purpose, other.stack_level) != place
    ]
    return [*kept, profile]


def limit_at(profile: Profile, at: float, anchor: int) -> Limit | None:
    """What one profile says at a moment. anchor: the start of the transaction, or now when there is none."""
    if profile.valid_from is not None and at < profile.valid_from:
        return None
    if profile.valid_to is not None and at >= profile.valid_to:
        return None
    base = anchor if profile.start is None else profile.start
    duration = profile.duration
    if profile.every is not None:
        base += max(0, int((at - base) // profile.every)) * profile.every
        duration = profile.every if duration is None else min(duration, profile.every)
    elapsed = at - base
    if elapsed < 0 or (duration is not None and elapsed >= duration):
        return None
    period = next((p for p in reversed(profile.periods) if p.start <= elapsed), None)
    if period is None:
        return None
    return Limit(period.limit, profile.unit, DEFAULT_PHASES if period.phases is None else period.phases)


def changes(profile: Profile, after: float, until: float, anchor: int) -> set[int]:
    """The moments in (after, until) at which what a profile says may change."""
    base = anchor if profile.start is None else profile.start
    offsets = [period.start for period in profile.periods]
    if profile.duration is not None:
        offsets.append(profile.duration)
    if profile.every is None:
        moments = {base + offset for offset in offsets}
    else:
        first = max(0, int((after - base) // profile.every))
        last = max(0, int((until - base) // profile.every))
        inside = [offset for offset in offsets if offset <= profile.every]
        moments = {base + k * profile.every + o for k in range(first, last + 1) for o in [*inside, 0]}
    moments.update(moment for moment in (profile.valid_from, profile.valid_to) if moment is not None)
    return {moment for moment in moments if after < moment < until}


def next_change(installed: Iterable[Profile], site: Site, now: float) -> int | None:
    """When, after now, a profile says something else than it does now; None = never again.

    Looks ahead two weeks at most, which is later than any recurrence; then it is time to look again.
    """
    anchors = {session.start for session in site.sessions.values()} or {int(now)}
    horizon = now + 2 * WEEK
    moments: set[int] = set()
    far = False
    for profile in installed:
        for anchor in anchors:
            moments |= changes(profile, now, horizon, anchor)
        far = far or profile.start is None or profile.start > horizon or profile.valid_from is not None
    if moments:
        return min(moments)
    return int(horizon) if far else None


def session_limit(
    installed: Iterable[Profile], site: Site, connector: int, at: float, now: float
) -> Limit | None:
    """What profiles say of a connector by itself: those of its transaction, else the defaults."""
    session = site.sessions.get(connector)
    anchor = int(now) if session is None else session.start
    own, default = [], []
    for profile in installed:
        if profile.purpose is Purpose.TX_PROFILE:
            if (
                profile.connector == connector
                and session is not None
                and profile.transaction in (None, session.transaction)
            ):
                own.append(profile)
        elif profile.purpose is Purpose.TX_DEFAULT_PROFILE and profile.connector in (0, connector):
            default.append(profile)
    found = _top(own, at, anchor)
    return _top(default, at, anchor) if found is None else found


def station_limit(installed: Iterable[Profile], at: float, now: float) -> Limit | None:
    """What the maximum profiles of the charge point say; it bounds the sum of all connectors."""
    maxima = [p for p in installed if p.purpose is Purpose.CHARGE_POINT_MAX_PROFILE]
    return _top(maxima, at, int(now))


def composite(
    installed: Sequence[Profile], site: Site, connector: int, *, now: int, duration: int, unit: Unit
) -> list[Rule]:
    """The limits of one connector (0: of all together) from now on, neighbours merged.

    duration: seconds, > 0.    Returns limits in `unit`, cut to one decimal; starts are seconds from now.
    """
    numbers = range(1, len(site.local) + 1) if connector == 0 else (connector,)
    anchors = {site.sessions[n].start if n in site.sessions else now for n in numbers} | {now}
    moments = {now}
    for profile in installed:
        for anchor in anchors:
            moments |= changes(profile, now, now + duration, anchor)
    rules: list[Rule] = []
    for at in sorted(moments):
        value, phases = _at(installed, site, connector, at, now, unit)
        rule = Rule(at - now, math.floor(value * 10 + 1e-6) / 10, phases)
        if not rules or rules[-1][1:] != rule[1:]:
            rules.append(rule)
    return rules


def _at(
    installed: Sequence[Profile], site: Site, connector: int, at: int, now: int, unit: Unit
) -> tuple[float, int]:
    """The value and the phases of a composite schedule at one moment."""
    if connector:
        value, phases = _connector_at(installed, site, connector, at, now, unit)
    else:
        parts = [
            _connector_at(installed, site, number, at, now, unit) for number in range(1, len(site.local) + 1)
        ]
        value, phases = sum(v for v, _ in parts), max(p for _, p in parts)
        if site.grid is not None:
            value = min(value, site.grid.to(unit, site.voltage))
    maximum = station_limit(installed, at, now)
    if maximum is not None:
        value, phases = min(value, maximum.to(unit, site.voltage)), min(phases, maximum.phases)
    return value, phases


def _connector_at(
    installed: Sequence[Profile], site: Site, connector: int, at: int, now: int, unit: Unit
) -> tuple[float, int]:
    local = site.local[connector - 1]
    value, phases = local.to(unit, site.voltage), local.phases
    limit = session_limit(installed, site, connector, at, now)
    if limit is not None:
        value, phases = min(value, limit.to(unit, site.voltage)), min(phases, limit.phases)
    return value, phases


def _top(profiles: Iterable[Profile], at: float, anchor: int) -> Limit | None:
    """The limit of the highest stack level that gives one; of two, that of the connector before that of 0."""
    best: tuple[int, bool] | None = None
    found: Limit | None = None
    for profile in profiles:
        rank = (profile.stack_level, profile.connector != 0)
        if best is None or rank > best:
            limit = limit_at(profile, at, anchor)
            if limit is not None:
                best, found = rank, limit
    return found
