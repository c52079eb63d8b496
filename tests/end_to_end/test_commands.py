"""Commands from REST to the wire, and back to the answer and the effect (product.md; design.md promise 7)."""

import concurrent.futures
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections

from csms.api import tokens
from csms.api.scopes import Scope
from csms.eventlog.rebuild import chosen, differences
from csms.outbox.models import Command
from tests import factories
from tests.end_to_end.conftest import Site, query, until, use
from tests.end_to_end.wire import ChargePoint, now, text_of, unlike_any_other
from tests.server import ROOT, environment

pytestmark = pytest.mark.end_to_end

ACCEPTED = {"status": "Accepted"}


class Rest:
    """The API of one server process, over a real socket."""

    def __init__(self, site: Site) -> None:
        person, _ = get_user_model().objects.get_or_create(username="ada", defaults={"is_staff": True})
        self.token = tokens.create(person, name="test", scopes=list(Scope))[1]
        self.address = urlsplit(site.server.url).netloc

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.address, timeout=90)
        try:
            connection.request(
                method,
                f"/api/v1{path}",
                None if body is None else json.dumps(body),
                {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
                | {name.replace("_", "-"): value for name, value in headers.items()},
            )
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def ask(self, identity: str, kind: str, query: str = "", /, **parameters: Any) -> Any:
        """Ask for a command that must be taken; gives it."""
        status, command = self(
            "POST",
            f"/charge-points/{quote(identity, safe='')}/commands{query}",
            {"kind": kind, "parameters": parameters},
        )
        assert status == 201, command
        return command

    def asking(self, *arguments: Any, **parameters: Any) -> "concurrent.futures.Future[Any]":
        """The same while the test goes on."""
        return POOL.submit(self.ask, *arguments, **parameters)

    def command(self, command_id: str, query: str = "") -> Any:
        status, command = self("GET", f"/commands/{command_id}{query}")
        assert status == 200, command
        return command


POOL = concurrent.futures.ThreadPoolExecutor(8)


@pytest.fixture
def rest(site: Site) -> Rest:
    return Rest(site)


@pytest.fixture
def identity(site: Site) -> Iterator[str]:
    """A charge point whose rows are, in the end, what a rebuild from the log would give."""
    identity = factories.charge_point(identity=unlike_any_other("CP/ä")).identity
    yield identity
    until(lambda: not list(differences(identity, chosen([]))), what="rows equal to the log")


@pytest.fixture
def charge_point(site: Site, identity: str):
    with site.connect(identity) as connected:
        connected.boot()
        yield connected


def answer(charge_point: ChargePoint, action: str, payload: dict[str, Any], response: Any = ACCEPTED) -> str:
    """The next call must be this one; answer it. Gives its message id."""
    call = charge_point.next_call()
    assert call[0] == 2
    assert call[2:] == [action, payload]
    charge_point.send([3, call[1], response])
    return call[1]


# --- answer and effect ---------------------------------------------------------------------------------


def test_a_remote_start_is_followed_from_the_request_to_the_transaction(site, rest, charge_point, identity):
    asking = rest.asking(identity, "RemoteStart", "?wait=30", id_token="Tag", evse=1)
    message_id = answer(charge_point, "RemoteStartTransaction", {"idTag": "Tag", "connectorId": 1})

    command = asking.result()
    assert message_id == command["id"]
    assert command["state"] == "answered"
    assert command["status"] == "Accepted"
    assert command["response"] == ACCEPTED
    assert command["error"] is None
    assert command["effect"] == "awaited"
    assert command["transaction_id"] is None
    assert command["attempts"] == 1

    started = charge_point.start(connector=1, id_tag="TAG", meter=500)
    command = rest.command(command["id"], "?wait=30&until=effect")
    assert command["effect"] == "seen"
    assert command["transaction_id"] == str(started["transactionId"])
    status, event = rest("GET", f"/events/{command['effect_position']}")
    assert status == 200
    assert (event["action"], event["type"]) == ("StartTransaction", "call.answered")
    assert [event.type for event in site.events(identity) if event.message_id == command["id"]] == [
        "call.sent",
        "result.received",
    ]


def test_a_rejected_command_has_no_effect_to_wait_for(rest, charge_point, identity):
    asking = rest.asking(identity, "ResetChargePoint", "?wait=30&until=effect", kind="Hard")
    answer(charge_point, "Reset", {"type": "Hard"}, {"status": "Rejected"})
    command = asking.result()
    assert (command["state"], command["status"], command["effect"]) == ("answered", "Rejected", "")


def test_a_callerror_is_shown_with_its_code_and_description(rest, charge_point, identity):
    asking = rest.asking(identity, "ReadSettings", "?wait=30")
    call = charge_point.next_call()
    charge_point.send([4, call[1], "InternalError", "out of memory", {}])
    command = asking.result()
    assert command["state"] == "refused"
    assert command["error"] == {"code": "InternalError", "description": "out of memory"}
    assert command["response"] is None


def test_a_remote_stop_is_seen_in_the_end_of_the_transaction(rest, charge_point, identity):
    transaction_id = charge_point.start()["transactionId"]
    asking = rest.asking(identity, "RemoteStop", "?wait=30&until=effect", transaction_id=str(transaction_id))
    answer(charge_point, "RemoteStopTransaction", {"transactionId": transaction_id})
    charge_point.stop(transaction_id, reason="Remote")
    command = asking.result()
    assert command["effect"] == "seen"
    assert command["transaction_id"] == str(transaction_id)

    status, problem = rest(
        "POST",
        f"/charge-points/{quote(identity, safe='')}/commands",
        {"kind": "RemoteStop", "parameters": {"transaction_id": str(transaction_id)}},
    )
    assert (status, problem["reason"]) == (409, "transaction_not_running")


def test_a_reset_is_seen_in_the_boot_even_when_it_was_never_answered(site, rest, identity):
    with site.connect(identity) as before:
        before.boot()
        command = rest.ask(identity, "ResetChargePoint", kind="Soft")
        before.next_call()
        before.vanish()
    with site.connect(identity) as after:
        after.boot()
        command = rest.command(command["id"], "?wait=30&until=effect")
    assert (command["state"], command["effect"]) == ("answered", "seen")
    assert command["status"] == ""


def test_settings_that_were_read_and_changed_can_be_read_from_us(rest, charge_point, identity):
    asking = rest.asking(identity, "ReadSettings", "?wait=30", keys=["HeartbeatInterval", "Nope"])
    key = {"key": "HeartbeatInterval", "readonly": False, "value": "300"}
    answer(
        charge_point,
        "GetConfiguration",
        {"key": ["HeartbeatInterval", "Nope"]},
        {"configurationKey": [key], "unknownKey": ["Nope"]},
    )
    assert asking.result()["response"]["unknownKey"] == ["Nope"]

    asking = rest.asking(identity, "ChangeSetting", "?wait=30", key="HeartbeatInterval", value="60")
    answer(
        charge_point,
        "ChangeConfiguration",
        {"key": "HeartbeatInterval", "value": "60"},
        {"status": "RebootRequired"},
    )
    assert asking.result()["status"] == "RebootRequired"
    status, page = rest("GET", f"/settings?charge_point={quote(identity)}")
    assert status == 200
    [setting] = page["items"]
    assert (setting["key"], setting["value"], setting["reboot_required"]) == ("HeartbeatInterval", "60", True)


def test_a_triggered_message_is_seen(rest, charge_point, identity):
    asking = rest.asking(
        identity, "RequestMessage", "?wait=30&until=effect", message="StatusNotification", evse=1
    )
    answer(charge_point, "TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1})
    charge_point.status(2, "Available")
    charge_point.status(1, "Available")
    assert asking.result()["effect"] == "seen"


# --- waiting -------------------------------------------------------------------------------------------


def test_a_wait_ends_when_its_time_is_over(rest, identity):
    begun = time.monotonic()
    command = rest.ask(identity, "ReadSettings", "?wait=0.3")
    assert time.monotonic() - begun >= 0.3
    assert command["state"] == "requested"


def test_many_who_wait_neither_exhaust_the_server_nor_delay_others(site, rest, charge_point, identity):
    """More than any pool of threads has, and without a connection to the database each."""
    command = rest.ask(identity, "ReadSettings")
    call = charge_point.next_call()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(rest.command, command["id"], "?wait=60") for _ in range(40)]
        status, _ = rest("GET", "/sites")
        assert status == 200
        assert not any(waiter.done() for waiter in waiting)
        if site.vendor == "postgresql":
            held = "SELECT count(*) <= 10 FROM pg_stat_activity WHERE datname = current_database()"
            until(lambda: query(held)[0][0], what="connections given back")
        charge_point.send([3, call[1], {}])
        assert {waiter.result()["state"] for waiter in waiting} == {"answered"}


# --- time ----------------------------------------------------------------------------------------------


def test_a_command_waits_for_its_charge_point_to_connect(site, rest, identity):
    asking = rest.asking(identity, "ReadSettings", "?wait=30")
    until(lambda: Command.objects.filter(charge_point=identity).exists())
    with site.connect(identity) as charge_point:
        answer(charge_point, "GetConfiguration", {}, {})
        assert asking.result()["state"] == "answered"


def test_a_command_that_expired_before_it_could_be_sent_is_never_sent(site, rest, identity):
    expires_at = text_of(now(seconds=0.5))
    status, command = rest(
        "POST",
        f"/charge-points/{quote(identity, safe='')}/commands?wait=30",
        {"kind": "ReadSettings", "expires_at": expires_at},
    )
    assert (status, command["state"]) == (201, "expired")
    assert command["attempts"] == 0
    with site.connect(identity) as charge_point:
        charge_point.boot()
        assert charge_point.calls == []
    assert site.events(identity, "call.sent") == []


def test_commands_go_out_one_after_the_other_in_their_order(rest, charge_point, identity):
    first = rest.ask(identity, "ReadSettings", keys=["A"])
    second = rest.ask(identity, "ReadSettings", keys=["B"])
    call = charge_point.next_call()
    assert call[3] == {"key": ["A"]}
    charge_point.result("Heartbeat")
    assert charge_point.calls == []  # the second waits for the first answer
    assert rest.command(second["id"])["state"] == "requested"
    charge_point.send([3, call[1], {}])
    assert answer(charge_point, "GetConfiguration", {"key": ["B"]}, {}) == second["id"]
    assert rest.command(first["id"])["state"] == "answered"


def test_a_command_that_was_not_sent_can_be_taken_back(site, rest, identity):
    command = rest.ask(identity, "ReadSettings")
    status, cancelled = rest("DELETE", f"/commands/{command['id']}")
    assert (status, cancelled["state"]) == (200, "cancelled")
    assert rest("DELETE", f"/commands/{command['id']}") == (200, cancelled)
    with site.connect(identity) as charge_point:
        charge_point.boot()
        assert charge_point.calls == []
    assert len(site.events(identity, "command.cancelled")) == 1


def test_a_command_that_was_sent_cannot_be_taken_back(rest, charge_point, identity):
    command = rest.ask(identity, "ReadSettings")
    call = charge_point.next_call()
    status, problem = rest("DELETE", f"/commands/{command['id']}")
    assert (status, problem["reason"]) == (409, "already_sent")
    charge_point.send([3, call[1], {}])
    rest.command(command["id"], "?wait=30")
    status, problem = rest("DELETE", f"/commands/{command['id']}")
    assert (status, problem["reason"]) == (409, "already_finished")


def test_a_lost_connection_does_not_lose_the_command(site, rest, identity):
    with site.connect(identity) as before:
        command = rest.ask(identity, "ReadSettings")
        call = before.next_call()
        before.vanish()
    with site.connect(identity) as after:
        again = after.next_call()
        assert again == call  # the same message id, so that a careful charge point does it once
        after.send([3, again[1], {}])
        command = rest.command(command["id"], "?wait=30")
    assert (command["state"], command["attempts"]) == ("answered", 2)


def test_a_remote_start_is_not_sent_twice_and_its_effect_is_still_seen(site, rest, identity):
    """It may have been done: the answer alone was lost."""
    with site.connect(identity) as before:
        command = rest.ask(identity, "RemoteStart", id_token="TAG")
        before.next_call()
        before.vanish()
    command = rest.command(command["id"], "?wait=30")
    assert (command["state"], command["effect"]) == ("unanswered", "awaited")
    with site.connect(identity) as after:
        started = after.start(id_tag="TAG")
        assert after.calls == []
    command = rest.command(command["id"], "?wait=30&until=effect")
    assert (command["state"], command["effect"]) == ("unanswered", "seen")
    assert (command["transaction_id"], command["attempts"]) == (str(started["transactionId"]), 1)


def test_a_command_whose_charge_point_stays_away_after_it_was_sent_ends_unanswered(site, rest, identity):
    with site.connect(identity) as charge_point:
        status, command = rest(
            "POST",
            f"/charge-points/{quote(identity, safe='')}/commands",
            {"kind": "ReadSettings", "expires_at": text_of(now(seconds=1))},
        )
        assert status == 201
        charge_point.next_call()
        charge_point.vanish()
    command = rest.command(command["id"], "?wait=30")
    assert (command["state"], command["effect"], command["attempts"]) == ("unanswered", "", 1)


def test_an_answer_that_comes_too_late_still_settles_its_command(own_site):
    site = own_site(call_timeout_s=0.3)
    rest = Rest(site)
    identity = factories.charge_point(identity=unlike_any_other()).identity
    with site.connect(identity) as charge_point:
        command = rest.ask(identity, "SetAvailability", "?wait=30", evse=1, operative=False)
        assert (command["state"], command["effect"]) == ("unanswered", "awaited")
        second = rest.ask(identity, "ReadSettings")
        late, call = charge_point.next_call(), charge_point.next_call()
        charge_point.send([3, late[1], {"status": "Rejected"}])
        charge_point.send([3, call[1], {}])
        assert rest.command(second["id"], "?wait=30")["state"] == "answered"
        command = rest.command(command["id"])
        assert (command["state"], command["status"], command["effect"]) == ("answered", "Rejected", "")


# --- idempotency ---------------------------------------------------------------------------------------


def test_simultaneous_requests_with_one_key_make_one_command(site, rest, identity):
    path = f"/charge-points/{quote(identity, safe='')}/commands"
    body = {"kind": "RemoteStart", "parameters": {"id_token": "TAG"}}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(rest, "POST", path, body, Idempotency_Key="once") for _ in range(8)]
        answers = [future.result() for future in asked]
    assert sorted(status for status, _ in answers) == [200] * 7 + [201]
    assert len({command["id"] for _, command in answers}) == 1
    assert len(site.events(identity, "command.requested")) == 1


