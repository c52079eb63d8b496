"""What a case says of a system, and how it comes to say it."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.conformance.kit.case import Case
from tests.conformance.kit.stage import Stage
from tests.conformance.kit.target import Target
from tests.conformance.kit.wire import Failed, Trace


class Verdict(enum.Enum):
    PASS = "PASS"
    FAIL = "FAIL"
    NOT_APPLICABLE = "NOT APPLICABLE"  # the target lacks what the case needs; the reason says what
    PARTIAL = "PARTIAL"  # nothing was wrong, but a duty was never exercised
    KNOWN_FAIL = "KNOWN FAIL"  # fails, and the target says why and where it is written down


@dataclass(frozen=True)
class Outcome:
    case: Case
    verdict: Verdict
    reason: str = ""
    trace: tuple[str, ...] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        """For whoever has to find out why: what was expected, what came, and every frame."""
        lines = [f"{self.case.id} {self.case.title}: {self.verdict.value}", f"  {self.reason}"]
        lines += [f"  passes when: {self.case.passes}", f"  source: {self.case.source}", "  wire:"]
        return "\n".join(lines + [f"    {line}" for line in self.trace])


def judge(case: Case, target: Target, *, answer_within_s: float = 20) -> Outcome:
    """Play one case. What is no judgement (a bug of the kit or of a driver) is raised."""
    lacking = [reason for need in case.needs if (reason := target.lacks(need))]
    if lacking:
        return Outcome(case, Verdict.NOT_APPLICABLE, "; ".join(lacking))
    begun = time.monotonic()
    stage = Stage(target, Trace(), answer_within_s=answer_within_s)
    failure = _failure(case.play, stage)
    known = target.known_failures.get(case.id)
    if failure and known:
        verdict, reason = Verdict.KNOWN_FAIL, f"{known.reason} ({known.place}); now: {failure}"
    elif failure:
        verdict, reason = Verdict.FAIL, failure
    elif known:
        verdict, reason = Verdict.FAIL, f"known to fail, but it passed: take it off the list ({known.place})"
    elif stage.unexercised:
        verdict, reason = Verdict.PARTIAL, "; ".join(stage.unexercised)
    else:
        verdict, reason = Verdict.PASS, ""
    return Outcome(case, verdict, reason, tuple(stage.trace.lines), time.monotonic() - begun)


def _failure(play: Callable[[Stage], None], stage: Stage) -> str:
    try:
        play(stage)
        stage.settle()
    except Failed as failed:
        return str(failed)
    finally:
        stage.leave()
    return ""
