"""Who calls, and what they may do."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from csms.api import tokens
from csms.api.models import ApiToken
from csms.api.scopes import Scope
from tests import factories
from tests.csms.api.conftest import Api


def test_without_credentials_the_answer_says_what_is_needed(db):
    answer = Client().get("/api/v1/sites")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="PyROCPP"'
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["reason"] == "unauthenticated"


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_change_without_credentials_is_401_not_a_missing_csrf_token(db, method):
    answer = Client(enforce_csrf_checks=True).generic(method, "/api/v1/sites/1")
    assert answer.status_code in (401, 405)
    assert Client(enforce_csrf_checks=True).post("/api/v1/sites").status_code == 401


def test_only_a_digest_of_the_token_is_kept(person):
    token, text = tokens.create(person, name="billing", scopes=[Scope.READ])
    assert text.startswith(f"{token.prefix}_")
    stored = ApiToken.objects.values().get()
    assert text not in str(stored)
    assert text.removeprefix(f"{token.prefix}_") not in str(stored)


def test_a_digest_made_with_another_secret_key_lets_nobody_in(person, settings):
    _, text = tokens.create(person, name="billing", scopes=[Scope.READ])
    settings.SECRET_KEY = "another"
    assert Api(text).get("/sites").status_code == 401


@pytest.mark.parametrize(
    "change", [lambda text: text + "x", lambda text: text[:-1], lambda text: "", lambda text: "é"]
)
def test_a_token_that_is_not_exact_is_refused(api, change):
    answer = Api(change(api.token)).get("/sites")
    assert (answer.status_code, answer.json()["reason"]) == (401, "unauthenticated")


def test_an_expired_token_is_refused(person):
    now = timezone.now()
    _, text = tokens.create(person, name="t", scopes=[Scope.READ], expires_at=now + timedelta(seconds=1))
    assert tokens.verified(text, now) is not None
    assert tokens.verified(text, now + timedelta(seconds=1)) is None


def test_a_token_stops_with_its_person(api, person):
    assert api.get("/sites").status_code == 200
    person.is_active = False
    person.save()
    assert api.get("/sites").status_code == 401


def test_a_wrong_token_is_refused_even_with_a_good_session(person, client):
    client.force_login(person)
    answer = client.get("/api/v1/sites", headers={"Authorization": "Bearer pyrocpp_00000000_x"})
    assert answer.status_code == 401


def test_use_is_noted_once_a_minute(api, django_assert_num_queries):
    now = timezone.now()
    token = tokens.verified(api.token, now)
    assert ApiToken.objects.get().last_used_at == now
    with django_assert_num_queries(1):
        tokens.verified(api.token, now + timedelta(seconds=59))
    later = now + timedelta(seconds=61)
    tokens.verified(api.token, later)
    assert ApiToken.objects.get(pk=token.pk).last_used_at == later


NEEDS = [
    ("GET", "/charge-points", "read"),
    ("GET", "/charge-points/CP", "read"),
    ("POST", "/charge-points", "admin"),
    ("PATCH", "/charge-points/CP", "admin"),
    ("POST", "/charge-points/CP/password", "admin"),
    ("GET", "/charge-points/CP/commands", "read"),
    ("POST", "/charge-points/CP/commands", "command"),
    ("POST", "/charge-points/CP/calls", "admin"),
    ("GET", "/lobby", "read"),
    ("GET", "/connectors", "read"),
    ("GET", "/transactions", "read"),
    ("GET", "/transactions/CP/1", "read"),
    ("GET", "/transactions/CP/1/meter-values", "read"),
    ("GET", "/settings", "read"),
    ("GET", "/commands", "read"),
    ("GET", "/commands/x", "read"),
    ("DELETE", "/commands/x", "command"),
    ("GET", "/command-kinds", "read"),
    ("GET", "/events", "read"),
    ("GET", "/events/1", "read"),
    ("GET", "/id-tokens", "personal"),
    ("POST", "/id-tokens", "admin"),
    ("GET", "/id-tokens/A", "personal"),
    ("PATCH", "/id-tokens/A", "admin"),
    ("DELETE", "/id-tokens/A", "admin"),
    ("GET", "/sites", "read"),
    ("POST", "/sites", "admin"),
    ("GET", "/sites/1", "read"),
    ("PATCH", "/sites/1", "admin"),
    ("DELETE", "/sites/1", "admin"),
]


@pytest.mark.parametrize(("method", "path", "scope"), NEEDS, ids=lambda value: str(value))
def test_every_operation_needs_its_scope(api_with, method, path, scope):
    others = [other for other in Scope if other != scope]
    answer = api_with(*others)(method, path, {})
    assert answer.status_code == 403
    assert answer.json()["reason"] == "missing_scope"
    assert scope in answer.json()["detail"]
    assert api_with(*Scope)(method, path, {}).status_code != 403


def test_every_operation_stands_in_the_table_of_scopes(api):
    paths = api.get("/openapi.json").json()["paths"]
    documented = {(method.upper(), path.count("/")) for path, item in paths.items() for method in item}
    tested = {(method, f"/api/v1{path}".count("/")) for method, path, _ in NEEDS}
    assert documented == tested
    assert sum(len(item) for item in paths.values()) == len(NEEDS)


# --- sessions ------------------------------------------------------------------------------------------


@pytest.fixture
def browser(person):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person)
    return browser


def test_signed_in_staff_may_read(browser):
    assert browser.get("/api/v1/sites").status_code == 200


def test_signed_in_people_who_are_no_staff_may_not(browser, person):
    person.is_staff = False
    person.save()
    assert browser.get("/api/v1/sites").status_code == 401


def test_a_change_by_session_needs_the_csrf_token(browser, person):
    person.is_superuser = True
    person.save()
    answer = browser.post("/api/v1/sites", {"name": "x"}, content_type="application/json")
    assert (answer.status_code, answer.json()["reason"]) == (403, "csrf")
    browser.get("/admin/login/?next=/")  # sets the cookie
    browser.cookies["csrftoken"] = "a" * 32
    answer = browser.post(
        "/api/v1/sites", {"name": "x"}, content_type="application/json", headers={"X-CSRFToken": "a" * 32}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("permission", "method", "path"),
    [
        ("charging.change_chargepoint", "POST", "/api/v1/sites"),
        ("access.view_idtoken", "GET", "/api/v1/id-tokens"),
    ],
)
def test_staff_may_do_what_their_permissions_say(person, client, permission, method, path):
    client.force_login(person)
    assert client.generic(method, path).status_code == 403
    app, codename = permission.split(".")
    person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    assert client.generic(method, path).status_code in (200, 422)


# --- personal data -------------------------------------------------------------------------------------


def test_id_tokens_are_masked_without_the_scope_personal(api, api_with):
    factories.charge_point(identity="CP1")
    body = {"kind": "RemoteStart", "parameters": {"id_token": "SECRETTAG"}}
    assert api("POST", "/charge-points/CP1/commands", body).json()["parameters"]["id_token"] == "SECRETTAG"
    blind = api_with("read")
    for path in ("/commands", "/charge-points/CP1/commands", "/events", "/events/1"):
        assert "SECRETTAG" in api.get(path).content.decode()
        answer = blind.get(path)
        assert answer.status_code == 200
        assert "SECRETTAG" not in answer.content.decode()
        assert "\u2022\u2022\u2022" in str(answer.json())