def test_simultaneous_requests_with_one_key_to_two_charge_points_make_one_command(site, rest):
    identities = [factories.charge_point(identity=unlike_any_other()).identity for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(
                rest,
                "POST",
                f"/charge-points/{identities[number % 2]}/commands",
                {"kind": "ReadSettings"},
                Idempotency_Key="one-of-two",
            )
            for number in range(8)
        ]
        statuses = sorted(future.result()[0] for future in asked)
    assert statuses == [200] * 3 + [201] + [409] * 4
    assert sum(len(site.events(identity, "command.requested")) for identity in identities) == 1


# --- reference data ------------------------------------------------------------------------------------


def test_a_stranger_in_the_lobby_is_accepted_by_registering_it(site, rest):
    identity = unlike_any_other("STRANGER")
    with site.connect(identity) as charge_point:
        assert charge_point.boot()["status"] == "Pending"
        strangers = {item["identity"]: item for item in rest("GET", "/lobby?limit=1000")[1]["items"]}
        assert strangers[identity]["live"]["vendor"] == "Vendor"
        status, known = rest("POST", "/charge-points", {"identity": identity, "name": "Gate"})
        assert status == 201
        assert known["live"]["online"] is True
        until(lambda: charge_point.boot()["status"] == "Accepted")
    assert identity not in {item["identity"] for item in rest("GET", "/lobby?limit=1000")[1]["items"]}


