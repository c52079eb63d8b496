"""Which starts are the same, what is late, how much energy it was."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.transactions import LATE_AFTER, believed, energy_wh, is_late, start_key

NOW = datetime(2024, 5, 6, 12, tzinfo=UTC)
START = {"evse": 1, "connector": 1, "id_token": "Tag", "happened_at": NOW, "meter_start_wh": 5}


def test_the_same_start_has_the_same_key_whatever_the_case_of_its_token():
    assert start_key(**START) == start_key(**START | {"id_token": "tAG"})


@pytest.mark.parametrize(
    "other",
    [{"evse": 2}, {"connector": 2}, {"id_token": "Tag2"}, {"happened_at": NOW + timedelta(microseconds=1)},
     {"meter_start_wh": 6}],
    ids=str,
)  # fmt: skip
def test_another_start_has_another_key(other):
    assert start_key(**START) != start_key(**START | other)


def test_the_longest_key_fits_its_column():
    longest = start_key(
        evse=1000,
        connector=1,
        id_token="x" * 36,
        happened_at=NOW.replace(microsecond=1),
        meter_start_wh=-(2**63),
    )
    assert len(longest) <= 200


@pytest.mark.parametrize(
    ("ago", "late"),
    [(timedelta(), False), (LATE_AFTER, False), (LATE_AFTER * 1.01, True), (-timedelta(days=1), False)],
)
def test_late(ago, late):
    assert is_late(NOW - ago, NOW) is late


@pytest.mark.parametrize(
    ("start", "register", "energy", "anomaly"),
    [
        (None, 5, None, ""),
        (5, None, None, ""),
        (5, 5, 0, ""),
        (5, 7.5, 2.5, ""),
        (-5, 5, 10, ""),
        (5, 4.5, None, "register 4.5 Wh is below the start, 5 Wh"),
    ],
)
def test_energy(start, register, energy, anomaly):
    assert energy_wh(start, register) == (energy, anomaly)


@given(st.integers(-(2**63), 2**63), st.floats(-1e15, 1e15))
def test_energy_is_never_negative_and_an_anomaly_fits_its_column(start, register):
    energy, anomaly = energy_wh(start, register)
    assert energy is None or energy >= 0
    assert (energy is None) == bool(anomaly)
    assert len(anomaly) <= 200


def test_nothing_has_happened_later_than_we_heard_of_it():
    assert believed(NOW - LATE_AFTER, NOW) == NOW - LATE_AFTER
    assert believed(NOW, NOW) == believed(NOW + LATE_AFTER, NOW) == NOW
