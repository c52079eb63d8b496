"""The event feed."""

import psycopg
import pytest

from csms.domain import commands
from csms.eventlog import feed
from csms.eventlog.database import reserve_positions
from csms.outbox import request
from tests import factories

PATH = "/events"


@pytest.fixture
def asked(api):
    """Three commands to one charge point and two to another: five events."""
    for identity, count in (("CP1", 3), ("CP2", 2)):
        factories.charge_point(identity=identity)
        for _ in range(count):
            api("POST", f"/charge-points/{identity}/commands", {"kind": "ReadSettings"})


def positions(page):
    return [item["position"] for item in page["items"]]


def test_a_reader_that_goes_on_sees_every_event_once(api, asked):
    whole = api.get(PATH).json()
    assert len(whole["items"]) == 5
    assert whole["is_at_end"] is True
    seen, after = [], 0
    while True:
        page = api.get(PATH, after=after, limit=2).json()
        seen += positions(page)
        assert page["after"] >= after
        after = page["after"]
        if page["is_at_end"]:
            break
    assert seen == positions(whole)
    assert api.get(PATH, after=after).json() == {"items": [], "after": after, "is_at_end": True}


def test_events_are_found_by_charge_point_type_and_action(api, asked):
    assert [e["charge_point"] for e in api.get(PATH, charge_point="CP2").json()["items"]] == ["CP2", "CP2"]
    assert len(api.get(PATH, type="command.requested").json()["items"]) == 5
    assert len(api.get(PATH, type=["command.requested", "call.sent"]).json()["items"]) == 5
    assert api.get(PATH, type="call.sent").json()["items"] == []
    assert api.get(PATH, action="Reset").json()["items"] == []


def test_a_filter_that_nothing_passes_still_goes_on(api, asked, monkeypatch):
    monkeypatch.setattr("csms.eventlog.feed.MAX_POSITIONS", 2)
    page = api.get(PATH, charge_point="CP2").json()
    assert (page["items"], page["is_at_end"]) == ([], False)
    seen, after = [], 0
    while not (page := api.get(PATH, after=after, charge_point="CP2").json())["is_at_end"]:
        seen += positions(page)
        assert page["after"] > after
        after = page["after"]
    seen += positions(page)
    assert seen == positions(api.get(PATH, after=0).json())[3:]


def test_an_event_names_its_actor_and_can_be_had_alone(api, asked):
    first = api.get(PATH, limit=1).json()["items"][0]
    assert first["actor"].startswith("ada (pyrocpp_")
    assert (first["type"], first["stream_version"]) == ("command.requested", 1)
    assert api.get(f"{PATH}/{first['position']}").json() == first


@pytest.mark.parametrize(
    "query", [{"after": -1}, {"after": 2**63}, {"after": "x"}, {"limit": 0}, {"before": 1}]
)
def test_nonsense_is_refused(api, query):
    assert api.get(PATH, **query).status_code == 422


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_feed_does_not_pass_a_writer_that_is_still_at_work(live_database):
    """A slower transaction holds lower positions: who read on would never see its events."""
    factories.charge_point(identity="CP1")
    request.request("CP1", commands.ReadSettings(), actor="ada")
    first = feed.page(0, limit=10)
    with psycopg.connect(live_database.url) as slow:
        for sql, parameters in reserve_positions(1):
            slow.execute(sql, parameters)
        request.request("CP1", commands.ReadSettings(), actor="ada")
        page = feed.page(first.after, limit=10)
        assert (page.events, page.after, page.is_at_end) == ([], first.after, True)
        slow.rollback()
    page = feed.page(first.after, limit=10)
    assert [event.stream_version for event in page.events] == [2]
    assert page.after >= page.events[0].position