def test_a_new_id_token_counts_at_once_and_a_blocked_one_at_once_no_more(rest, charge_point):
    id_token = f"T{time.monotonic_ns() % 10**12}"
    assert charge_point.result("Authorize", {"idTag": id_token})["idTagInfo"]["status"] == "Invalid"
    assert rest("POST", "/id-tokens", {"id_token": id_token})[0] == 201
    _until_authorized(charge_point, id_token, "Accepted")
    assert rest("PATCH", f"/id-tokens/{id_token.lower()}", {"blocked": True})[0] == 200
    _until_authorized(charge_point, id_token, "Blocked")


def _until_authorized(charge_point: ChargePoint, id_token: str, status: str) -> None:
    """Sooner than the gateway's cache would forget by itself (30 s)."""
    until(
        lambda: charge_point.result("Authorize", {"idTag": id_token})["idTagInfo"]["status"] == status,
        within_s=5,
    )


def test_an_archived_charge_point_is_put_out_and_not_let_in_again(site, rest, charge_point, identity):
    assert rest("PATCH", f"/charge-points/{quote(identity, safe='')}", {"archived": True})[0] == 200
    code, _ = charge_point.closed()
    assert code == 1008
    status, problem = rest(
        "POST", f"/charge-points/{quote(identity, safe='')}/commands", {"kind": "ReadSettings"}
    )
    assert (status, problem["reason"]) == (404, "unknown_charge_point")


