"""Id tokens and sites."""

import pytest

from csms.access.models import IdToken, IdTokenGroup
from csms.charging.models import ChargePoint, Site
from tests import factories


def test_an_id_token_lives(api):
    body = {"id_token": "Ab/1", "holder": "Ada", "parent": "FLEET", "max_transactions": None}
    answer = api("POST", "/id-tokens", body)
    assert answer.status_code == 201
    enrolled = answer.json()
    assert (enrolled["parent"], enrolled["max_transactions"], enrolled["blocked"]) == ("FLEET", None, False)
    assert api.get("/id-tokens/AB%2F1").json() == enrolled
    changed = api("PATCH", "/id-tokens/ab%2F1", {"blocked": True, "expires_at": "2027-01-01T00:00:00+01:00"})
    assert changed.json() == enrolled | {"blocked": True, "expires_at": "2026-12-31T23:00:00Z"}
    assert api("PATCH", "/id-tokens/ab%2F1", {"parent": ""}).json()["parent"] == ""
    assert IdTokenGroup.objects.count() == 1
    assert api("DELETE", "/id-tokens/ab%2F1").status_code == 204
    assert api.get("/id-tokens/ab%2F1").status_code == 404


def test_an_id_token_is_enrolled_once_in_whatever_case(api):
    factories.id_token(id_token="Tag")
    answer = api("POST", "/id-tokens", {"id_token": "tAG"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "already_exists")
    assert IdToken.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({}, "id_token"),
        ({"id_token": ""}, "id_token"),
        ({"id_token": "x" * 21}, "id_token"),
        ({"id_token": "\u00e9"}, "id_token"),
        ({"id_token": "A", "parent": "\u00e9"}, "parent"),
        ({"id_token": "A", "max_transactions": -1}, "max_transactions"),
        ({"id_token": "A", "max_transactions": 40000}, "max_transactions"),
        ({"id_token": "A", "expires_at": "tomorrow"}, "expires_at"),
        ({"id_token": "A", "holder": "x" * 101}, "holder"),
        ({"id_token": "A", "folded": "b"}, "folded"),
    ],
)
def test_what_is_not_valid_is_named_and_nothing_is_written(api, body, member):
    answer = api("POST", "/id-tokens", body)
    assert answer.status_code == 422
    assert [error["member"] for error in answer.json()["errors"]] == [member]
    assert not IdToken.objects.exists()
    assert not IdTokenGroup.objects.exists()


def test_a_site_lives(api):
    answer = api("POST", "/sites", {"name": "Depot", "time_zone": "Europe/Berlin"})
    assert answer.status_code == 201
    site = answer.json()
    factories.charge_point(site=Site.objects.get())
    assert api.get(f"/sites/{site['id']}").json() == site | {"charge_points": 1}
    assert api("PATCH", f"/sites/{site['id']}", {"address": "Street 1"}).json()["address"] == "Street 1"
    assert api.get("/sites", search="dep").json()["items"][0]["name"] == "Depot"
    assert api("DELETE", f"/sites/{site['id']}").status_code == 204
    assert ChargePoint.objects.get().site is None


def test_a_site_needs_a_name_of_its_own_and_a_time_zone_that_exists(api):
    factories.site(name="Depot")
    assert api("POST", "/sites", {"name": "Depot"}).status_code == 409
    answer = api("POST", "/sites", {"name": "Other", "time_zone": "Mars/Base"})
    assert (answer.status_code, answer.json()["errors"][0]["member"]) == (422, "time_zone")
    assert api("POST", "/sites", {"name": ""}).status_code == 422
    assert api.get(f"/sites/{10**30}").status_code == 404
    assert Site.objects.count() == 1
