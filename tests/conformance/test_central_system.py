"""Every case for central systems, played against the target of this run."""

from __future__ import annotations

import pytest

from tests.conformance.cases.v16.central_system import CASES
from tests.conformance.kit.case import Case
from tests.conformance.kit.report import properties
from tests.conformance.kit.target import Target
from tests.conformance.kit.verdict import Verdict, judge

pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize("case", CASES, ids=[case.label for case in CASES])
def test_case(case: Case, target: Target, request: pytest.FixtureRequest) -> None:
    outcome = judge(case, target)
    # Not by record_property: that one warns with JUnit's newer family, and warnings are errors here.
    request.node.user_properties.extend(properties(outcome).items())
    if outcome.verdict is Verdict.NOT_APPLICABLE:
        pytest.skip(f"NOT APPLICABLE: {outcome.reason}")
    if outcome.verdict is Verdict.KNOWN_FAIL:
        pytest.xfail(outcome.reason)
    if outcome.verdict is Verdict.FAIL:
        pytest.fail(str(outcome), pytrace=False)