def test_a_password_set_over_rest_is_the_one_that_lets_it_in(site, rest, identity):
    path = f"/charge-points/{quote(identity, safe='')}"
    password = rest("POST", f"{path}/password")[1]["password"]
    assert rest("PATCH", path, {"security_profile": 1})[0] == 200
    with site.connect(identity, password=password) as charge_point:
        assert charge_point.boot()["status"] == "Accepted"


# --- several processes ---------------------------------------------------------------------------------


@pytest.fixture
def two_sites(postgresql_database, redis_url, start_server, django_db_blocker):
    """Two Daphne processes on one PostgreSQL and one Redis."""
    usual = settings.DATABASES["default"]
    url = postgresql_database.url
    with django_db_blocker.unblock():
        use(url)
        try:
            yield [
                Site("postgresql", url, start_server(database_url=url, redis_url=redis_url)) for _ in range(2)
            ]
        finally:
            connections["default"].close()
            connections.settings["default"] = usual
            del connections["default"]


def test_a_command_issued_at_one_process_reaches_a_charge_point_at_another(two_sites):
    here, there = two_sites
    rest = Rest(here)
    identity = factories.charge_point(identity=unlike_any_other()).identity
    with there.connect(identity) as charge_point:
        charge_point.boot()
        asking = rest.asking(identity, "RemoteStart", "?wait=30&until=effect", id_token="TAG")
        answer(charge_point, "RemoteStartTransaction", {"idTag": "TAG"})
        started = charge_point.start()
        command = asking.result()
    assert (command["effect"], command["transaction_id"]) == ("seen", str(started["transactionId"]))
    status, shown = rest("GET", f"/charge-points/{identity}")
    assert status == 200
    assert [running["transaction_id"] for running in shown["running_transactions"]] == [
        str(started["transactionId"])
    ]


