"""What shows that a command was done, and calls that are sent as they are."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from csms.eventlog.rebuild import chosen, differences
from tests import factories
from tests.end_to_end.conftest import Site, until
from tests.end_to_end.test_commands import ACCEPTED, POOL, Rest, answer
from tests.end_to_end.wire import unlike_any_other

pytestmark = pytest.mark.end_to_end

UNTIL = "2099-01-01T00:00:00Z"
UPLOADS = "https://logs.example/up/"


@pytest.fixture
def rest(site: Site) -> Rest:
    return Rest(site)


@pytest.fixture
def identity(site: Site) -> Iterator[str]:
    identity = factories.charge_point(identity=unlike_any_other("CP/ä")).identity
    yield identity
    until(lambda: not list(differences(identity, chosen([]))), what="rows equal to the log")


@pytest.fixture
def charge_point(site: Site, identity: str):
    with site.connect(identity) as connected:
        connected.boot()
        yield connected


def effect(rest, command):
    return rest.command(command["id"], "?wait=30&until=effect")["effect"]


def test_a_reservation_shows_at_its_connector(rest, charge_point, identity):
    for connector in (1, 2):
        charge_point.status(connector, "Available")
    given = {"reservation_id": 7, "id_token": "Tag", "until": "2099-01-01T01:00:00+01:00", "evse": 2}
    asking = rest.asking(identity, "ReserveConnector", "?wait=30", **given)
    wanted = {"connectorId": 2, "expiryDate": UNTIL, "idTag": "Tag", "reservationId": 7}
    answer(charge_point, "ReserveNow", wanted)
    command = asking.result()
    assert (command["status"], command["effect"]) == ("Accepted", "awaited")
    charge_point.status(1, "Reserved")
    charge_point.status(2, "Preparing")
    assert rest.command(command["id"])["effect"] == "awaited"
    charge_point.status(2, "Reserved")
    assert effect(rest, command) == "seen"


def test_an_upload_is_seen_when_it_is_complete(rest, charge_point, identity):
    asking = rest.asking(identity, "FetchDiagnostics", "?wait=30", location=UPLOADS)
    answer(charge_point, "GetDiagnostics", {"location": UPLOADS}, {"fileName": "d.zip"})
    command = asking.result()
    assert (command["status"], command["effect"]) == ("", "awaited")
    charge_point.result("DiagnosticsStatusNotification", {"status": "Uploading"})
    charge_point.result("LogStatusNotification", {"status": "Uploaded", "requestId": 1})  # another one
    assert rest.command(command["id"])["effect"] == "awaited"
    charge_point.result("DiagnosticsStatusNotification", {"status": "Uploaded"})
    assert effect(rest, command) == "seen"


def test_where_there_is_nothing_to_upload_no_upload_is_awaited(rest, charge_point, identity):
    asking = rest.asking(identity, "FetchDiagnostics", "?wait=30", location=UPLOADS)
    answer(charge_point, "GetDiagnostics", {"location": UPLOADS}, {})
    command = asking.result()
    assert (command["state"], command["effect"]) == ("answered", "")


def test_a_log_is_told_from_another_by_its_number(rest, charge_point, identity):
    asking = rest.asking(identity, "FetchLog", "?wait=30", request_id=5, location=UPLOADS)
    wanted = {"log": {"remoteLocation": UPLOADS}, "logType": "DiagnosticsLog", "requestId": 5}
    answer(charge_point, "GetLog", wanted, {"status": "AcceptedCanceled", "filename": "l"})
    command = asking.result()
    assert (command["status"], command["effect"]) == ("AcceptedCanceled", "awaited")
    for number, state in ((4, "awaited"), (5, "seen")):
        charge_point.result("LogStatusNotification", {"status": "Uploaded", "requestId": number})
        assert rest.command(command["id"])["effect"] == state


def test_firmware_is_seen_when_it_is_installed_however_late_that_may_be(rest, charge_point, identity):
    asking = rest.asking(
        identity, "InstallFirmware", "?wait=30", location="https://fw.example/1", retrieve_at=UNTIL
    )
    wanted = {"location": "https://fw.example/1", "retrieveDate": UNTIL}
    answer(charge_point, "UpdateFirmware", wanted, {})
    command = asking.result()
    assert command["effect"] == "awaited"
    assert command["effect_until"].startswith("2099-01-02T00:00:00")
    for status in ("Downloading", "Downloaded", "Installing", "Installed"):
        assert rest.command(command["id"])["effect"] == "awaited"
        charge_point.result("FirmwareStatusNotification", {"status": status})
    assert effect(rest, command) == "seen"


def test_a_message_that_goes_by_another_name_is_seen(site, rest, identity):
    with site.connect(identity) as charge_point:
        charge_point.boot()
        asking = rest.asking(
            identity, "RequestExtendedMessage", "?wait=30", message="FirmwareStatusNotification"
        )
        wanted = {"requestedMessage": "FirmwareStatusNotification"}
        answer(charge_point, "ExtendedTriggerMessage", wanted)
        charge_point.result("SignedFirmwareStatusNotification", {"status": "Idle"})
        assert effect(rest, asking.result()) == "seen"


def test_a_charging_profile_reaches_the_charge_point_as_it_was_given(rest, charge_point, identity):
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1, "numberPhases": 3}],
        },
    }
    asking = rest.asking(identity, "InstallChargingProfile", "?wait=30", evse=0, profile=profile)
    answer(charge_point, "SetChargingProfile", {"connectorId": 0, "csChargingProfiles": profile})
    command = asking.result()
    assert (command["parameters"]["profile"], command["response"]) == (profile, ACCEPTED)


# --- raw calls -----------------------------------------------------------------------------------------


def calling(rest, identity, action, payload, query="?wait=30"):
    """The answer of the API, while the test goes on."""
    path = f"/charge-points/{quote(identity, safe='')}/calls{query}"
    return POOL.submit(rest, "POST", path, {"action": action, "payload": payload})


@pytest.mark.parametrize(
    ("action", "payload", "response"),
    [
        ("Frobnicate", {"b": [1.5, None, "ä"], "a": {}}, {"status": "x" * 40, "nul": "\0", "n": None}),
        ("Frobnicate", [], "no object"),
        ("Reset", {"type": 7}, ACCEPTED),
        ("Heartbeat", {}, {"currentTime": UNTIL}),
        ("ChangeConfiguration", {"key": "K"}, ACCEPTED),
        ("ChangeConfiguration", {"key": "K", "value": "V"}, ACCEPTED),
        ("BootNotification", {}, {"status": "Accepted", "currentTime": UNTIL, "interval": 5}),
    ],
)
def test_a_raw_call_goes_out_and_is_answered_as_it_is(
    site, rest, charge_point, identity, action, payload, response
):
    asking = calling(rest, identity, action, payload)
    answer(charge_point, action, payload, response)
    status, command = asking.result()
    assert status == 201
    assert (command["state"], command["kind"], command["effect"]) == ("answered", "RawCall", "")
    assert command["response"] == json.loads(json.dumps(response).replace("\\u0000", "\ufffd"))
    _, settings = rest("GET", f"/settings?charge_point={quote(identity)}&key=K")
    assert len(settings["items"]) == (payload == {"key": "K", "value": "V"})
    assert charge_point.result("Heartbeat")  # the connection lives


def test_a_raw_call_that_is_answered_badly_is_told_from_one_that_was_never_sent(site, rest, identity):
    status, never = calling(rest, identity, "Reset", {}, "").result()
    assert (status, never["state"]) == (201, "requested")
    with site.connect(identity) as charge_point:
        charge_point.boot()
        call = charge_point.next_call()  # it was just connecting
        charge_point.send([4, call[1], "FormationViolation", "no", {}])
        never = rest.command(never["id"], "?wait=30")
        assert (never["state"], never["error"]["code"]) == ("refused", "FormationViolation")
        for action, response in (("Reset", {"status": 5}), ("Frobnicate", {"AuthorizationKey": 5})):
            asking = calling(rest, identity, action, {})
            answer(charge_point, action, {}, response)
            assert asking.result()[1]["state"] == ("refused" if action == "Reset" else "answered")
        asking = calling(rest, identity, "Frobnicate", {})
        call = charge_point.next_call()
        charge_point.send(f'[3,"{call[1]}",{{"a":"\\ud800"}}]')
        assert asking.result()[1]["state"] == "refused"
        assert charge_point.result("Heartbeat")


def test_a_raw_call_with_a_secret_is_refused(rest, identity):
    status, problem = calling(rest, identity, "X", {"key": "AuthorizationKey", "value": "s"}).result()
    assert (status, problem["reason"]) == (422, "secret_setting")
