"""The suite itself: a system without a fault passes every case, and a system with one is caught."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.cases.v16.central_system import CASES
from tests.conformance.faultless import Faultless
from tests.conformance.kit.case import Case
from tests.conformance.kit.target import KnownFailure
from tests.conformance.kit.verdict import Verdict, judge
from tests.conformance.mutants import MUTANTS

CASE = {case.id: case for case in CASES}
CAUGHT = [(mutant, id_) for mutant, ids in MUTANTS.items() for id_ in ids]


@pytest.fixture(scope="module")
def faultless() -> Iterator[Faultless]:
    with Faultless() as system:
        yield system


@pytest.mark.parametrize("case", CASES, ids=[case.label for case in CASES])
def test_a_system_without_a_fault_passes(case: Case, faultless: Faultless) -> None:
    """Every duty of every case exercised: nothing is PARTIAL, nothing NOT APPLICABLE."""
    outcome = judge(case, faultless)
    assert outcome.verdict is Verdict.PASS, str(outcome)


@pytest.mark.parametrize(("mutant", "id_"), CAUGHT, ids=[f"{m.__name__}-{i}" for m, i in CAUGHT])
def test_a_mutant_is_caught(mutant: type[Faultless], id_: str) -> None:
    with mutant() as system:
        outcome = judge(CASE[id_], system, answer_within_s=1)
    assert outcome.verdict is Verdict.FAIL
    assert outcome.reason
    assert any("->" in line for line in outcome.trace)


def test_every_case_catches_a_mutant() -> None:
    assert {id_ for _, id_ in CAUGHT} == set(CASE)


def test_a_known_failure_is_told_from_others_and_passing_it_fails() -> None:
    class Known(Faultless):
        known_failures = {
            id_: KnownFailure("no way yet", "issue 0") for id_ in ("TC_023_3_CSMS", "TC_001_CSMS")
        }

        def standing(self, id_tag: str) -> str:
            return "Accepted"

    with Known() as system:
        known = judge(CASE["TC_023_3_CSMS"], system)
        passing = judge(CASE["TC_001_CSMS"], system)
    assert known.verdict is Verdict.KNOWN_FAIL
    assert "issue 0" in known.reason
    assert passing.verdict is Verdict.FAIL


def test_what_a_target_lacks_is_not_applicable_or_partial_with_the_reason() -> None:
    class Mute(Faultless):
        def lacks(self, need: str) -> str:
            return "no driver" if need in ("Reset", "GetLog") else ""

    with Mute() as system:
        reset = judge(CASE["TC_013_CSMS"], system)
        log = judge(CASE["TC_079_CSMS"], system)
    assert (reset.verdict, reset.reason) == (Verdict.NOT_APPLICABLE, "no driver")
    assert log.verdict is Verdict.PARTIAL
    assert "GetLog is sent as asked (no driver)" in log.reason


def test_the_readme_tells_of_each_mutant_which_cases_catch_it() -> None:
    text = (Path(__file__).parent / "README.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE))
    assert rows == {mutant.__name__: ", ".join(ids) for mutant, ids in MUTANTS.items()}