def test_a_command_follows_its_charge_point_to_another_process(two_sites):
    here, there = two_sites
    identity = factories.charge_point(identity=unlike_any_other()).identity
    with here.connect(identity) as before:
        command = Rest(there).ask(identity, "ReadSettings")
        call = before.next_call()
        with there.connect(identity) as after:
            assert after.next_call() == call
            after.send([3, call[1], {}])
            command = Rest(here).command(command["id"], "?wait=30")
    assert (command["state"], command["attempts"]) == ("answered", 2)


def test_the_same_key_at_two_processes_makes_one_command(two_sites):
    identity = factories.charge_point(identity=unlike_any_other()).identity
    rest = [Rest(site) for site in two_sites]
    for client in rest:
        client.token = rest[0].token
    path, body = f"/charge-points/{identity}/commands", {"kind": "ReadSettings"}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(rest[n % 2], "POST", path, body, Idempotency_Key="once") for n in range(8)]
        answers = [future.result() for future in asked]
    assert sorted(status for status, _ in answers) == [200] * 7 + [201]
    assert len({command["id"] for _, command in answers}) == 1


# --- the command line ----------------------------------------------------------------------------------


def shell(site: Site, directory: Path, *arguments: str) -> "subprocess.Popen[str]":
    """manage.py command, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "command", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment(database_url=site.database_url, directory=directory)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_command_line_reaches_a_charge_point_at_a_server_beside_it(
    site, charge_point, identity, tmp_path
):
    """Another process, and without Redis nothing but the database between them."""
    with shell(site, tmp_path, identity, "RemoteStart", "id_token=TAG", "--until", "effect") as running:
        answer(charge_point, "RemoteStartTransaction", {"idTag": "TAG"})
        transaction_id = charge_point.start()["transactionId"]
        said, _ = running.communicate(timeout=60)
    assert f"RemoteStart to {identity} was answered: Accepted after 0." in said
    assert f"its effect was seen (transaction {transaction_id})." in said
    assert running.returncode == 0


def test_the_command_line_says_what_the_charge_point_did_not_want(site, charge_point, identity, tmp_path):
    with shell(site, tmp_path, identity, "ResetChargePoint", "kind=Hard") as running:
        answer(charge_point, "Reset", {"type": "Hard"}, {"status": "Rejected"})
        said, _ = running.communicate(timeout=60)
    assert "was answered: Rejected" in said
    assert 'Answer: {"status": "Rejected"}' in said
    assert running.returncode == 1
