"""The error tree and the reading of error codes."""

import pytest

from ocpp_core import errors
from ocpp_core.errors import (
    CallRefused,
    PayloadError,
    Rejection,
    RemoteProtocolError,
    Violation,
    tidy,
    violation_of,
)
from ocpp_core.v16 import ERROR_CODES


def drawn_tree() -> dict[str, str]:
    """The tree of the module's docstring: class name -> name of its base."""
    assert errors.__doc__
    bases: dict[str, str] = {}
    path: list[str] = []
    for line in errors.__doc__.splitlines():
        name = line.lstrip("│├└─ ").split(" ")[0]
        if name and isinstance(getattr(errors, name, None), type):
            depth = (len(line) - len(line.lstrip("│├└─ "))) // 4
            path = [*path[:depth], name]
            bases[name] = path[-2] if depth else "Exception"
    return bases


def test_tree_is_as_drawn_in_the_docstring() -> None:
    actual = {
        name: thing.__base__.__name__
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, Exception)
    }
    assert drawn_tree() == actual
    assert len(actual) == 8


def test_remote_error_is_answerable_when_its_id_is_known_and_it_was_a_call() -> None:
    def error(unique_id: str | None, is_answer: bool) -> RemoteProtocolError:
        return RemoteProtocolError(
            Violation.FORMATION, "x", rejection=Rejection.BAD_CALL, unique_id=unique_id, is_answer=is_answer
        )

    assert error("1", False).is_answerable
    assert not error("1", True).is_answerable
    assert not error(None, False).is_answerable


def test_errors_carry_what_an_answer_needs() -> None:
    error = PayloadError(Violation.TYPE_CONSTRAINT, "connectorId: expected int, got str")
    assert (error.violation, error.description, error.details, error.unique_id, error.rejection) == (
        Violation.TYPE_CONSTRAINT,
        "connectorId: expected int, got str",
        {},
        None,
        Rejection.BAD_PAYLOAD,
    )
    assert (str(error), error.action_name, error.is_answer) == (error.description, "", False)
    refused = CallRefused("NotSupported", "no reservations", {"a": 1})
    assert (str(refused), refused.code, refused.description, refused.details) == (
        "NotSupported: no reservations",
        "NotSupported",
        "no reservations",
        {"a": 1},
    )
    assert str(CallRefused("NotSupported")) == "NotSupported"


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("", ""),
        ("plain", "plain"),
        ("two\r\nlines\tand  tabs ", "two lines and tabs"),
        ("a\0b", "a\ufffdb"),
        ("a\ud800b", "a?b"),
        ("x" * 300, "x" * 255),
        ("ü" * 300, "ü" * 255),
    ],
    ids=["empty", "plain", "lines", "NUL", "surrogate", "long", "long and not ASCII"],
)
def test_descriptions_become_one_legal_line(text: str, tidied: str) -> None:
    assert tidy(text) == tidied


@pytest.mark.parametrize("violation", Violation)
def test_every_violation_has_a_code_in_1_6_that_reads_back(violation: Violation) -> None:
    assert violation_of(ERROR_CODES[violation]) is violation


@pytest.mark.parametrize(
    ("code", "violation"),
    [
        ("FormationViolation", Violation.FORMATION),
        ("FormatViolation", Violation.FORMATION),
        ("OccurenceConstraintViolation", Violation.OCCURRENCE_CONSTRAINT),
        ("OccurrenceConstraintViolation", Violation.OCCURRENCE_CONSTRAINT),
        ("MessageTypeNotSupported", Violation.NOT_SUPPORTED),
        ("RpcFrameworkError", Violation.PROTOCOL_ERROR),
        ("SomethingElse", Violation.GENERIC),
        ("", Violation.GENERIC),
    ],
)
def test_codes_are_read_in_the_spelling_of_any_version(code: str, violation: Violation) -> None:
    assert violation_of(code) is violation


def test_codes_of_1_6_are_spelled_as_printed() -> None:
    assert list(ERROR_CODES.values()) == [
        "NotImplemented",
        "NotSupported",
        "InternalError",
        "ProtocolError",
        "SecurityError",
        "FormationViolation",
        "PropertyConstraintViolation",
        "OccurenceConstraintViolation",
        "TypeConstraintViolation",
        "GenericError",
    ]
