"""Who may charge: reader, cache, offline rules (1.6 3.4, 3.5, 4.1 and 5.4)."""

import pytest

from chargepoint_sim.v16.state import TokenInfo
from ocpp_core.v16.types import AuthorizationStatus
from tests.chargepoint_sim.stage import Stage

ACCEPTED = {"idTagInfo": {"status": "Accepted"}}
FAMILY = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}


def refused(status):
    return {"idTagInfo": {"status": status}}


def in_list(stage, token, status="Accepted", parent=None):
    info = TokenInfo(id_token=token, status=AuthorizationStatus(status), parent=parent)
    stage.cp.state.local_list[token.casefold()] = info


@pytest.mark.parametrize("order", ["cable first", "token first"])
def test_cable_and_token_start_a_transaction_in_either_order(order):
    stage = Stage()
    if order == "cable first":
        stage.plug_in()
        stage.present()
    else:
        stage.present()
        stage.plug_in()
    assert stage.statuses() == ["Preparing", "Charging"]
    assert [a for a in stage.actions() if a != "StatusNotification"] == ["Authorize", "StartTransaction"]
    stage.check()


@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid", "ConcurrentTx"])
def test_a_refused_token_starts_nothing(status):
    stage = Stage({"Authorize": refused(status)})
    stage.charge()
    assert stage.statuses() == ["Preparing"]
    assert not stage.of("StartTransaction")


def test_a_token_without_a_cable_expires():
    stage = Stage(settings={"ConnectionTimeOut": "30"})
    stage.present()
    stage.clock.run_for(29)
    assert stage.statuses() == ["Preparing"]
    stage.clock.run_for(2)
    assert stage.statuses() == ["Preparing", "Available"]
    stage.plug_in()
    stage.clock.run_for(100)
    assert not stage.of("StartTransaction")


def test_a_cable_without_a_token_stays_in_preparing():
    stage = Stage()
    stage.plug_in()
    stage.clock.run_for(3600)
    assert stage.statuses() == ["Preparing"]


def test_a_token_presented_again_before_the_cable_is_given_up():
    stage = Stage()
    stage.present()
    stage.present("tag")
    assert stage.statuses() == ["Preparing", "Available"]


def test_a_second_presentation_while_the_answer_is_awaited_asks_once():
    stage = Stage({"Authorize": None})
    stage.plug_in()
    stage.present()
    stage.present()
    stage.clock.run_for(20)
    assert stage.actions().count("Authorize") == 1


def test_the_token_that_started_stops_without_authorize_in_any_case():
    stage = Stage()
    stage.charge("Tag")
    stage.forget()
    stage.present("tAG")
    assert stage.actions() == ["StopTransaction", "StatusNotification"]
    stop = stage.of("StopTransaction")[0]
    assert (stop["reason"], stop["idTag"]) == ("Local", "tAG")


def test_another_token_of_the_same_parent_stops():
    stage = Stage({"Authorize": FAMILY})
    stage.charge("ONE")
    stage.present("TWO")
    assert stage.of("StopTransaction")[0]["idTag"] == "TWO"


def test_a_known_token_of_the_same_parent_stops_without_authorize():
    stage = Stage({"Authorize": FAMILY})
    in_list(stage, "TWO", parent="family")
    stage.charge("ONE")
    stage.forget()
    stage.present("TWO")
    assert stage.actions()[0] == "StopTransaction"


def test_a_stranger_does_not_stop_even_without_any_parent():
    stage = Stage()
    stage.charge("ONE")
    stage.present("TWO")
    assert stage.of("Authorize")[-1] == {"idTag": "TWO"}
    assert not stage.of("StopTransaction")


def test_a_cached_token_starts_at_once_only_with_local_pre_authorize():
    for pre, expected in (("false", 2), ("true", 1)):
        stage = Stage(settings={"LocalPreAuthorize": pre})
        stage.charge()
        stage.present()
        stage.unplug()
        stage.charge("tag")
        assert len(stage.of("Authorize")) == expected
        assert len(stage.of("StartTransaction")) == 2


