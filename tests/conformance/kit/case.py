"""A case: one numbered promise of the standard, and the script that puts it to the test."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from tests.conformance.kit.stage import Stage

Play = Callable[[Stage], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """needs: what a target must offer (see target.py); without it the case is not applicable.

    passes: the exact condition, for people. source: where the standard says so.
    """

    id: str
    title: str
    source: str
    profile: str
    precondition: str
    passes: str
    needs: tuple[str, ...] = ()
    play: Play

    @property
    def label(self) -> str:
        """How pytest names it: TC_001_CSMS-cold_boot."""
        return f"{self.id}-{re.sub(r'[^a-z0-9]+', '_', self.title.lower()).strip('_')}"


def case(
    id_: str,
    title: str,
    *,
    source: str,
    passes: str,
    profile: str = "Core",
    precondition: str = "booted",
    needs: tuple[str, ...] = (),
) -> Callable[[Play], Case]:
    """The function under it is the script of this case."""

    def make(play: Play) -> Case:
        return Case(
            id=id_,
            title=title,
            source=source,
            profile=profile,
            precondition=precondition,
            passes=passes,
            needs=needs,
            play=play,
        )

    return make


def cases_of(*modules: ModuleType) -> tuple[Case, ...]:
    """The cases of these modules in the order of their declaration. Two with one id are an error."""
    found: list[Case] = []
    for module in modules:
        for value in vars(module).values():
            found += [value] if isinstance(value, Case) else []
            found += [c for c in value if isinstance(c, Case)] if isinstance(value, tuple) else []
    doubled = {case.id for case in found if [other.id for other in found].count(case.id) > 1}
    if doubled:
        raise ValueError(f"two cases with one id: {', '.join(sorted(doubled))}")
    return tuple(found)
