"""Guards that walk the tables: what is forgotten fails here by its name."""

import inspect

import msgspec
import pytest

from csms.dialects import DIALECTS
from csms.dialects.rules import NOT_SUPPORTED, RECORD_ONLY, Answer
from csms.dialects.v16_calls import RAW_ONLY
from csms.domain import commands, facts, questions
from csms.eventlog import event_types
from csms.eventlog.interpret import READERS
from csms.eventlog.projection import projections
from csms.gateway.answers import DECIDERS
from ocpp_core.action import CENTRAL_SYSTEM, CHARGE_POINT
from ocpp_core.errors import Violation
from tests.csms.domain.test_commands import RIGHT

every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)

# Facts that no projection folds, and why.
ONLY_IN_THE_LOG = {
    facts.AuthorizationAnswered: "nothing shows it but the log",
    facts.DataTransferred: "a vendor's own matter",
    facts.SecurityEventReported: "no table of security events yet",
}


@every_dialect
def test_every_inbound_action_has_an_answer_and_no_other_has_one(dialect):
    inbound = {action.name for action in dialect.catalogue.sent_by(CHARGE_POINT)}
    assert set(dialect.answers) == inbound


@every_dialect
def test_what_is_only_recorded_needs_no_member_in_its_response(dialect):
    for name, rule in dialect.answers.items():
        if rule is RECORD_ONLY:
            assert msgspec.json.encode(dialect.catalogue[name].Response()) == b"{}", name


@every_dialect
def test_every_rule_is_one_of_three(dialect):
    for name, rule in dialect.answers.items():
        assert isinstance(rule, Answer) or rule in (RECORD_ONLY, NOT_SUPPORTED), name


@every_dialect
def test_facts_are_read_of_known_actions_only(dialect):
    assert set(dialect.facts) <= set(dialect.catalogue)


@every_dialect
def test_every_outbound_action_has_a_command_or_is_raw_only(dialect):
    outbound = {action.name for action in dialect.catalogue.sent_by(CENTRAL_SYSTEM)}
    rendered = set()
    for kind in dialect.calls:
        request = dialect.request_for(commands.build(kind.__name__, RIGHT[kind.__name__]))
        rendered.add(dialect.catalogue.action_of(request).name)
    assert rendered <= outbound
    assert rendered.isdisjoint(RAW_ONLY)
    assert rendered | set(RAW_ONLY) == outbound
    assert all(RAW_ONLY.values()), "each with its reason"


@every_dialect
def test_every_violation_has_a_code(dialect):
    assert set(dialect.error_codes) == set(Violation)


def test_every_command_is_offered_by_some_version():
    assert set(commands.KINDS.values()) == {kind for dialect in DIALECTS.values() for kind in dialect.calls}


def test_every_question_has_exactly_one_decider():
    asked = {
        member
        for member in vars(questions).values()
        if inspect.isclass(member)
        and issubclass(member, questions.Question)
        and member is not questions.Question
    }
    assert set(DECIDERS) == asked
    assert len(set(DECIDERS.values())) == len(DECIDERS)


def test_a_question_names_a_member_that_it_has():
    for question in DECIDERS:
        assert not question.id_token_member or question.id_token_member in question.__dataclass_fields__


def test_every_fact_is_folded_or_is_written_down_as_one_that_is_not():
    known = {
        member
        for member in vars(facts).values()
        if inspect.isclass(member) and issubclass(member, facts.Fact) and member is not facts.Fact
    }
    folded = {subject for projection in projections() for subject in projection.handlers()}
    folded_facts = {subject for subject in folded if not isinstance(subject, str)}
    assert folded_facts | set(ONLY_IN_THE_LOG) == known
    assert folded_facts.isdisjoint(ONLY_IN_THE_LOG)


def test_event_types_that_are_folded_or_read_exist():
    types = {value for name, value in vars(event_types).items() if name.isupper() and isinstance(value, str)}
    folded = {subject for projection in projections() for subject in projection.handlers()}
    assert {subject for subject in folded if isinstance(subject, str)} <= types
    assert set(READERS) <= types


def test_only_the_dialects_and_the_core_know_versions():
    """Style 3: one look-up by subprotocol. DIALECTS is the only way in."""
    assert [dialect.subprotocol for dialect in DIALECTS.values()] == list(DIALECTS)
