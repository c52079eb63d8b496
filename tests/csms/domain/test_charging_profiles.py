"""What is wrong with a charging profile, and which are installed after a change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.charging_profiles import (
    ChargingProfile,
    ChargingSchedule,
    ClearCriteria,
    Kind,
    Period,
    ProfileLimits,
    Purpose,
    RecurrencyKind,
    Rule,
    RunningTransaction,
    Unit,
    after_transaction,
    clear,
    installed,
    problems,
)
from ocpp_core.v16 import types

NOW = datetime(2024, 5, 6, 10, tzinfo=UTC)
RUNNING = (RunningTransaction(1, "7", NOW), RunningTransaction(2, "8", NOW))
LIMITS = ProfileLimits(evses=2, max_stack_level=10, max_periods=3, max_installed=2, units=frozenset({Unit.A}))


def schedule(*periods, unit=Unit.A, start=NOW, **members):
    return ChargingSchedule(unit, periods or (Period(0, 16),), start, **members)


def profile(number=1, **members):
    defaults = {
        "profile_id": number, "evse": 0, "purpose": Purpose.TX_DEFAULT, "stack_level": 0,
        "kind": Kind.ABSOLUTE, "schedule": schedule(),
    }  # fmt: skip
    return ChargingProfile(**defaults | members)


def tx_profile(number=1, **members):
    return profile(number, **{"purpose": Purpose.TX, "evse": 1, "transaction_id": "7"} | members)


def recurring(**members):
    return profile(**{"kind": Kind.RECURRING, "recurrency_kind": RecurrencyKind.DAILY} | members)


def found(*arguments, **keywords):
    return [(one.rule, one.member, one.detail) for one in problems(*arguments, **keywords)]


@pytest.mark.parametrize(
    ("ours", "standard"),
    [
        (Purpose, types.ChargingProfilePurposeType), (Kind, types.ChargingProfileKindType),
        (RecurrencyKind, types.RecurrencyKindType), (Unit, types.ChargingRateUnitType),
    ],
)  # fmt: skip
def test_the_words_are_the_standards(ours, standard):
    assert {one.value for one in ours} == {one.value for one in standard}


# --- what is wrong with a profile (3.13, 5.16, 7.8 to 7.14) -----------------------------------------------


@pytest.mark.parametrize(
    "legal",
    [
        profile(),
        profile(evse=2, stack_level=10),
        profile(purpose=Purpose.CHARGE_POINT_MAX),
        tx_profile(),
        tx_profile(transaction_id=""),
        recurring(),
        recurring(recurrency_kind=RecurrencyKind.WEEKLY),
        profile(kind=Kind.RELATIVE, schedule=schedule(start=None)),
        profile(schedule=schedule(start=None)),
        profile(valid_from=NOW, valid_to=NOW + timedelta(microseconds=1)),
        profile(valid_to=NOW),
        profile(valid_from=NOW),
        profile(
            schedule=schedule(
                Period(0, 0), Period(1, 16.1, 1), Period(9, 32.0, 2), duration_s=1, min_charging_rate=8.1
            )
        ),
    ],
    ids=range(13),
)
def test_nothing_speaks_against_a_legal_profile(legal):
    assert found(legal, limits=LIMITS, running=RUNNING) == []


TEN = "2024-05-06T10:00:00+00:00"


@pytest.mark.parametrize(
    ("illegal", "rule", "member", "detail"),
    [
        (profile(evse=3), Rule.UNKNOWN_EVSE, "evse", "EVSE 3: this charge point has 2"),
        (profile(evse=-1), Rule.UNKNOWN_EVSE, "evse", "EVSE -1: this charge point has 2"),
        (profile(purpose=Purpose.CHARGE_POINT_MAX, evse=1), Rule.PURPOSE_NOT_HERE, "evse",
         "EVSE 1: a ChargePointMaxProfile needs 0"),
        (profile(stack_level=-1), Rule.STACK_LEVEL, "stack_level", "stack level -1: the lowest is 0"),
        (profile(stack_level=11), Rule.STACK_LEVEL, "stack_level",
         "stack level 11: this charge point's highest is 10"),
        (profile(transaction_id="7"), Rule.TRANSACTION_NOT_EXPECTED, "transaction_id",
         "transaction 7: a TxDefaultProfile is for all of them"),
        (tx_profile(transaction_id="8"), Rule.TRANSACTION_NEEDED, "transaction_id",
         "transaction 8: transaction 7 runs on EVSE 1"),
        (profile(purpose=Purpose.CHARGE_POINT_MAX, kind=Kind.RELATIVE, schedule=schedule(start=None)),
         Rule.KIND, "kind", "a ChargePointMaxProfile is Absolute or Recurring"),
        (recurring(recurrency_kind=None), Rule.RECURRENCY, "recurrency_kind",
         "Recurring with no recurrency kind"),
        (recurring(kind=Kind.ABSOLUTE), Rule.RECURRENCY, "recurrency_kind", "Absolute with Daily"),
        (recurring(schedule=schedule(start=None)), Rule.START, "schedule.start", "Recurring without a start"),
        (profile(kind=Kind.RELATIVE), Rule.START, "schedule.start", f"Relative with a start, {TEN}"),
        (profile(valid_from=NOW, valid_to=NOW), Rule.VALIDITY, "valid_to",
         f"valid to {TEN}, from {TEN}"),
        (profile(schedule=schedule(duration_s=0)), Rule.DURATION, "schedule.duration_s", "duration 0 s"),
        (profile(schedule=schedule(unit=Unit.W)), Rule.UNIT, "schedule.unit",
         "unit W: this charge point takes A"),
        (profile(schedule=ChargingSchedule(Unit.A, (), NOW)), Rule.NO_PERIOD, "schedule.periods",
         "no period"),
        (profile(schedule=schedule(Period(1, 16))), Rule.FIRST_PERIOD, "schedule.periods[0].start_s",
         "starts at 1 s"),
        (profile(schedule=schedule(*(Period(at, 16) for at in range(4)))), Rule.TOO_MANY_PERIODS,
         "schedule.periods", "4 periods: this charge point takes 3"),
        (profile(schedule=schedule(Period(0, 16), Period(9, 6), Period(9, 8))), Rule.PERIOD_ORDER,
         "schedule.periods[2].start_s", "9 s after 9 s"),
        (profile(schedule=schedule(Period(0, 16), Period(9, 8.15))), Rule.LIMIT, "schedule.periods[1].limit",
         "limit 8.15"),
        (profile(schedule=schedule(min_charging_rate=0.01)), Rule.LIMIT, "schedule.min_charging_rate",
         "minimum charging rate 0.01"),
        (profile(schedule=schedule(Period(0, 16, 0))), Rule.PHASES, "schedule.periods[0].phases", "0 phases"),
        (profile(schedule=schedule(Period(0, 16, 4))), Rule.PHASES, "schedule.periods[0].phases", "4 phases"),
    ],
    ids=lambda value: value.name if isinstance(value, Rule) else "",
)  # fmt: skip
def test_each_rule_says_what_is_wrong_and_where(illegal, rule, member, detail):
    assert found(illegal, limits=LIMITS, running=RUNNING) == [(rule, member, detail)]


def test_a_tx_profile_needs_an_evse_with_a_transaction():
    assert found(tx_profile(evse=0), running=RUNNING) == [
        (Rule.PURPOSE_NOT_HERE, "evse", "EVSE 0: a TxProfile needs 1 or higher"),
        (Rule.TRANSACTION_NEEDED, "evse", "EVSE 0: no transaction runs there"),
    ]
    assert found(tx_profile(), running=RUNNING[1:]) == [
        (Rule.TRANSACTION_NEEDED, "evse", "EVSE 1: no transaction runs there")
    ]


def test_a_profile_that_comes_with_a_remote_start_is_a_tx_profile_without_a_transaction():
    """5.11: for the transaction that the start makes, so none has to run."""
    assert found(tx_profile(transaction_id=""), with_remote_start=True) == []
    assert found(profile(transaction_id="7"), with_remote_start=True) == [
        (Rule.ONLY_TX_PROFILE_STARTS, "purpose", "this one is a TxDefaultProfile"),
        (Rule.TRANSACTION_NOT_EXPECTED, "transaction_id",
         "transaction 7: the one to be started has no id yet"),
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [-0.1, -1, 0.05, 16.11, float("nan"), float("inf"), 1e-300])
def test_what_is_no_limit(limit):
    assert [one[0] for one in found(profile(schedule=schedule(Period(0, limit))))] == [Rule.LIMIT]


@given(st.integers(0, 10**9))
def test_every_tenth_is_a_limit(tenths):
    assert found(profile(schedule=schedule(Period(0, tenths / 10)))) == []


def test_what_the_charge_point_did_not_say_is_no_limit():
    generous = profile(
        evse=99, stack_level=999, schedule=schedule(*(Period(at, 1) for at in range(999)), unit=Unit.W)
    )
    assert found(generous, installed_profiles=[profile(number) for number in range(99)]) == []
    assert found(profile(evse=-1)) == [(Rule.UNKNOWN_EVSE, "evse", "EVSE -1")]
    assert found(profile(), limits=ProfileLimits(units=frozenset())) == [
        (Rule.UNIT, "schedule.unit", "unit A: this charge point takes none")
    ]


def test_one_profile_too_many():
    """9.4: MaxChargingProfilesInstalled; a profile that replaces another takes no more room."""
    full = [profile(1), profile(2, stack_level=1)]
    assert found(profile(3, stack_level=2), limits=LIMITS, installed_profiles=full) == [
        (Rule.TOO_MANY_PROFILES, "", "it would be number 3: this charge point holds 2")
    ]
    assert found(profile(3, stack_level=1), limits=LIMITS, installed_profiles=full) == []
    fuller = [*full, profile(3, stack_level=2)]
    assert found(profile(4, stack_level=2), limits=LIMITS, installed_profiles=fuller) == []
    assert found(profile(3, stack_level=2), limits=LIMITS, installed_profiles=full[:1]) == []


def test_all_problems_are_told_at_once():
    hopeless = profile(
        evse=9, stack_level=99, transaction_id="1", kind=Kind.RELATIVE, recurrency_kind=RecurrencyKind.DAILY,
        schedule=schedule(Period(5, -1, 9), unit=Unit.W),
    )  # fmt: skip
    assert {one.rule for one in problems(hopeless, limits=LIMITS)} == {
        Rule.UNKNOWN_EVSE, Rule.STACK_LEVEL, Rule.TRANSACTION_NOT_EXPECTED, Rule.RECURRENCY, Rule.START,
        Rule.UNIT, Rule.FIRST_PERIOD, Rule.LIMIT, Rule.PHASES,
    }  # fmt: skip


# --- which are installed (SetChargingProfile 5.16, ClearChargingProfile 5.5) ------------------------------

OLD = profile(1, evse=1, stack_level=3)


@pytest.mark.parametrize(
    ("new", "replaces"),
    [
        (profile(2, evse=1, stack_level=3), True),
        (profile(2, evse=1, stack_level=3, valid_from=NOW + timedelta(days=1)), True),
        (tx_profile(1, evse=2, stack_level=9), True),
        (profile(2, evse=1, stack_level=4), False),
        (profile(2, evse=2, stack_level=3), False),
        (profile(2, evse=0, stack_level=3), False),
        (tx_profile(2, evse=1, stack_level=3), False),
    ],
    ids=["same place", "valid later only", "same id", "other level", "other evse", "evse 0", "other purpose"],
)
def test_a_new_profile_replaces_the_one_with_its_id_and_the_one_in_its_place(new, replaces):
    other = profile(9, stack_level=9)
    assert installed([OLD, other], new) == ((other, new) if replaces else (OLD, other, new))


def test_one_profile_can_replace_two():
    assert installed([OLD, profile(2)], new := profile(2, evse=1, stack_level=3)) == (new,)


@given(st.lists(st.builds(
    profile, st.integers(1, 4), evse=st.integers(0, 2), purpose=st.sampled_from(Purpose),
    stack_level=st.integers(0, 2),
)))  # fmt: skip
def test_no_two_installed_profiles_have_the_same_id_or_place(arriving):
    held = reduce(installed, arriving, ())
    assert len({one.profile_id for one in held}) == len(held)
    assert len({(one.evse, one.purpose, one.stack_level) for one in held}) == len(held)
    assert held[-1:] == tuple(arriving[-1:])


HELD = (
    profile(1, purpose=Purpose.CHARGE_POINT_MAX),
    profile(2, stack_level=1),
    profile(3, evse=1, stack_level=1),
    tx_profile(4, stack_level=1),
    tx_profile(5, evse=2),
)


@pytest.mark.parametrize(
    ("criteria", "gone"),
    [
        ({}, {1, 2, 3, 4, 5}),
        ({"profile_id": 3}, {3}),
        ({"profile_id": 3, "evse": 2, "purpose": Purpose.TX, "stack_level": 9}, {3}),
        ({"profile_id": 99}, set()),
        ({"evse": 0}, {1, 2}),
        ({"evse": 1}, {3, 4}),
        ({"stack_level": 0}, {1, 5}),
        ({"purpose": Purpose.TX}, {4, 5}),
        ({"evse": 1, "purpose": Purpose.TX}, {4}),
        ({"evse": 1, "purpose": Purpose.TX, "stack_level": 0}, set()),
        ({"stack_level": 1, "purpose": Purpose.TX_DEFAULT}, {2, 3}),
    ],
    ids=str,
)
def test_clearing_by_criteria(criteria, gone):
    left, went = clear(HELD, ClearCriteria(**criteria))
    assert {one.profile_id for one in went} == gone
    assert left == tuple(one for one in HELD if one not in went)


def test_the_profiles_of_a_transaction_end_with_it():
    """3.13.1: and only they."""
    assert after_transaction(HELD, evse=1) == (*HELD[:3], HELD[4])
    assert after_transaction(HELD, evse=3) == HELD


def test_profiles_compare_by_value():
    assert profile() == replace(profile(2), profile_id=1)
    assert len({profile(), profile(), recurring()}) == 2
