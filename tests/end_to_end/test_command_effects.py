"""What shows that a command was done: reservations, uploads, firmware, messages of the security extension."""

from collections.abc import Iterator

import pytest

from csms.eventlog.rebuild import chosen, differences
from tests import factories
from tests.end_to_end.conftest import Site, until
from tests.end_to_end.test_commands import ACCEPTED, Rest, answer
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
