"""Errors are problem+json, whoever finds them; the document of the API and its pages come from here."""

import re

import pytest
from django.test import Client

from csms.outbox.models import Command
from tests import factories

ASK = "/charge-points/CP1/commands"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"nonsense",
        b'"text"',
        b"[]",
        b"null",
        b"5",
        b'{"kind": NaN}',
        b"\xff\xfe",
        b'{"kind":"\\ud800"}',
        b"[" * 5000,
    ],
)
def test_a_body_that_is_no_object_is_refused(api, body):
    factories.charge_point(identity="CP1")
    answer = api("POST", ASK, body)
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert not Command.objects.exists()


def test_a_nul_character_in_a_body_is_refused(api):
    answer = api("POST", "/sites", b'{"name": "a\\u0000b"}')
    assert answer.status_code == 422
    assert "NUL" in answer.json()["detail"]
    assert api("POST", "/sites", {"name": r"a\u0000b"}).status_code == 201  # these are six letters


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/charge-points/none",
        "/transactions/CP/1",
        "/commands/none",
        "/events/99",
        "/sites/9",
        "/id-tokens/none",
        f"/events/{10**30}",
    ],
)
def test_what_is_not_there_is_a_problem(api, path):
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["reason"] == "not_found"
    assert answer.json()["type"] == "urn:pyrocpp:problem:not-found"


@pytest.mark.parametrize("path", ["/sites", "/commands/x", "/charge-points/CP1/commands", "/events"])
def test_a_method_that_is_not_there_is_a_problem(api, path):
    answer = api("PUT", path, {})
    assert answer.status_code == 405
    assert answer.json()["reason"] == "method_not_allowed"
    assert "GET" in answer["Allow"]


def test_a_path_with_a_nul_character_finds_nothing(api):
    assert api.get("/charge-points/a%00b").status_code in (404, 422)


def test_a_fault_of_ours_tells_nothing_of_itself(api, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("csms.charging.queries.live_of", fail)
    factories.charge_point(identity="CP1")
    answer = api.get("/charge-points/CP1")
    assert answer.status_code == 500
    assert "secret" not in answer.content.decode()
    assert "secret detail" in caplog.text


# --- commands ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "reason", "member"),
    [
        ({}, 422, "invalid", "kind"),
        ({"kind": "Explode"}, 422, "invalid_parameters", "kind"),
        ({"kind": "RemoteStart"}, 422, "invalid_parameters", "id_token"),
        ({"kind": "RemoteStart", "parameters": {"id_token": 5}}, 422, "invalid_parameters", "id_token"),
        (
            {"kind": "RemoteStart", "parameters": {"id_token": "x" * 37}},
            422,
            "invalid_parameters",
            "id_token",
        ),
        (
            {"kind": "RemoteStart", "parameters": {"id_token": "A", "evse": -1}},
            422,
            "invalid_parameters",
            "evse",
        ),
        (
            {"kind": "RemoteStart", "parameters": {"id_token": "A", "evse": 10**30}},
            422,
            "invalid_parameters",
            "evse",
        ),
        (
            {"kind": "RemoteStart", "parameters": {"id_token": "A", "color": 1}},
            422,
            "invalid_parameters",
            "color",
        ),
        ({"kind": "ResetChargePoint", "parameters": {"kind": "Warm"}}, 422, "invalid_parameters", "kind"),
        ({"kind": "RequestMessage", "parameters": {"message": "Hi"}}, 422, "invalid_parameters", "message"),
        ({"kind": "SetAvailability", "parameters": {"operative": 1}}, 422, "invalid_parameters", "operative"),
        ({"kind": "ReadSettings", "parameters": {"keys": "A"}}, 422, "invalid_parameters", "keys"),
        (
            {"kind": "ChangeSetting", "parameters": {"key": "AuthorizationKey", "value": "x"}},
            422,
            "secret_setting",
            "key",
        ),
        ({"kind": "ReadSettings", "expires_at": "2020-01-01T00:00:00Z"}, 422, "expired", "expires_at"),
        ({"kind": "ReadSettings", "expires_at": "soon"}, 422, "invalid", "expires_at"),
        ({"kind": "ReadSettings", "reason": "x" * 201}, 422, "invalid", "reason"),
        ({"kind": "ReadSettings", "parameters": []}, 422, "invalid", "parameters"),
        ({"kind": "ReadSettings", "urgent": True}, 422, "invalid", "urgent"),
        (
            {"kind": "RemoteStop", "parameters": {"transaction_id": "7"}},
            409,
            "unknown_transaction",
            "transaction_id",
        ),
        (
            {"kind": "RemoteStop", "parameters": {"transaction_id": "x"}},
            409,
            "unknown_transaction",
            "transaction_id",
        ),
    ],
)
def test_a_command_that_cannot_be_is_refused_with_its_member(api, body, status, reason, member):
    factories.charge_point(identity="CP1")
    answer = api("POST", ASK, body)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert [error["member"] for error in answer.json()["errors"]] == [member]
    assert not Command.objects.exists()
    assert api.get("/events").json()["items"] == []