def test_a_token_known_as_invalid_is_asked_for_again():
    answers = [refused("Blocked"), ACCEPTED]
    stage = Stage({"Authorize": lambda _: answers.pop(0)}, settings={"LocalPreAuthorize": "true"})
    stage.charge()
    stage.present()
    assert len(stage.of("StartTransaction")) == 1


@pytest.mark.parametrize(
    ("known", "settings", "starts"),
    [
        ("Accepted", {}, True),
        ("Accepted", {"LocalAuthorizeOffline": "false"}, False),
        ("Blocked", {}, False),
        ("Blocked", {"AllowOfflineTxForUnknownId": "true"}, False),
        ("Expired", {"AllowOfflineTxForUnknownId": "true"}, False),
        (None, {}, False),
        (None, {"AllowOfflineTxForUnknownId": "true"}, True),
    ],
)
@pytest.mark.parametrize("place", ["list", "cache"])
def test_offline_starts(known, settings, starts, place):
    """1.6 3.5.2 and 3.5.3; a known refusal never starts, whatever is allowed to strangers."""
    stage = Stage(settings=settings)
    if known is not None:
        info = TokenInfo(id_token="TAG", status=AuthorizationStatus(known))
        (stage.cp.state.local_list if place == "list" else stage.cp.state.cache)["tag"] = info
    stage.go_offline()
    stage.charge()
    assert (stage.cp.transaction(1) is not None) is starts
    assert not stage.of("Authorize")


def test_an_expired_entry_counts_as_refused_offline():
    info = {"status": "Accepted", "expiryDate": "2026-01-01T20:00:00Z"}
    stage = Stage(
        {"Authorize": {"idTagInfo": info}, "StartTransaction": {"idTagInfo": info, "transactionId": 1}}
    )
    stage.charge()
    stage.present()
    stage.unplug()
    stage.go_offline()
    stage.clock.run_for(3 * 3600)
    stage.charge()
    assert stage.cp.transaction(1) is None


def test_when_the_connection_breaks_under_authorize_the_rules_for_offline_apply():
    stage = Stage({"Authorize": None}, settings={"AllowOfflineTxForUnknownId": "true"})
    stage.charge()
    assert stage.cp.transaction(1) is None
    stage.go_offline()
    assert stage.cp.transaction(1) is not None


def test_an_authorize_that_fails_starts_nothing_and_blocks_nothing():
    answers = [["InternalError", ""], ACCEPTED]
    stage = Stage({"Authorize": lambda _: answers.pop(0)})
    stage.charge()
    assert stage.cp.transaction(1) is None
    stage.present()
    assert stage.cp.transaction(1) is not None


def test_clear_cache_forgets():
    stage = Stage(settings={"LocalPreAuthorize": "true"})
    stage.charge()
    stage.present()
    assert any(part.startswith("token:") for part in stage.cp.storage.read())
    assert stage.ask("ClearCache") == {"status": "Accepted"}
    assert not any(part.startswith("token:") for part in stage.cp.storage.read())
    stage.unplug()
    stage.charge()
    assert len(stage.of("Authorize")) == 2


def test_the_shared_reader_finds_the_connector():
    stage = Stage()
    stage.plug_in(2)
    stage.present("TWO", 0)
    assert stage.cp.transaction(2) is not None
    stage.present("ONE", 0)
    assert stage.cp.status(1) == "Preparing"
    stage.present("two", 0)
    assert stage.cp.transaction(2) is None


def test_nobody_begins_on_a_connector_that_is_faulted_or_unavailable():
    stage = Stage()
    stage.ask("ChangeAvailability", connectorId=1, type="Inoperative")
    stage.cp.fault(2, "GroundFailure")
    stage.charge(connector=1)
    stage.charge(connector=2)
    assert not stage.of("Authorize")


def test_the_cache_drops_invalid_entries_first():
    stage = Stage({"Authorize": lambda p: refused("Invalid") if p["idTag"] == "BAD" else ACCEPTED})
    stage.present("BAD")
    for number in range(1000):
        stage.cp.present(1, f"T{number}")
        stage.clock.run_for(0.01)
        stage.cp.present(1, f"T{number}")
        stage.clock.run_for(0.01)
    assert len(stage.cp.state.cache) == 1000
    assert "bad" not in stage.cp.state.cache
