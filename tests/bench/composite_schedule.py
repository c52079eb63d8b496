"""`python -m tests.bench.composite_schedule`: composing 1,000 profiles of 24 periods over 24 h.

Milliseconds of CPU, best and median of --rounds, for stacks of different shapes. The target is 50 ms.
"""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from time import process_time

from csms.domain.charging_profiles import (
    ChargingProfile,
    ChargingSchedule,
    Kind,
    Period,
    Purpose,
    RecurrencyKind,
    RunningTransaction,
    Unit,
)
from csms.domain.charging_schedules import Hardware, composite_schedule

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY_S = 86_400
PERIODS = 24
HARDWARE = Hardware(evses=2, evse_limit_a=32, grid_limit_a=63)
RUNNING = (RunningTransaction(1, "1", START - timedelta(hours=1)),)


def _schedule(random: Random, length_s: int, begin_s: int, unit: Unit = Unit.A) -> ChargingSchedule:
    periods = tuple(
        Period(index * length_s // PERIODS, random.randint(60, 320) / 10 * (690 if unit is Unit.W else 1))
        for index in range(PERIODS)
    )
    return ChargingSchedule(unit, periods, START + timedelta(seconds=begin_s), length_s)


def daily(random: Random, number: int, count: int) -> ChargingProfile:
    """Every profile covers the whole day, every day: the highest hides all others."""
    return ChargingProfile(
        profile_id=number,
        evse=0,
        purpose=Purpose.TX_DEFAULT,
        stack_level=number,
        kind=Kind.RECURRING,
        recurrency_kind=RecurrencyKind.DAILY,
        schedule=_schedule(random, DAY_S, -30 * DAY_S),
    )


def in_turn(random: Random, number: int, count: int) -> ChargingProfile:
    """Each has its own stretch of the day: all periods of all profiles show."""
    return ChargingProfile(
        profile_id=number,
        evse=0,
        purpose=Purpose.TX_DEFAULT,
        stack_level=number,
        kind=Kind.ABSOLUTE,
        schedule=_schedule(random, DAY_S // count, number * DAY_S // count),
    )


def mixed(random: Random, number: int, count: int) -> ChargingProfile:
    """All purposes, both units, stretches of 5 minutes to 8 hours anywhere in the day."""
    purpose = random.choice(list(Purpose))
    return ChargingProfile(
        profile_id=number,
        evse=1 if purpose is Purpose.TX else 0,
        purpose=purpose,
        stack_level=number,
        kind=Kind.ABSOLUTE,
        schedule=_schedule(
            random, random.randint(300, 28_800), random.randrange(DAY_S), random.choice(list(Unit))
        ),
    )


SHAPES: tuple[Callable[[Random, int, int], ChargingProfile], ...] = (daily, in_turn, mixed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    print(f"{options.profiles} profiles of {PERIODS} periods over 24 h, ms of CPU")
    print(f"{'shape':<10}{'EVSE':>5}{'periods':>9}{'best':>8}{'median':>8}")
    for shape in SHAPES:
        random = Random(1)
        profiles = [shape(random, number, options.profiles) for number in range(options.profiles)]
        for evse in (1, 0):
            times = []
            for _ in range(options.rounds):
                before = process_time()
                result = composite_schedule(
                    profiles, evse=evse, start=START, duration_s=DAY_S, hardware=HARDWARE, running=RUNNING
                )
                times.append((process_time() - before) * 1000)
            print(
                f"{shape.__name__:<10}{evse:>5}{len(result.periods):>9}{min(times):>8.1f}{median(times):>8.1f}"
            )


if __name__ == "__main__":
    main()
