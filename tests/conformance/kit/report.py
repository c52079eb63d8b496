"""The table at the end of a run. JUnit comes from pytest, which gets the same words as properties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tests.conformance.kit.verdict import Outcome, Verdict


def properties(outcome: Outcome) -> dict[str, str]:
    case = outcome.case
    return {
        "id": case.id,
        "title": case.title,
        "profile": case.profile,
        "source": case.source,
        "verdict": outcome.verdict.value,
        "reason": outcome.reason,
    }


def table(rows: Iterable[dict[str, str]]) -> Iterator[str]:
    """One line a case, and the sums."""
    rows = list(rows)
    sums = Counter(row["verdict"] for row in rows)
    for row in rows:
        line = f"{row['verdict']:15} {row['id']:16} {row['title']}"
        yield f"{line}: {row['reason']}" if row["reason"] else line
    yield ", ".join(f"{sums[verdict.value]} {verdict.value}" for verdict in Verdict if sums[verdict.value])
