"""The event list of a charge point: folding, paging, renewal, masking."""

from collections.abc import Callable

import pytest
from django.test import Client

from csms.backoffice import personal
from csms.backoffice.navigation import charge_point_url
from csms.backoffice.queries import timeline
from csms.charging.models import Transaction
from csms.eventlog import event_types as et
from tests import factories
from tests.csms.backoffice import history

pytestmark = pytest.mark.django_db

SignIn = Callable[..., Client]


def page(stream: str = "CP", **options: object) -> timeline.Page:
    return timeline.page(stream, sees_personal=True, **options)


def ask(stream: str = "CP", action: str = "Reset") -> int:
    """A call of ours that nobody has answered yet. Returns its position."""
    return history.record(
        stream, et.CALL_SENT, [2, "our-1", action, {"type": "Soft"}], action=action, message_id="our-1"
    ).position


def test_a_call_and_its_answer_are_one_entry() -> None:
    history.connect("CP")
    history.boot("CP")
    history.status("CP", 1, "Available")
    entries = page().entries
    assert [entry.title for entry in entries] == ["StatusNotification", "BootNotification", "Connected"]
    boot = entries[1]
    assert boot.direction == "in"
    assert boot.verdict == ("Accepted", "good")
    assert '"status": "Accepted"' in boot.answer_json
    assert "Ampero" in boot.request_json
    assert boot.summary == "chargePointVendor Ampero · chargePointModel Post 22"


def test_our_call_waits_until_it_is_answered_and_then_tells_how_long_it_took() -> None:
    position = ask()
    assert page().entries[0].is_pending
    assert page().entries[0].verdict == ("waiting", "wait")
    history.record(
        "CP", et.RESULT_RECEIVED, [3, "our-1", {"status": "Rejected"}], action="Reset", cause=position
    )
    entry = timeline.entry("CP", position, sees_personal=True)
    assert entry is not None
    assert entry.verdict == ("Rejected", "bad")
    assert entry.latency_ms is not None
    assert entry.latency_ms >= 0
    assert len(page().entries) == 1


@pytest.mark.parametrize(
    ("type_", "payload", "word"),
    [
        (et.ERROR_RECEIVED, [4, "our-1", "NotSupported", "", {}], "NotSupported"),
        (et.RESULT_REJECTED, [3, "our-1", {"status": 7}], "unreadable"),
        (et.CALL_EXPIRED, {}, "no answer"),
    ],
)
def test_a_call_without_a_good_answer_says_so(type_: str, payload: object, word: str) -> None:
    position = ask()
    history.record("CP", type_, payload, cause=position, action="Reset")
    assert page().entries[0].verdict == (word, "bad")


def test_pages_follow_each_other_without_a_gap() -> None:
    for number in range(25):
        history.status("CP", 1 + number, "Available")
    first = page(size=10)
    second = page(size=10, before=first.older)
    third = page(size=10, before=second.older)
    seen = [entry.summary.split()[1] for found in (first, second, third) for entry in found.entries]
    assert seen == [str(number) for number in range(25, 0, -1)]
    assert third.older is None


def test_newer_entries_come_after_what_is_shown() -> None:
    history.status("CP", 1, "Available")
    shown = page().newest
    assert page(after=shown).entries == []
    history.status("CP", 1, "Preparing")
    assert [entry.summary for entry in page(after=shown).entries] == [
        "connectorId 1 · status Preparing · errorCode NoError"
    ]


def test_kinds_and_hidden_actions_narrow_the_list() -> None:
    history.a_busy_day("CP")
    ask("CP")
    assert {entry.event.type for entry in page(kind="sent").entries} == {et.CALL_SENT}
    assert {entry.title for entry in page(kind="connections").entries} == {"Connected"}
    assert "MeterValues" in {entry.title for entry in page().entries}
    assert "MeterValues" not in {entry.title for entry in page(hidden="MeterValues").entries}


def test_an_answers_position_leads_to_its_call() -> None:
    history.boot("CP")
    position = ask()
    answer = history.record("CP", et.RESULT_RECEIVED, [3, "our-1", {}], cause=position)
    history.status("CP", 1, "Available")
    before = timeline.page_around("CP", answer.position)
    assert page(before=before).entries[0].event.pk == position


