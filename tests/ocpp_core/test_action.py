"""Actions as class blocks, and catalogues of them."""

from types import ModuleType

import pytest

from ocpp_core.action import BOTH, CENTRAL_SYSTEM, CHARGE_POINT, Action, Catalogue, Queued, Role, undeclared
from ocpp_core.payload import Payload, RawPayload
from ocpp_core.v16 import reservation


def block(name: str, profile: str, **actions: type[Action]) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(actions, PROFILE=profile, Action=Action, elsewhere=Elsewhere)
    for action in actions.values():
        action.__module__ = name
    return module


class Elsewhere(Action, sent_by=CHARGE_POINT):
    """Imported by a block, but not its own."""


class Ping(
    Action,
    sent_by=CHARGE_POINT,
    source="1",
    profile="Test",
    before_accepted=True,
    queued_offline=Queued.GUARANTEED,
):
    class Request(Payload):
        a: int

    class Response(Payload): ...


class Pong(Action, sent_by=BOTH):
    class Request(Payload): ...

    class Response(Payload): ...


class NewerPing(Ping, source="2"):
    class Response(Payload):
        b: int


NewerPing.name = "Ping"
OLD = Catalogue("old", block("blocks.old", "Old", Ping=Ping, Pong=Pong))
NEW = Catalogue("new", block("blocks.new", "New", Ping=NewerPing), base=OLD)


def test_roles_have_another_side() -> None:
    assert Role.CHARGE_POINT.other is Role.CENTRAL_SYSTEM
    assert Role.CENTRAL_SYSTEM.other is Role.CHARGE_POINT


def test_facts_are_class_keywords() -> None:
    assert (
        Ping.name,
        Ping.sent_by,
        Ping.source,
        Ping.profile,
        Ping.before_accepted,
        Ping.queued_offline,
    ) == (
        "Ping",
        {CHARGE_POINT},
        "1",
        "Test",
        True,
        Queued.GUARANTEED,
    )
    assert (Pong.sent_by, Pong.profile, Pong.before_accepted, Pong.queued_offline) == (
        set(BOTH),
        "",
        False,
        Queued.NO,
    )


def test_a_subclass_restates_only_what_changed() -> None:
    assert (NewerPing.sent_by, NewerPing.source, NewerPing.profile) == ({CHARGE_POINT}, "2", "Test")
    assert NewerPing.Request is Ping.Request
    assert NewerPing.Response is not Ping.Response


def test_profile_is_that_of_the_module() -> None:
    assert reservation.ReserveNow.profile == reservation.PROFILE == "Reservation"


def test_catalogue_is_a_mapping_of_the_actions_its_modules_own() -> None:
    assert list(OLD) == ["Ping", "Pong"]
    assert dict(OLD) == {"Ping": Ping, "Pong": Pong}
    assert len(OLD) == 2
    assert "Ping" in OLD
    assert "Elsewhere" not in OLD
    assert OLD.get("Nothing") is None
    with pytest.raises(KeyError):
        OLD["Nothing"]
    assert repr(OLD) == "<Catalogue old: 2 actions>"
    assert OLD.subprotocol == "old"


def test_catalogue_tells_who_may_call_what() -> None:
    assert OLD.sent_by(CHARGE_POINT) == (Ping, Pong)
    assert OLD.sent_by(CENTRAL_SYSTEM) == (Pong,)


def test_catalogue_tells_the_action_of_a_payload() -> None:
    assert OLD.action_of(Ping.Request(a=1)) is Ping
    assert OLD.action_of(Ping.Response) is Ping
    with pytest.raises(KeyError):
        OLD.action_of(Elsewhere.Request(json=""))


def test_newer_catalogue_builds_on_an_older_one() -> None:
    assert dict(NEW) == {"Ping": NewerPing, "Pong": Pong}
    assert dict(OLD) == {"Ping": Ping, "Pong": Pong}
    assert NEW.action_of(Ping.Request(a=1)) is NewerPing
    assert NEW.action_of(NewerPing.Response) is NewerPing
    with pytest.raises(KeyError):
        NEW.action_of(Ping.Response)


def test_undeclared_actions_carry_anything() -> None:
    action = undeclared("Whatever")
    assert (action.name, action.Request, action.Response) == ("Whatever", RawPayload, RawPayload)
