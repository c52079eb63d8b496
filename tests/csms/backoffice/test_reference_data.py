"""What people edit: the gateways hear of it; passwords are shown once; strangers are adopted."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from csms.access.models import IdToken
from csms.backoffice.navigation import charge_point_url
from csms.charging import passwords
from csms.charging.models import ChargePoint
from csms.outbox.announce import GATEWAYS
from tests import factories
from tests.csms.backoffice import history

SignIn = Callable[..., Client]
FORM = {"registration": "Accepted", "security_profile": "0"}


@pytest.fixture
def announced(django_capture_on_commit_callbacks: Any) -> Callable[[Callable[[], Any]], list[dict[str, Any]]]:
    """announced(lambda: ...) -> what the gateways were told because of it, once it was committed."""

    def listen(act: Callable[[], Any]) -> list[dict[str, Any]]:
        layer = get_channel_layer()
        channel = async_to_sync(layer.new_channel)("test")
        async_to_sync(layer.group_add)(GATEWAYS, channel)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                act()
            queue = layer.channels.get(channel)
            told = []
            while queue is not None and not queue.empty():
                told.append(queue.get_nowait()[1])
            return told
        finally:
            async_to_sync(layer.group_discard)(GATEWAYS, channel)

    return listen


def test_editing_an_id_token_is_announced(signed_in: SignIn, announced: Any) -> None:
    token = factories.id_token(id_token="Card-1")
    client = signed_in("engineer")
    change = reverse("admin:access_idtoken_change", args=[token.pk])
    given = {"id_token": "Card-1", "blocked": "on", "max_transactions": "1"}
    assert announced(lambda: client.post(change, given)) == [{"type": "reference.changed", "stream": ""}]
    assert IdToken.objects.get().blocked
    delete = reverse("admin:access_idtoken_delete", args=[token.pk])
    assert announced(lambda: client.post(delete, {"post": "yes"})) == [
        {"type": "reference.changed", "stream": ""}
    ]
    assert not IdToken.objects.exists()


def test_deleting_many_is_announced(signed_in: SignIn, announced: Any) -> None:
    tokens = [factories.id_token(), factories.id_token()]
    given = {"action": "delete_selected", "_selected_action": [token.pk for token in tokens], "post": "yes"}
    client = signed_in("engineer")
    assert len(announced(lambda: client.post(reverse("admin:access_idtoken_changelist"), given))) == 2
    assert not IdToken.objects.exists()


def test_the_same_id_token_in_other_letters_is_refused_in_words(signed_in: SignIn) -> None:
    factories.id_token(id_token="Card-1")
    answer = signed_in("engineer").post(reverse("admin:access_idtoken_add"), {"id_token": "CARD-1"})
    assert answer.status_code == 200
    assert "already" in answer.content.decode()
    assert IdToken.objects.count() == 1


def test_registering_and_editing_a_charge_point_is_announced_to_it(signed_in: SignIn, announced: Any) -> None:
    client = signed_in("engineer")
    add = reverse("admin:charging_chargepoint_add")
    told = announced(lambda: client.post(add, FORM | {"identity": "NEW-1"}))
    assert told == [{"type": "reference.changed", "stream": "NEW-1"}]
    charge_point = ChargePoint.objects.get()
    change = reverse("admin:charging_chargepoint_change", args=[charge_point.pk])
    told = announced(lambda: client.post(change, FORM | {"identity": "FORGED", "name": "Front door"}))
    assert told == [{"type": "reference.changed", "stream": "NEW-1"}]
    charge_point.refresh_from_db()
    assert (charge_point.identity, charge_point.name) == ("NEW-1", "Front door")


def test_an_operator_reads_the_registration_and_does_not_change_it(signed_in: SignIn) -> None:
    charge_point = factories.charge_point(name="Before")
    client = signed_in("operator")
    change = reverse("admin:charging_chargepoint_change", args=[charge_point.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, FORM | {"name": "After"}).status_code == 403
    charge_point.refresh_from_db()
    assert charge_point.name == "Before"


# ---- passwords


def test_a_password_is_made_shown_once_and_kept_as_a_digest(signed_in: SignIn, announced: Any) -> None:
    charge_point = factories.charge_point(identity="CP")
    client = signed_in("engineer")
    url = charge_point_url("CP", "charge_point_password")
    assert "Make a new password" in client.get(url).content.decode()
    charge_point.refresh_from_db()
    assert charge_point.password_digest == ""
    answers = []
    assert announced(lambda: answers.append(client.post(url))) == [
        {"type": "reference.changed", "stream": "CP"}
    ]
    shown = re.search(r'id="password">([0-9a-f]{40})<', answers[0].content.decode())
    assert shown
    assert "no-store" in answers[0].headers["Cache-Control"]
    charge_point.refresh_from_db()
    assert passwords.verify(shown[1].encode(), charge_point.password_digest)
    assert charge_point.security_profile == ChargePoint.SecurityProfile.BASIC
    assert shown[1] not in client.get(url).content.decode()
    assert LogEntry.objects.get().change_message == "New password"


def test_a_stricter_security_profile_stays(signed_in: SignIn) -> None:
    charge_point = factories.charge_point(identity="CP", security_profile=2)
    signed_in("engineer").post(charge_point_url("CP", "charge_point_password"))
    charge_point.refresh_from_db()
    assert charge_point.security_profile == 2


def test_an_operator_makes_no_passwords(signed_in: SignIn) -> None:
    factories.charge_point(identity="CP")
    client = signed_in("operator")
    url = charge_point_url("CP", "charge_point_password")
    assert client.get(url).status_code == client.post(url).status_code == 403
    assert ChargePoint.objects.get().password_digest == ""


# ---- the lobby


def test_a_stranger_is_adopted_with_one_click(signed_in: SignIn, announced: Any) -> None:
    history.connect("STRANGER/1")
    client = signed_in("engineer")
    assert "STRANGER/1" in client.get(reverse("admin:lobby")).content.decode()
    url = charge_point_url("STRANGER/1", "adopt")
    assert announced(lambda: client.post(url)) == [{"type": "reference.changed", "stream": "STRANGER/1"}]
    charge_point = ChargePoint.objects.get()
    assert (charge_point.identity, charge_point.registration) == ("STRANGER/1", "Accepted")
    assert "Nobody is waiting" in client.get(reverse("admin:lobby")).content.decode()
    assert announced(lambda: client.post(url)) == []  # a second click changes nothing
    assert ChargePoint.objects.count() == 1


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_registers_nothing_adopts_nobody(signed_in: SignIn, role: str) -> None:
    history.connect("STRANGER")
    client = signed_in(role)
    assert client.post(charge_point_url("STRANGER", "adopt")).status_code == 403
    assert "Adopt</button>" not in client.get(reverse("admin:lobby")).content.decode()
    assert not ChargePoint.objects.exists()


def test_adopting_takes_a_post_and_a_stranger(signed_in: SignIn) -> None:
    history.connect("STRANGER")
    client = signed_in("engineer")
    assert client.get(charge_point_url("STRANGER", "adopt")).status_code == 405
    assert client.post(charge_point_url("NOBODY", "adopt")).status_code == 404


# ---- search


def test_the_search_finds_what_a_person_may_see(signed_in: SignIn) -> None:
    factories.charge_point(identity="FINDME-1", name="North gate")
    factories.id_token(id_token="FINDME-TOKEN")
    history.connect("FINDME-STRANGER")

    def found(role: str, term: str) -> str:
        return signed_in(role).get(reverse("admin:search"), {"s": term, "extended": "1"}).content.decode()

    everything = found("operator", "findme")
    assert "North gate" in everything
    assert "FINDME-TOKEN" in everything
    assert "FINDME-STRANGER" in everything
    assert "FINDME-TOKEN" not in found("viewer", "findme")
    assert "North gate" not in found("", "findme")


@pytest.mark.parametrize(("role", "offered"), [("operator", False), ("engineer", True)])
def test_the_registration_leads_to_the_live_screen_and_to_a_new_password(
    signed_in: SignIn, role: str, offered: bool
) -> None:
    charge_point = factories.charge_point(identity="CP")
    client = signed_in(role)
    change = reverse("admin:charging_chargepoint_change", args=[charge_point.pk])
    page = client.get(change).content.decode()
    assert ("New password" in page) == offered
    live = change.replace("/change/", "/live/")
    assert live in page
    assert client.get(live).url == charge_point_url("CP")
    answer = client.get(change.replace("/change/", "/new-password/"))
    assert answer.status_code == (302 if offered else 403)