def test_an_unreadable_frame_is_shown_as_it_came() -> None:
    history.record("CP", et.FRAME_REJECTED, "{{{")
    entry = page().entries[0]
    assert entry.title == "Unreadable frame"
    assert entry.request_json == "{{{"
    assert entry.summary == ""


def test_readings_are_summed_up() -> None:
    history.a_busy_day("CP")
    summaries = [entry.summary for entry in page().entries if entry.title == "MeterValues"]
    assert summaries[0] == "connectorId 1 · transactionId 2 · 3500 Wh"


# ---- personal data


def test_personal_members_come_from_the_declarations() -> None:
    assert {"idTag", "parentIdTag"} <= personal.members()
    assert "connectorId" not in personal.members()


def test_masking_keeps_the_shape() -> None:
    content = {"idTag": "A", "list": [{"parentIdTag": "B", "n": 1}], "id_token": "", "status": "Accepted"}
    assert personal.masked(content) == {
        "idTag": personal.MASK,
        "list": [{"parentIdTag": personal.MASK, "n": 1}],
        "id_token": "",
        "status": "Accepted",
    }


@pytest.mark.parametrize(("role", "sees"), [("viewer", False), ("operator", True)])
def test_only_those_with_the_permission_see_id_tokens(signed_in: SignIn, role: str, sees: bool) -> None:
    factories.charge_point(identity="CP")
    history.a_busy_day("CP")
    history.record("CP", et.FRAME_REJECTED, '[2,"x","Authorize",{"idTag":"TAG-A"')
    ended = Transaction.objects.get(transaction_id="1")
    client = signed_in(role)
    for url in (
        charge_point_url("CP"),
        charge_point_url("CP", "charge_point_transactions"),
        charge_point_url("CP", "charge_point_now"),
        charge_point_url("CP", "charge_point_newer_events") + "?after=0",
        "/admin/",
        "/admin/charging/transaction/",
        f"/admin/charging/transaction/{ended.pk}/change/",
        "/admin/charging/transaction/?q=TAG",
    ):
        page = client.get(url).content.decode()
        assert ("TAG-A" in page or "TAG-B" in page) == sees, url


# ---- the page


def test_a_link_to_an_event_opens_the_page_that_has_it(signed_in: SignIn) -> None:
    factories.charge_point(identity="CP")
    history.boot("CP")
    wanted = history.call("CP", "Heartbeat", {}, {"currentTime": "2026-01-01T00:00:00Z"})
    for _ in range(60):
        history.status("CP", 1, "Available")
    html = signed_in().get(charge_point_url("CP") + f"?at={wanted.position}").content.decode()
    assert "bo-wanted" in html
    assert "Heartbeat" in html


@pytest.mark.parametrize(
    "query", ["before=x", "before=-1", "at=99999999999999999999", "at=7", "kind=nonsense"]
)
def test_a_senseless_address_is_no_error(signed_in: SignIn, query: str) -> None:
    factories.charge_point(identity="CP")
    history.boot("CP")
    assert signed_in().get(charge_point_url("CP") + f"?{query}").status_code == 200


def test_the_list_goes_on_where_it_stands(signed_in: SignIn) -> None:
    factories.charge_point(identity="CP")
    history.boot("CP")
    client = signed_in()
    newest = page().newest
    url = charge_point_url("CP", "charge_point_newer_events")
    assert f"after={newest}" in client.get(f"{url}?after={newest}").content.decode()
    history.status("CP", 1, "Faulted")
    html = client.get(f"{url}?after={newest}").content.decode()
    assert "Faulted" in html
    assert f"after={page().newest}" in html


def test_a_part_of_a_page_asks_a_signed_out_browser_to_load_it_anew(client: Client) -> None:
    factories.charge_point(identity="CP")
    for name in ("charge_point_now", "charge_point_newer_events", "charge_point_command_list"):
        answer = client.get(charge_point_url("CP", name))
        assert answer.status_code == 401
        assert answer.headers["HX-Refresh"] == "true"
