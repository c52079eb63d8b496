"""Decisions about id tokens."""

from __future__ import annotations

from csms.domain.authorization import verdict
from csms.domain.circumstances import Circumstances
from csms.domain.questions import MayCharge, Verdict


def may_charge(question: MayCharge, at: Circumstances) -> Verdict:
    """Concurrency does not matter here: nothing starts by asking."""
    return verdict(at.id_token(question.id_token), now=at.now)
