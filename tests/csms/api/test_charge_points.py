"""Registering charge points and changing their terms."""

import pytest

from csms.charging import passwords
from csms.charging.models import ChargePoint
from tests import factories
from tests.csms.api import rows

PATH = "/charge-points"


def test_a_charge_point_is_registered_with_its_terms(api):
    site = factories.site(name="Depot")
    body = {"identity": "CP1", "name": "Gate", "site_id": site.pk, "registration": "Pending", "note": "x"}
    answer = api("POST", PATH, body)
    assert answer.status_code == 201
    created = answer.json()
    assert created["site"] == {"id": site.pk, "name": "Depot"}
    assert created["live"] is None
    assert created["has_password"] is False
    assert (created["registration"], created["security_profile"]) == ("Pending", 0)
    assert api.get(f"{PATH}/CP1").json() == created


def test_live_state_connectors_and_running_transactions_are_shown(api):
    factories.charge_point(identity="CP1")
    rows.state("CP1", booted_at=rows.AT, registration="Accepted")
    rows.connector("CP1", 0)
    rows.connector("CP1", 2, "Charging")
    rows.transaction("CP1", 5, evse=2, energy_wh=1234.5)
    rows.transaction("CP1", 4, state="ended")
    shown = api.get(f"{PATH}/CP1").json()
    assert shown["live"]["online"] is True
    assert shown["live"]["firmware_version"] == "1.0"
    assert [(c["evse"], c["status"]) for c in shown["connectors"]] == [(0, "Available"), (2, "Charging")]
    [running] = shown["running_transactions"]
    assert (running["transaction_id"], running["energy_wh"]) == ("5", 1234.5)


@pytest.mark.parametrize(
    "identity", ["A/B", "S\u00e4ule 1", "100%", "a+b&c=d?#", ".", "..", "/", "x/commands", "\u5145"]
)
def test_an_identity_may_hold_what_the_gateway_lets_in(api, identity):
    from urllib.parse import quote

    quoted = quote(identity, safe="")
    assert api("POST", PATH, {"identity": identity}).status_code == 201
    if identity in (".", "..", "/", "x/commands"):
        return  # no URL says so: it is only in the list
    assert api.get(f"{PATH}/{quoted}").json()["identity"] == identity
    assert api("PATCH", f"{PATH}/{quoted}", {"name": "n"}).json()["name"] == "n"
    assert api("POST", f"{PATH}/{quoted}/password").status_code == 200
    asked = api("POST", f"{PATH}/{quoted}/commands", {"kind": "ReadSettings"})
    assert (asked.status_code, asked.json()["charge_point"]) == (201, identity)


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({}, "identity"),
        ({"identity": ""}, "identity"),
        ({"identity": "  "}, "identity"),
        ({"identity": "a\nb"}, "identity"),
        ({"identity": "x" * 256}, "identity"),
        ({"identity": 5}, "identity"),
        ({"identity": "CP", "name": "x" * 101}, "name"),
        ({"identity": "CP", "site_id": 99}, "site_id"),
        ({"identity": "CP", "site_id": 10**30}, "site_id"),
        ({"identity": "CP", "site_id": -1}, "site_id"),
        ({"identity": "CP", "registration": "accepted"}, "registration"),
        ({"identity": "CP", "security_profile": 4}, "security_profile"),
        ({"identity": "CP", "no_automation": "perhaps"}, "no_automation"),
        ({"identity": "CP", "password_digest": "x"}, "password_digest"),
    ],
)
def test_what_is_not_valid_is_named_and_nothing_is_written(api, body, member):
    answer = api("POST", PATH, body)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["member"] for error in answer.json()["errors"]] == [member]
    assert not ChargePoint.objects.exists()


def test_an_identity_is_registered_once(api):
    factories.charge_point(identity="CP1", name="first")
    answer = api("POST", PATH, {"identity": "CP1", "name": "second"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "already_exists")
    assert ChargePoint.objects.get().name == "first"
    assert api("POST", PATH, {"identity": "cp1"}).status_code == 201  # identities have case


def test_only_what_is_given_is_changed(api):
    factories.charge_point(identity="CP1", name="Gate", note="keep", no_automation=True)
    answer = api("PATCH", f"{PATH}/CP1", {"name": "Door"})
    assert answer.status_code == 200
    charge_point = ChargePoint.objects.get()
    assert (charge_point.name, charge_point.note, charge_point.no_automation) == ("Door", "keep", True)


def test_an_archived_charge_point_can_come_back(api):
    factories.charge_point(identity="CP1")
    archived = api("PATCH", f"{PATH}/CP1", {"archived": True}).json()["archived_at"]
    assert archived is not None
    assert api("PATCH", f"{PATH}/CP1", {"archived": True}).json()["archived_at"] == archived
    assert api.get(PATH).json()["items"] == []
    assert api("PATCH", f"{PATH}/CP1", {"archived": False}).json()["archived_at"] is None


def test_the_password_is_shown_once_and_only_a_digest_kept(api):
    factories.charge_point(identity="CP1")
    answer = api("POST", f"{PATH}/CP1/password")
    password = answer.json()["password"]
    assert answer["Cache-Control"] == "no-store"
    assert len(password) == 40
    charge_point = ChargePoint.objects.get()
    assert passwords.verify(password.encode(), charge_point.password_digest)
    assert password not in charge_point.password_digest
    assert password not in api.get(f"{PATH}/CP1").content.decode()
    assert api("POST", f"{PATH}/CP1/password").json()["password"] != password


def test_a_password_may_be_given(api):
    factories.charge_point(identity="CP1")
    assert api("POST", f"{PATH}/CP1/password", {"password": "factory-set-key-17"}).status_code == 200
    assert passwords.verify(b"factory-set-key-17", ChargePoint.objects.get().password_digest)
    for wrong in ("short", "x" * 41):
        answer = api("POST", f"{PATH}/CP1/password", {"password": wrong})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["member"] == "password"


def test_a_security_profile_that_would_lock_it_out_is_refused(api):
    factories.charge_point(identity="CP1")
    answer = api("PATCH", f"{PATH}/CP1", {"security_profile": 1})
    assert (answer.status_code, answer.json()["reason"]) == (409, "password_needed")
    assert ChargePoint.objects.get().security_profile == 0
    api("POST", f"{PATH}/CP1/password")
    assert api("PATCH", f"{PATH}/CP1", {"security_profile": 1}).status_code == 200


def test_who_is_not_registered_waits_in_the_lobby(api):
    factories.charge_point(identity="KNOWN")
    rows.state("KNOWN")
    rows.state("STRANGER", connection=None)
    rows.connector("STRANGER", 1)
    [stranger] = api.get("/lobby").json()["items"]
    assert stranger["identity"] == "STRANGER"
    assert stranger["live"]["online"] is False
    assert [c["evse"] for c in stranger["connectors"]] == [1]
    assert api.get("/lobby", online="true").json()["items"] == []
    api("POST", PATH, {"identity": "STRANGER"})
    assert api.get("/lobby").json()["items"] == []
    assert api.get(f"{PATH}/STRANGER").json()["live"]["vendor"] == "Vendor"