def test_a_key_replayed_gives_the_same_command_and_another_body_a_conflict(api, api_with):
    factories.charge_point(identity="CP1")
    factories.charge_point(identity="CP2")
    body = {"kind": "ReadSettings", "parameters": {"keys": ["A"]}, "reason": "why"}
    first = api("POST", ASK, body, Idempotency_Key="k")
    again = api("POST", ASK, body, Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first["Location"] == f"/api/v1/commands/{first.json()['id']}"
    assert (
        api.client.get(first["Location"], headers={"Authorization": f"Bearer {api.token}"}).json()
        == first.json()
    )
    for path, other in [
        ("/charge-points/CP2/commands", body),
        (ASK, body | {"kind": "ResetChargePoint", "parameters": {}}),
        (ASK, body | {"parameters": {"keys": ["B"]}}),
        (ASK, body | {"reason": ""}),
        (ASK, body | {"expires_at": "2099-01-01T00:00:00Z"}),
    ]:
        answer = api("POST", path, other, Idempotency_Key="k")
        assert (answer.status_code, answer.json()["reason"]) == (409, "idempotency_key_reused")
    assert Command.objects.count() == 1
    assert (
        api_with("command")("POST", ASK, body, Idempotency_Key="k").status_code == 201
    )  # another caller's key
    assert api("POST", ASK, body).status_code == 201  # no key: a new command


def test_a_key_that_is_too_long_is_refused(api):
    factories.charge_point(identity="CP1")
    answer = api("POST", ASK, {"kind": "ReadSettings"}, Idempotency_Key="k" * 101)
    assert answer.status_code == 422
    assert not Command.objects.exists()


@pytest.mark.parametrize(
    "query", ["wait=-1", "wait=61", "wait=x", "wait=nan", "wait=inf", "until=dinner", "waitt=1"]
)
def test_a_wait_that_is_none_is_refused(api, query):
    factories.charge_point(identity="CP1")
    answer = api("POST", f"{ASK}?{query}", {"kind": "ReadSettings"})
    assert answer.status_code == 422
    assert not Command.objects.exists()


# --- the document --------------------------------------------------------------------------------------


def test_the_document_describes_every_kind_of_command(api):
    document = api.get("/openapi.json").json()
    body = document["components"]["schemas"]["CommandIn"]["properties"]
    kinds = {item["kind"]: item["parameters"] for item in api.get("/command-kinds").json()}
    assert body["kind"]["enum"] == list(kinds)
    assert body["parameters"]["anyOf"] == list(kinds.values())
    assert kinds["RemoteStart"]["required"] == ["id_token"]


def test_the_pages_load_nothing_from_elsewhere(db):
    page = Client().get("/api/v1/docs")
    assert page.status_code == 200
    text = page.content.decode()
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", text)
    assert loaded
    for address in loaded:
        assert address.startswith("/static/ninja/"), address
        asset = Client().get(address)
        assert asset.status_code == 200
        asset.close()
    scripts = re.findall(r"<script([^>]*)>", text)
    assert all("src=" in attributes or "application/json" in attributes for attributes in scripts)
    assert "unsafe-inline" not in page["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]
