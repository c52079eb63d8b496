"""What a peer reports."""

import pytest

from ocpp_core.errors import Rejection, Violation
from ocpp_core.events import AnswerUnexpected, CallReceived, FrameRejected, ResultReceived
from ocpp_core.v16 import core


def test_events_are_frozen_values() -> None:
    one = AnswerUnexpected("1", late=False)
    assert one == AnswerUnexpected("1", False)
    with pytest.raises(AttributeError):
        one.late = True  # type: ignore[misc]


def test_nothing_was_repaired_unless_said() -> None:
    request, response = (
        core.ClearCache.Request(),
        core.ClearCache.Response(status=core.ClearCacheStatus.ACCEPTED),
    )
    assert CallReceived("1", core.ClearCache, request).repairs == ()
    assert ResultReceived("1", core.ClearCache, request, response).repairs == ()


@pytest.mark.parametrize(
    ("unique_id", "is_answer", "answerable"),
    [("1", False, True), ("", False, True), (None, False, False), ("1", True, False), (None, True, False)],
)
def test_only_calls_with_a_readable_id_are_answerable(
    unique_id: str | None, is_answer: bool, answerable: bool
) -> None:
    event = FrameRejected(Violation.FORMATION, unique_id, "x", {}, "", is_answer, Rejection.BAD_CALL)
    assert event.is_answerable is answerable
    assert event.request is None
