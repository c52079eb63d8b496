"""Settings of a charge point as rows: what kind of value, who may write it, and a verdict on any text.

Values travel as text in both protocol generations; `parse` reads one, `check` says what is wrong with it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

VALUE_LIMIT = 500
"""Longest value of a setting (CiString500)."""


class Access(Enum):
    """What the central system may do with a setting."""

    READ_ONLY = "R"
    READ_WRITE = "RW"
    WRITE_ONLY = "W"
    READ_OR_READ_WRITE = "R or RW"
    """The charge point may choose not to let it be written."""

    @property
    def may_be_read(self) -> bool:
        return self is not Access.WRITE_ONLY

    @property
    def may_be_written(self) -> bool:
        return self is not Access.READ_ONLY


READ_ONLY = Access.READ_ONLY
READ_WRITE = Access.READ_WRITE
WRITE_ONLY = Access.WRITE_ONLY
READ_OR_READ_WRITE = Access.READ_OR_READ_WRITE

Value = int | bool | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Any text."""

    def parse(self, value: str) -> Value:
        return value

    def render(self, value: Value) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Hexadecimal:
    """Bytes as pairs of hex digits. minimum, maximum: number of digits."""

    minimum: int
    maximum: int

    def parse(self, value: str) -> Value:
        if not re.fullmatch(r"([0-9A-Fa-f]{2})*", value):
            raise ValueError(
                "not pairs of hexadecimal digits"
            )  # the value may be a secret: it is not repeated
        if not self.minimum <= len(value) <= self.maximum:
            raise ValueError(f"{len(value)} digits, {self.minimum} to {self.maximum} are allowed")
        return value.upper()

    def render(self, value: Value) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`, in any case."""

    def parse(self, value: str) -> Value:
        if value.lower() not in ("true", "false"):
            raise ValueError(f"{value!r} is neither true nor false")
        return value.lower() == "true"

    def render(self, value: Value) -> str:
        return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number, bounds included."""

    minimum: int | None = None
    maximum: int | None = None

    def parse(self, value: str) -> Value:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            raise ValueError(f"{value!r} is not a whole number")
        number = int(value)
        if self.minimum is not None and number < self.minimum:
            raise ValueError(f"{number} is below {self.minimum}")
        if self.maximum is not None and number > self.maximum:
            raise ValueError(f"{number} is above {self.maximum}")
        return number

    def render(self, value: Value) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Seconds(Integer):
    """A duration in whole seconds."""

    minimum: int | None = 0


@dataclass(frozen=True, slots=True)
class CommaSeparated:
    """A list of items, which may be empty.

    choices: the items allowed, any when empty.    suffixes: what may follow an item after a dot.
    pattern: regular expression of a whole item.
    """

    choices: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    pattern: str | None = None

    def parse(self, value: str) -> Value:
        items = tuple(item.strip() for item in value.split(",")) if value.strip() else ()
        for item in items:
            if not self._allows(item):
                raise ValueError(f"{item!r} is not allowed")
        return items

    def render(self, value: Value) -> str:
        return ",".join(value) if isinstance(value, tuple) else str(value)

    def _allows(self, item: str) -> bool:
        if self.pattern is not None:
            return re.fullmatch(self.pattern, item) is not None
        head, _, tail = item.rpartition(".")
        return not self.choices or item in self.choices or (head in self.choices and tail in self.suffixes)


Kind = Text | Hexadecimal | Boolean | Integer | CommaSeparated


@dataclass(frozen=True, slots=True)
class Key:
    """One setting.

    required: every charge point that has `profile` has it.    unit: of the value, for people.
    setting: the name that all versions share.    reboot: a change takes effect after a reboot.
    default: what a fresh charge point may start with, as text; None = the standard suggests nothing.
    """

    name: str
    type: Kind
    access: Access
    required: bool = False
    profile: str = ""
    unit: str = ""
    setting: str = ""
    reboot: bool = False
    default: str | None = None
    source: str = ""
    meaning: str = ""

    def check(self, value: str) -> str | None:
        """What is wrong with `value`, in one line; None when nothing is. Says nothing about access."""
        try:
            self.parse(value)
        except ValueError as error:
            return f"{self.name}: {error}"
        return None

    def parse(self, value: str) -> Value:
        """The value that the text stands for. Raises ValueError."""
        if len(value) > VALUE_LIMIT:
            raise ValueError(f"{len(value)} characters, {VALUE_LIMIT} are allowed")
        if "\0" in value:
            raise ValueError("holds a NUL character")
        return self.type.parse(value)


class KeysByName(Mapping[str, Key]):
    """Keys by name, in any case. Iterates over the names as the standard spells them."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {key.name.casefold(): key for key in keys}

    def __getitem__(self, name: str) -> Key:
        return self._keys[name.casefold()]

    def __iter__(self) -> Iterator[str]:
        return (key.name for key in self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)
