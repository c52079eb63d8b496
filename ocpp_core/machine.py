"""State machines as tables: a step, what can be reached, and a drawing.

A table maps (state, input) to the next state, as a dict literal in the one file that owns the machine.
No entry means that the input is illegal in that state; nothing passes silently. States and inputs are usually
Enums; anything hashable will do.
This module stands alone, so that the domain may use it without the rest of the protocol.
"""

from collections.abc import Hashable, Mapping
from enum import Enum
from typing import TypeVar

State = TypeVar("State", bound=Hashable)
Input = TypeVar("Input", bound=Hashable)


class IllegalInput(Exception):
    """The table has no entry for this input in this state."""

    def __init__(self, state: Hashable, input: Hashable) -> None:
        super().__init__(f"{label(input)} in state {label(state)}")
        self.state = state
        self.input = input


def step(table: Mapping[tuple[State, Input], State], state: State, input: Input) -> State:
    """The next state. Raises IllegalInput when the table has no entry."""
    try:
        return table[state, input]
    except KeyError:
        raise IllegalInput(state, input) from None


def states(table: Mapping[tuple[State, Input], State]) -> tuple[State, ...]:
    """All states, in the order in which the table first names them."""
    named = [state for (source, _), target in table.items() for state in (source, target)]
    return tuple(dict.fromkeys(named))


def inputs(table: Mapping[tuple[State, Input], State], state: State | None = None) -> tuple[Input, ...]:
    """All inputs, or those legal in `state`, in the order of the table."""
    return tuple(dict.fromkeys(input for source, input in table if state is None or source == state))


def reachable(table: Mapping[tuple[State, Input], State], start: State) -> frozenset[State]:
    """All states that some sequence of inputs leads to from `start`, itself included."""
    found, frontier = {start}, [start]
    while frontier:
        state = frontier.pop()
        new = {target for (source, _), target in table.items() if source == state} - found
        found |= new
        frontier.extend(new)
    return frozenset(found)


def mermaid(table: Mapping[tuple[State, Input], State], start: State | None = None) -> str:
    """A Mermaid state diagram, one line an entry; inputs that share both ends share an arrow."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{label(state)}" as {_identifier(state)}' for state in states(table)]
    if start is not None:
        lines.append(f"    [*] --> {_identifier(start)}")
    arrows: dict[tuple[State, State], list[str]] = {}
    for (source, input), target in table.items():
        arrows.setdefault((source, target), []).append(label(input))
    lines += [
        f"    {_identifier(source)} --> {_identifier(target)}: {', '.join(names)}"
        for (source, target), names in arrows.items()
    ]
    return "\n".join(lines) + "\n"


def listing(table: Mapping[tuple[State, Input], State]) -> str:
    """The table as aligned text: state, input, next state."""
    rows = [(label(source), label(input), label(target)) for (source, input), target in table.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)] if rows else [0, 0]
    return "".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  -> {c}\n" for a, b, c in rows)


def label(thing: Hashable) -> str:
    """How a state or input is called: the value of an Enum member if it is text, else its name."""
    if isinstance(thing, Enum):
        return thing.value if isinstance(thing.value, str) else thing.name
    return str(thing)


def _identifier(state: Hashable) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in label(state))
