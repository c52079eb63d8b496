"""Asking something of a charge point: forms, roles, refusals, progress."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from csms.backoffice import words
from csms.backoffice.navigation import charge_point_url
from csms.domain.commands import KINDS, raw_call
from csms.eventlog import event_types as et
from csms.eventlog.models import Event
from csms.outbox.models import Command
from csms.outbox.request import request
from tests import factories
from tests.csms.backoffice import history

pytestmark = pytest.mark.django_db

SignIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def charge_point() -> None:
    factories.charge_point(identity="CP")
    history.a_busy_day("CP")


def url(kind: str, identity: str = "CP") -> str:
    return reverse("admin:new_command", args=[identity, kind])


def test_every_command_has_words_and_a_form(signed_in: SignIn) -> None:
    client = signed_in()
    assert set(words.COMMANDS) == set(KINDS)
    for kind in KINDS:
        page = client.get(url(kind)).content.decode()
        assert words.COMMANDS[kind].label in page
        assert '<button type="submit"' in page


@pytest.mark.parametrize(
    ("kind", "given", "parameters"),
    [
        ("RemoteStart", {"id_token": "TAG-A", "evse": "1"}, {"id_token": "TAG-A", "evse": 1}),
        ("RemoteStart", {"id_token": "TAG-A", "evse": ""}, {"id_token": "TAG-A", "evse": None}),
        ("RemoteStop", {"transaction_id": "2"}, {"transaction_id": "2"}),
        ("ResetChargePoint", {"kind": "Hard"}, {"kind": "Hard"}),
        ("SetAvailability", {"evse": "2", "operative": "false"}, {"evse": 2, "operative": False}),
        ("SetAvailability", {"evse": "0", "operative": "true"}, {"evse": 0, "operative": True}),
        ("ReadSettings", {"keys": ""}, {"keys": []}),
        ("ReadSettings", {"keys": "A, B\nC"}, {"keys": ["A", "B", "C"]}),
        (
            "ChangeSetting",
            {"key": "HeartbeatInterval", "value": "60"},
            {"key": "HeartbeatInterval", "value": "60"},
        ),
        ("ChangeSetting", {"key": "AuthorizeRemote", "value": ""}, {"key": "AuthorizeRemote", "value": ""}),
        ("RequestMessage", {"message": "Heartbeat", "evse": ""}, {"message": "Heartbeat", "evse": None}),
        ("ReleaseCable", {"evse": "2"}, {"evse": 2}),
        (
            "RemoveChargingProfiles",
            {"profile_id": "", "evse": "", "purpose": "", "stack_level": "0"},
            {"profile_id": None, "evse": None, "purpose": None, "stack_level": 0},
        ),
        (
            "UpdateLocalList",
            {"version": "2", "kind": "Differential", "entries": '[{"idTag": "A"}]'},
            {"version": 2, "kind": "Differential", "entries": [{"idTag": "A"}]},
        ),
        (
            "AddCertificate",
            {"kind": "ManufacturerRootCertificate", "certificate": "-----BEGIN\r\nMII"},
            {"kind": "ManufacturerRootCertificate", "certificate": "-----BEGIN\nMII"},
        ),
    ],
)
def test_a_form_asks_what_it_says(
    signed_in: SignIn, kind: str, given: dict[str, str], parameters: dict[str, Any]
) -> None:
    client = signed_in()
    answer = client.post(url(kind), given | {"reason": "because"})
    command = Command.objects.get()
    assert (command.kind, command.parameters) == (kind, parameters)
    assert (command.actor, command.reason) == ("superuser-person", "because")
    page = answer.content.decode()
    assert "Asked" in page
    assert f"/commands/{command.command_id}/" in page  # it goes on watching
    assert Event.objects.filter(type=et.COMMAND_REQUESTED).count() == 1


@pytest.mark.parametrize(
    ("kind", "given", "complaint"),
    [
        ("RemoteStart", {"id_token": "", "evse": "1"}, "This field is required"),
        ("RemoteStart", {"id_token": "x" * 21, "evse": ""}, "expected str of length"),
        ("RemoteStart", {"id_token": "A", "evse": "7"}, "Select a valid choice"),
        ("RemoteStop", {"transaction_id": "1"}, "Select a valid choice"),
        ("ResetChargePoint", {"kind": "Explode"}, "Select a valid choice"),
        ("ChangeSetting", {"key": "AuthorizationKey", "value": "x"}, "Secrets are not set this way"),
        ("ReadSettings", {"keys": "x" * 51}, "longer than 50"),
        ("InstallChargingProfile", {"evse": "1", "profile": "{"}, "not JSON"),
        ("InstallChargingProfile", {"evse": "1", "profile": "{}"}, "missing"),
        ("EndReservation", {"reservation_id": ""}, "This field is required"),
        ("FetchDiagnostics", {"location": "ftp://a:b@h/"}, "It holds a secret"),
        (
            "ReserveConnector",
            {"reservation_id": "1", "id_token": "A", "until": "soon", "evse": "1"},
            "is not a time",
        ),
        ("ResetChargePoint", {"kind": "Soft", "reason": "x" * 201}, "at most 200"),
    ],
)
def test_a_refusal_stands_in_the_form_and_nothing_is_written(
    signed_in: SignIn, kind: str, given: dict[str, str], complaint: str
) -> None:
    before = Event.objects.count()
    page = signed_in().post(url(kind), given).content.decode()
    assert 'role="alert"' in page
    assert complaint in page
    assert Event.objects.count() == before


def test_the_form_knows_its_connector_and_transaction(signed_in: SignIn) -> None:
    client = signed_in()
    assert '<option value="2" selected>' in client.get(url("RemoteStart") + "?evse=2").content.decode()
    page = client.get(url("RemoteStop") + "?transaction_id=2").content.decode()
    assert '<option value="2" selected>2, connector 1</option>' in page


@pytest.mark.parametrize(
    ("role", "kind", "allowed"),
    [
        ("viewer", "ResetChargePoint", False),
        ("operator", "ResetChargePoint", True),
        ("operator", "ChangeSetting", False),
        ("engineer", "ChangeSetting", True),
        ("administrator", "ChangeSetting", True),
    ],
)
def test_a_role_asks_only_what_it_may(signed_in: SignIn, role: str, kind: str, allowed: bool) -> None:
    client = signed_in(role)
    given = {"ResetChargePoint": {"kind": "Soft"}, "ChangeSetting": {"key": "K", "value": "1"}}[kind]
    assert client.get(url(kind)).status_code == (200 if allowed else 403)
    assert client.post(url(kind), given).status_code == (200 if allowed else 403)
    assert Command.objects.count() == int(allowed)
    assert (url(kind) in client.get(charge_point_url("CP")).content.decode()) == allowed


def test_id_tokens_are_suggested_only_to_those_who_may_see_them(signed_in: SignIn) -> None:
    factories.id_token(id_token="SUGGEST-ME")
    assert "SUGGEST-ME" in signed_in("operator").get(url("RemoteStart")).content.decode()


def test_nothing_is_asked_of_strangers(signed_in: SignIn) -> None:
    history.connect("STRANGER")
    client = signed_in()
    page = client.post(url("ResetChargePoint", "STRANGER"), {"kind": "Soft"}).content.decode()
    assert "There is no charge point with this identity" in page
    assert (
        url("ResetChargePoint", "STRANGER") not in client.get(charge_point_url("STRANGER")).content.decode()
    )


def test_a_forged_request_is_refused(signed_in: SignIn) -> None:
    client = signed_in()
    client.handler.enforce_csrf_checks = True
    assert client.post(url("ResetChargePoint"), {"kind": "Soft"}).status_code == 403
    assert not Command.objects.exists()


def test_the_progress_ends_with_the_command(signed_in: SignIn) -> None:
    client = signed_in()
    client.post(url("ReadSettings"), {"keys": ""})
    command = Command.objects.get()
    progress = reverse("admin:command_progress", args=["CP", command.command_id])
    assert "hx-get" in client.get(progress).content.decode()
    Command.objects.update(state="refused", error_code="NotSupported", sent_at=command.requested_at)
    page = client.get(progress).content.decode()
    assert "NotSupported" in page
    assert "hx-get" not in page


def test_the_lists_of_commands_show_it(signed_in: SignIn) -> None:
    client = signed_in()
    client.post(url("RemoteStart"), {"id_token": "TAG-A", "evse": "1", "reason": "a guest"})
    command = Command.objects.get()
    for address in (
        charge_point_url("CP", "charge_point_commands"),
        charge_point_url("CP", "charge_point_command_list"),
        reverse("admin:outbox_command_changelist"),
        reverse("admin:outbox_command_change", args=[command.pk]),
    ):
        assert "RemoteStart" in client.get(address).content.decode()


def test_no_such_command_is_not_found(signed_in: SignIn) -> None:
    client = signed_in()
    assert client.get(url("Nonsense")).status_code == 404
    assert client.get(url("RemoteStart", "NOPE")).status_code == 404
    assert client.get(reverse("admin:command_progress", args=["CP", "x"])).status_code == 404


def test_a_raw_call_is_shown_like_any_command(signed_in: SignIn) -> None:
    call = raw_call("Frobnicate", '{"idTag":"TAG-A"}')
    asked = request("CP", call, actor="ada")
    client = signed_in()
    page = client.get(reverse("admin:command_progress", args=["CP", asked.command_id])).content.decode()
    assert words.RAW_CALL.label in page
    listed = client.get(reverse("admin:outbox_command_changelist") + "?kind=RawCall")
    assert listed.status_code == 200
    assert [row.command_id for row in listed.context["cl"].result_list] == [asked.command_id]


def test_seldom_commands_stand_under_more(signed_in: SignIn) -> None:
    page = signed_in().get(charge_point_url("CP")).content.decode()
    often, more = page.split("<details>")[0], page.split("<details>")[1].split("</details>")[0]
    assert url("ResetChargePoint") in often
    assert url("InstallFirmware") in more
    assert url("InstallFirmware") not in often
