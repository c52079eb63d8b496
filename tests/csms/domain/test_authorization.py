"""Who may charge."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.authorization import IdTokenRecord, folded, verdict
from csms.domain.questions import Verdict

NOW = datetime(2024, 5, 6, 12, tzinfo=UTC)
PAST, FUTURE = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("record", "running", "status"),
    [
        (None, 0, "Invalid"),
        (None, 5, "Invalid"),
        (IdTokenRecord("T"), 0, "Accepted"),
        (IdTokenRecord("T"), 1, "ConcurrentTx"),
        (IdTokenRecord("T", max_transactions=2), 1, "Accepted"),
        (IdTokenRecord("T", max_transactions=2), 2, "ConcurrentTx"),
        (IdTokenRecord("T", max_transactions=0), 0, "ConcurrentTx"),
        (IdTokenRecord("T", max_transactions=None), 99, "Accepted"),
        (IdTokenRecord("T", expires_at=FUTURE), 0, "Accepted"),
        (IdTokenRecord("T", expires_at=NOW), 0, "Expired"),
        (IdTokenRecord("T", expires_at=PAST), 9, "Expired"),
        (IdTokenRecord("T", blocked=True), 0, "Blocked"),
        (IdTokenRecord("T", blocked=True, expires_at=PAST), 9, "Blocked"),
    ],
)
def test_verdict(record, running, status):
    assert verdict(record, now=NOW, running_elsewhere=running).status == status


def test_the_verdict_on_a_known_token_tells_its_end_and_its_parent():
    for more in ({}, {"blocked": True}, {"expires_at": PAST}, {"max_transactions": 0}):
        record = IdTokenRecord("T", **{"expires_at": FUTURE, "parent": "P"} | more)
        told = verdict(record, now=NOW)
        assert (told.expires_at, told.parent) == (record.expires_at, "P")
    assert verdict(None, now=NOW) == Verdict("Invalid", None, "")


@given(st.text())
def test_folding_is_stable_and_never_makes_a_token_longer(token):
    assert folded(folded(token)) == folded(token)
    assert len(folded(token)) == len(token)


@given(st.text(st.characters(max_codepoint=126, min_codepoint=32)))
def test_tokens_that_differ_in_case_only_are_the_same(token):
    assert folded(token.upper()) == folded(token.lower()) == folded(token)
