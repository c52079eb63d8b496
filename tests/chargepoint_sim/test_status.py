"""The table of connector statuses (1.6 section 4.9)."""

import itertools

import pytest

from chargepoint_sim.v16.status import DETOURS, SHOWN_BY, TRANSITIONS, Demand, path
from ocpp_core import machine
from ocpp_core.v16.core import ChargePointStatus as Status

STANDARD = {  # the 53 moves of the standard's table, read off its letters: rows A to I, columns 1 to 9
    "A": "2 3 4 5 7 8 9",
    "B": "1 3 4 5 6 9",
    "C": "1 4 5 6 8 9",
    "D": "1 3 5 6 8 9",
    "E": "1 3 4 6 8 9",
    "F": "1 2 8 9",
    "G": "1 2 8 9",
    "H": "1 2 3 4 5 9",
    "I": "1 2 3 4 5 6 7 8",
}
ORDER = [
    Status.AVAILABLE,
    Status.PREPARING,
    Status.CHARGING,
    Status.SUSPENDED_EV,
    Status.SUSPENDED_EVSE,
    Status.FINISHING,
    Status.RESERVED,
    Status.UNAVAILABLE,
    Status.FAULTED,
]
ALLOWED = {
    (ORDER["ABCDEFGHI".index(row)], ORDER[int(column) - 1])
    for row, columns in STANDARD.items()
    for column in columns.split()
}


def test_the_table_has_the_moves_of_the_standard_and_no_other():
    moves = {(source, target) for (source, _), target in TRANSITIONS.items()}
    assert len(TRANSITIONS) == 53
    assert moves == ALLOWED


@pytest.mark.parametrize(("status", "demand"), list(TRANSITIONS), ids=lambda x: machine.label(x))
def test_each_row_leads_to_the_status_that_shows_the_demand(status, demand):
    assert SHOWN_BY[TRANSITIONS[status, demand]] is demand
    assert path(status, demand) == [TRANSITIONS[status, demand]]


@pytest.mark.parametrize(
    ("status", "demand"), list(itertools.product(Status, Demand)), ids=lambda x: machine.label(x)
)
def test_every_demand_is_reached_from_every_status_by_moves_of_the_standard(status, demand):
    steps = [status, *path(status, demand)]
    assert SHOWN_BY[steps[-1]] is demand
    assert all(move in ALLOWED for move in itertools.pairwise(steps))


def test_detours_stand_only_where_the_table_has_no_row():
    assert not DETOURS.keys() & TRANSITIONS.keys()


def test_all_statuses_are_reachable_from_available():
    assert machine.reachable(TRANSITIONS, Status.AVAILABLE) == frozenset(Status)
