"""Every screen, empty and full, for every role; and that it stays cheap."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from csms.backoffice.navigation import charge_point_url
from csms.charging.models import ChargePoint, Transaction
from csms.eventlog.models import Event
from csms.outbox.models import Command
from tests import factories
from tests.csms.backoffice import history

SignIn = Callable[..., Client]

LISTS = (
    "index",
    "lobby",
    "charging_chargepoint_changelist",
    "charging_transaction_changelist",
    "charging_site_changelist",
    "charging_orphanmessage_changelist",
    "outbox_command_changelist",
    "eventlog_event_changelist",
    "eventlog_checkpoint_changelist",
    "access_idtoken_changelist",
    "access_idtokengroup_changelist",
    "auth_user_changelist",
    "auth_group_changelist",
)
TABS = (
    "charge_point",
    "charge_point_transactions",
    "charge_point_commands",
    "charge_point_settings",
    "charge_point_about",
)
# What a role may open of them; an administrator may all.
FORBIDDEN = {
    "viewer": {
        "eventlog_checkpoint_changelist",
        "access_idtoken_changelist",
        "access_idtokengroup_changelist",
        "auth_user_changelist",
        "auth_group_changelist",
    },
    "operator": {"eventlog_checkpoint_changelist", "auth_user_changelist", "auth_group_changelist"},
    "engineer": {"auth_user_changelist", "auth_group_changelist"},
    "administrator": set(),
}


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_system_shows_every_screen(signed_in: SignIn, name: str) -> None:
    assert signed_in().get(reverse(f"admin:{name}")).status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_nobody_sees_a_screen_without_signing_in(client: Client, db: None, name: str) -> None:
    answer = client.get(reverse(f"admin:{name}"))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("role", FORBIDDEN)
def test_each_role_opens_what_it_may_and_sees_links_to_nothing_else(signed_in: SignIn, role: str) -> None:
    client = signed_in(role)
    home = client.get(reverse("admin:index")).content.decode()
    for name in LISTS:
        url = reverse(f"admin:{name}")
        is_allowed = name not in FORBIDDEN[role]
        assert client.get(url).status_code == (200 if is_allowed else 403), name
        assert (f'href="{url}"' in home) == is_allowed, name


def test_staff_without_a_role_is_told_to_ask_for_one(signed_in: SignIn) -> None:
    client = signed_in("")
    factories.charge_point(identity="SECRET-CP")
    answer = client.get(reverse("admin:index"))
    assert "You have no role yet" in answer.content.decode()
    assert "SECRET-CP" not in answer.content.decode()
    assert client.get(charge_point_url("SECRET-CP")).status_code == 403
    assert client.get(reverse("admin:overview_now")).status_code == 403


@pytest.mark.parametrize("tab", TABS)
def test_a_charge_point_that_never_connected_has_every_tab(signed_in: SignIn, tab: str) -> None:
    factories.charge_point(identity="NEW")
    answer = signed_in().get(charge_point_url("NEW", tab))
    assert answer.status_code == 200
    assert "It never connected" in answer.content.decode()


@pytest.mark.parametrize("tab", TABS)
def test_a_busy_charge_point_has_every_tab(signed_in: SignIn, tab: str) -> None:
    factories.charge_point(identity="BUSY", name="Busy one")
    history.a_busy_day("BUSY")
    page = signed_in().get(charge_point_url("BUSY", tab)).content.decode()
    assert "Busy one" in page
    assert "Online" in page
    assert "2.50 kWh" in page  # of the running transaction: 3500 - 1000 Wh
    assert "11.0 kW" in page
    assert "GroundFailure" in page


@pytest.mark.parametrize("identity", ["a/b", "Säule 1", "x%2Fy", "_2F", "q?a=1&b#c", "<script>", "a b"])
def test_any_identity_has_its_screen(signed_in: SignIn, identity: str) -> None:
    factories.charge_point(identity=identity)
    history.connect(identity)
    client = signed_in()
    for tab in TABS:
        assert client.get(charge_point_url(identity, tab)).status_code == 200
    assert client.get(charge_point_url(identity, "charge_point_now")).status_code == 200
    listed = client.get(reverse("admin:charging_chargepoint_changelist")).content.decode()
    assert charge_point_url(identity) in listed
    assert "<script>&" not in listed
    assert "><script></" not in listed


def test_an_unknown_charge_point_is_not_found(signed_in: SignIn) -> None:
    client = signed_in()
    for tab in TABS:
        answer = client.get(charge_point_url("NOPE", tab))
        assert answer.status_code == 404
        assert "There is nothing here" in answer.content.decode()
    assert client.get(reverse("admin:charging_transaction_change", args=[99])).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/admin/charge-points/a%00b/",
        "/admin/charge-points/CP/?hidden=%00",
        "/admin/charge-points/CP/events/newer/?hidden=%00",
        "/admin/charge-points/CP/commands/%00/",
        "/admin/charging/chargepoint/?connector=%00",
        "/admin/outbox/command/?kind=%00",
        "/admin/eventlog/event/?q=%00",
        "/admin/search/?extended=1&s=%00",
    ],
)
def test_a_nul_in_an_address_is_a_bad_request(signed_in: SignIn, address: str) -> None:
    factories.charge_point(identity="CP")
    assert signed_in().get(address).status_code == 400


def test_what_charge_points_say_never_becomes_markup(signed_in: SignIn) -> None:
    factories.charge_point(identity="EVIL")
    history.a_busy_day("EVIL")
    client = signed_in()
    for url in (
        charge_point_url("EVIL"),
        reverse("admin:index"),
        charge_point_url("EVIL", "charge_point_now"),
    ):
        page = client.get(url).content.decode()
        assert "<b>wet</b>" not in page
        assert "<script>alert" not in page


def test_the_overview_counts(signed_in: SignIn) -> None:
    for identity in ("A", "B", "C"):
        factories.charge_point(identity=identity)
    history.a_busy_day("A", first=1)
    history.disconnect("B", history.connect("B"))
    history.connect("STRANGER")
    page = signed_in().get(reverse("admin:overview_now")).content.decode()
    assert "<small> of 3</small>" in page
    assert "2 offline" in page
    assert "7.50 kWh" in page  # today: 5.00 ended and 2.50 running
    assert "Connector 2 is Faulted GroundFailure" in page
    assert "Went offline" in page
    assert "STRANGER" in page


def test_charge_points_can_be_filtered(signed_in: SignIn) -> None:
    for identity in ("ON-1", "OFF-1"):
        factories.charge_point(identity=identity)
    history.a_busy_day("ON-1")
    client = signed_in()
    url = reverse("admin:charging_chargepoint_changelist")

    def shown(query: str) -> set[str]:
        answer = client.get(f"{url}?{query}")
        return {row.identity for row in answer.context["cl"].result_list}

    assert shown("") == {"ON-1", "OFF-1"}
    assert shown("connection=online") == {"ON-1"}
    assert shown("connection=offline") == {"OFF-1"}
    assert shown("connector=Faulted") == {"ON-1"}
    assert shown("connector=Reserved") == set()
    assert shown("q=OFF") == {"OFF-1"}


def test_charge_points_out_of_service_are_out_of_sight(signed_in: SignIn) -> None:
    factories.charge_point(identity="OLD", archived_at="2026-01-01T00:00:00Z")
    client = signed_in()
    url = reverse("admin:charging_chargepoint_changelist")
    assert "OLD" not in client.get(url).content.decode()
    assert "OLD" in client.get(f"{url}?service=archived").content.decode()


def test_a_transaction_shows_its_curves(signed_in: SignIn) -> None:
    factories.charge_point(identity="A")
    history.a_busy_day("A")
    client = signed_in()
    running = Transaction.objects.get(transaction_id="2")
    page = client.get(reverse("admin:charging_transaction_change", args=[running.pk])).content.decode()
    assert "2.50 kWh" in page
    figures = client.get(reverse("admin:transaction_figures", args=[running.pk])).json()
    assert figures["running"] is True
    assert [value for _, value in figures["curves"]["energy_wh"]] == [1.0, 2.5]
    assert [value for _, value in figures["curves"]["power_w"]] == [11.0, 11.0]
    assert [value for _, value in figures["curves"]["soc_percent"]] == [55.0, 55.0]
    assert "current_a" not in figures["curves"]


# ---- the log and the projections are read only


@pytest.mark.parametrize("name", ["eventlog_event", "charging_transaction", "outbox_command"])
def test_not_even_a_superuser_writes_what_the_log_says(signed_in: SignIn, name: str) -> None:
    history.a_busy_day("A")
    client = signed_in()
    model = {"eventlog_event": Event, "charging_transaction": Transaction, "outbox_command": Command}[name]
    before = list(model.objects.values())
    first = model.objects.first()
    pk = first.pk if first else 1
    assert client.get(reverse(f"admin:{name}_add")).status_code == 403
    assert client.post(reverse(f"admin:{name}_add"), {}).status_code == 403
    assert client.post(reverse(f"admin:{name}_delete", args=[pk]), {"post": "yes"}).status_code in (302, 403)
    client.post(reverse(f"admin:{name}_change", args=[pk]), {"type": "forged", "state": "ended"})
    action = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    client.post(reverse(f"admin:{name}_changelist"), action)
    assert list(model.objects.values()) == before


def test_an_event_is_shown_whole(signed_in: SignIn) -> None:
    history.a_busy_day("A")
    event = Event.objects.get(action="StartTransaction", type="call.received", payload__contains="TAG-A")
    page = signed_in().get(reverse("admin:eventlog_event_change", args=[event.pk])).content.decode()
    assert "&quot;idTag&quot;: &quot;TAG-A&quot;" in page


# ---- cost


@pytest.mark.parametrize(
    "name",
    [
        "index",
        "overview_now",
        "lobby",
        "charging_chargepoint_changelist",
        "charging_transaction_changelist",
        "outbox_command_changelist",
        "eventlog_event_changelist",
        "access_idtoken_changelist",
        "charging_site_changelist",
    ],
)
def test_a_list_costs_as_many_queries_for_many_as_for_few(signed_in: SignIn, name: str) -> None:
    client = signed_in()
    url = reverse(f"admin:{name}")

    def fill(numbers: range) -> None:
        for number in numbers:
            factories.charge_point(identity=f"CP{number}", site=factories.site())
            factories.id_token(group=factories.id_token_group())
            history.a_busy_day(f"CP{number}", first=10 * number + 1)
            history.connect(f"STRANGER{number}")

    fill(range(2))
    few = queries(client, url)
    fill(range(2, 9))
    many = queries(client, url)
    assert many == few
    assert many <= 20


def test_the_screen_of_a_charge_point_costs_a_fixed_number_of_queries(signed_in: SignIn) -> None:
    client = signed_in()
    for identity, days in (("FEW", 1), ("MANY", 6)):
        factories.charge_point(identity=identity)
        for day in range(days):
            history.a_busy_day(identity, first=100 * (1 if identity == "FEW" else 2) + 10 * day)
    for tab in TABS:
        few, many = (queries(client, charge_point_url(identity, tab)) for identity in ("FEW", "MANY"))
        assert few == many, tab
        assert many <= 12, tab


def queries(client: Client, url: str) -> int:
    client.get(url)  # content types and the like are remembered
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_a_charge_point_is_never_deleted(signed_in: SignIn) -> None:
    charge_point = factories.charge_point()
    client = signed_in()
    url = reverse("admin:charging_chargepoint_delete", args=[charge_point.pk])
    assert client.post(url, {"post": "yes"}).status_code == 403
    assert ChargePoint.objects.filter(pk=charge_point.pk).exists()
