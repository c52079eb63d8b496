"""The key path of an operator in a real browser, with a real server and a simulated charge point."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from csms.backoffice import roles
from tests import browser, factories
from tests.conftest import Database
from tests.server import ROOT, ServerProcess

pytestmark = [pytest.mark.end_to_end, pytest.mark.browser]

PASSWORD = "a long enough password"
WITHIN_MS = 20_000


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """The screens know nothing of the database behind them: one is enough."""
    return sqlite_database


@pytest.fixture
def server(live_database: Database, start_server: Callable[..., ServerProcess]) -> ServerProcess:
    roles.create()
    for role in ("operator", "viewer"):
        person = get_user_model().objects.create(username=role, is_staff=True)
        # The server hashes as in a deployment, the tests' own settings do not.
        person.password = Argon2PasswordHasher().encode(PASSWORD, "salt-of-a-test")
        person.save()
        person.groups.add(Group.objects.get(name=role))
    factories.charge_point(identity="CP 1", name="Front door")
    factories.id_token(id_token="CARD-1", holder="Ada")
    return start_server(database_url=live_database.url)


@pytest.fixture
def charge_point(server: ServerProcess, tmp_path: Path) -> Iterator[None]:
    """A simulated charge point that only waits for commands."""
    command = [
        sys.executable,
        "-m",
        "chargepoint_sim",
        "--url",
        server.ocpp_url().rstrip("/"),
        "--id",
        "CP 1",
    ]
    with (tmp_path / "charge-point.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--idle", "--speed", "60"], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        yield
        process.terminate()
        process.wait(20)


def sign_in(page: Page, server: ServerProcess, name: str) -> None:
    page.goto(f"{server.url}/admin/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Charge points online")).to_be_visible()


def test_an_operator_finds_a_charge_point_and_asks_something_of_it(
    server: ServerProcess, charge_point: None
) -> None:
    with browser.page() as page:
        page.set_default_timeout(WITHIN_MS)
        expect.set_options(timeout=WITHIN_MS)
        sign_in(page, server, "operator")
        # It comes online before our eyes, without a reload.
        expect(page.locator(".bo-tile", has_text="Charge points online")).to_contain_text("1 of 1")
        expect(page.locator(".bo-statuses")).to_contain_text("Available 2")

        page.get_by_role("link", name="Charge points", exact=True).click()
        page.get_by_role("link", name="Front door").click()
        expect(page.get_by_label("State")).to_contain_text("Online")
        expect(page.get_by_role("listitem").filter(has_text="BootNotification")).to_contain_text("Accepted")

        page.get_by_role("button", name="Ask for a message").click()
        page.get_by_label("Message", exact=True).select_option("Heartbeat")
        page.get_by_label("Reason").fill("to see it breathe")
        page.get_by_role("button", name="Send").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Accepted")
        expect(dialog).to_contain_text("Effect seen")
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_be_hidden()

        # What went over the wire stands in the event list, folded, and opens.
        row = page.get_by_role("listitem").filter(has_text="TriggerMessage")
        expect(row).to_contain_text("Accepted")
        row.locator("summary").click()
        expect(row.locator("pre").first).to_contain_text('"requestedMessage": "Heartbeat"')
        asked = page.get_by_role("listitem").filter(has_text="Asked: RequestMessage")
        expect(asked).to_contain_text("message Heartbeat · reason to see it breathe by operator")

        page.get_by_label("About this charge point").get_by_role("link", name="Commands").click()
        expect(page.get_by_role("row", name=re.compile("RequestMessage"))).to_contain_text(
            "to see it breathe"
        )


def test_a_refused_form_says_why_and_can_be_mended(server: ServerProcess, charge_point: None) -> None:
    with browser.page() as page:
        page.set_default_timeout(WITHIN_MS)
        expect.set_options(timeout=WITHIN_MS)
        sign_in(page, server, "operator")
        page.goto(f"{server.url}/admin/charge-points/CP 1/")
        page.get_by_role("region", name="Connector 1").get_by_role("button", name="Start").click()
        expect(page.get_by_label("Connector", exact=True)).to_have_value("1")
        page.get_by_label("Id token").fill("THIS-IS-MUCH-TOO-LONG-FOR-IT")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert").filter(has_text="20")).to_be_visible()
        page.get_by_label("Id token").fill("CARD-1")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("dialog")).to_contain_text("Effect awaited")


def test_a_viewer_sees_it_and_may_do_none_of_it(server: ServerProcess, charge_point: None) -> None:
    with browser.page(viewport={"width": 390, "height": 844}) as page:
        page.set_default_timeout(WITHIN_MS)
        expect.set_options(timeout=WITHIN_MS)
        sign_in(page, server, "viewer")
        for path in ("", "charge-points/CP 1/", "charging/chargepoint/", "charging/transaction/", "lobby/"):
            page.goto(f"{server.url}/admin/{path}")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        page.goto(f"{server.url}/admin/charge-points/CP 1/")
        expect(page.get_by_label("State")).to_contain_text("Online")
        expect(page.get_by_role("button", name="Start")).to_have_count(0)
        expect(page.get_by_role("button", name="Restart")).to_have_count(0)
