"""State machines as tables."""

from enum import Enum

import pytest

from ocpp_core.machine import IllegalInput, inputs, label, listing, mermaid, reachable, states, step


class Door(Enum):
    OPEN = "open"
    SHUT = "shut"
    LOCKED = 3
    WALLED_UP = 4


class Move(Enum):
    PUSH = "push"
    KICK = "kick"
    TURN_KEY = 1


TABLE = {
    (Door.OPEN, Move.PUSH): Door.SHUT,
    (Door.OPEN, Move.KICK): Door.SHUT,
    (Door.SHUT, Move.PUSH): Door.OPEN,
    (Door.SHUT, Move.TURN_KEY): Door.LOCKED,
    (Door.LOCKED, Move.TURN_KEY): Door.SHUT,
    (Door.WALLED_UP, Move.KICK): Door.WALLED_UP,
}


@pytest.mark.parametrize(("state", "move"), TABLE)
def test_step_follows_the_table(state: Door, move: Move) -> None:
    assert step(TABLE, state, move) is TABLE[state, move]


@pytest.mark.parametrize(
    ("state", "move"), [(state, move) for state in Door for move in Move if (state, move) not in TABLE]
)
def test_what_is_not_in_the_table_is_illegal(state: Door, move: Move) -> None:
    with pytest.raises(IllegalInput) as caught:
        step(TABLE, state, move)
    assert (caught.value.state, caught.value.input) == (state, move)
    assert str(caught.value) == f"{label(move)} in state {label(state)}"


def test_states_and_inputs_in_the_order_of_the_table() -> None:
    assert states(TABLE) == (Door.OPEN, Door.SHUT, Door.LOCKED, Door.WALLED_UP)
    assert inputs(TABLE) == (Move.PUSH, Move.KICK, Move.TURN_KEY)
    assert inputs(TABLE, Door.SHUT) == (Move.PUSH, Move.TURN_KEY)


def test_reachable_states() -> None:
    assert reachable(TABLE, Door.LOCKED) == {Door.OPEN, Door.SHUT, Door.LOCKED}
    assert reachable(TABLE, Door.WALLED_UP) == {Door.WALLED_UP}


def test_mermaid_diagram() -> None:
    assert mermaid(TABLE, Door.OPEN) == (
        "stateDiagram-v2\n"
        '    state "open" as open\n'
        '    state "shut" as shut\n'
        '    state "LOCKED" as LOCKED\n'
        '    state "WALLED_UP" as WALLED_UP\n'
        "    [*] --> open\n"
        "    open --> shut: push, kick\n"
        "    shut --> open: push\n"
        "    shut --> LOCKED: TURN_KEY\n"
        "    LOCKED --> shut: TURN_KEY\n"
        "    WALLED_UP --> WALLED_UP: kick\n"
    )


def test_mermaid_diagram_of_plain_text_states() -> None:
    assert mermaid({("not yet", 1): "done!"}) == (
        "stateDiagram-v2\n"
        '    state "not yet" as not_yet\n'
        '    state "done!" as done_\n'
        "    not_yet --> done_: 1\n"
    )


def test_listing() -> None:
    assert listing(TABLE).splitlines()[:4] == [
        "open       push      -> shut",
        "open       kick      -> shut",
        "shut       push      -> open",
        "shut       TURN_KEY  -> LOCKED",
    ]
    assert listing({}) == ""
