"""Commands as calls of 1.6, member for member."""

import json

import pytest

from csms.dialects.rules import Dialect
from csms.dialects.v16 import DIALECT
from csms.domain import commands
from csms.domain.errors import Reason, Refused
from ocpp_core.payload import encode

AT = "2027-01-01T00:00:00Z"
ENTRY = {"idTag": "A", "idTagInfo": {"status": "Accepted"}}
PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "ChargePointMaxProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "startSchedule": AT,
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11000.0}],
    },
}


@pytest.mark.parametrize(
    ("command", "action", "payload"),
    [
        (commands.ChangeSetting(key="K", value=""), "ChangeConfiguration", {"key": "K", "value": ""}),
        (commands.ReadSettings(), "GetConfiguration", {}),
        (commands.ReadSettings(keys=("A", "B")), "GetConfiguration", {"key": ["A", "B"]}),
        (commands.RemoteStart(id_token="T"), "RemoteStartTransaction", {"idTag": "T"}),
        (commands.RemoteStart(id_token="T", evse=0), "RemoteStartTransaction", {"idTag": "T"}),
        (
            commands.RemoteStart(id_token="T", evse=2),
            "RemoteStartTransaction",
            {"idTag": "T", "connectorId": 2},
        ),
        (commands.RemoteStop(transaction_id="9"), "RemoteStopTransaction", {"transactionId": 9}),
        (
            commands.RequestMessage(message="MeterValues", evse=1),
            "TriggerMessage",
            {"requestedMessage": "MeterValues", "connectorId": 1},
        ),
        (commands.ResetChargePoint(kind="Hard"), "Reset", {"type": "Hard"}),
        (
            commands.SetAvailability(evse=1, operative=False),
            "ChangeAvailability",
            {"connectorId": 1, "type": "Inoperative"},
        ),
        (commands.SetAvailability(), "ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
        (
            commands.RequestExtendedMessage(message="SignChargePointCertificate"),
            "ExtendedTriggerMessage",
            {"requestedMessage": "SignChargePointCertificate"},
        ),
        (commands.ReleaseCable(evse=2), "UnlockConnector", {"connectorId": 2}),
        (commands.ForgetTokens(), "ClearCache", {}),
        (commands.SendData(vendor_id="V"), "DataTransfer", {"vendorId": "V"}),
        (
            commands.SendData(vendor_id="V", message_id="M", data=""),
            "DataTransfer",
            {"vendorId": "V", "messageId": "M", "data": ""},
        ),
        (
            commands.ReserveConnector(reservation_id=7, id_token="T", until=AT, evse=1, group_id_token="G"),
            "ReserveNow",
            {"connectorId": 1, "expiryDate": AT, "idTag": "T", "parentIdTag": "G", "reservationId": 7},
        ),
        (
            commands.ReserveConnector(reservation_id=7, id_token="T", until=AT),
            "ReserveNow",
            {"connectorId": 0, "expiryDate": AT, "idTag": "T", "reservationId": 7},
        ),
        (commands.EndReservation(reservation_id=7), "CancelReservation", {"reservationId": 7}),
        (commands.ReadLocalListVersion(), "GetLocalListVersion", {}),
        (
            commands.UpdateLocalList(version=3, entries=()),
            "SendLocalList",
            {"listVersion": 3, "localAuthorizationList": [], "updateType": "Full"},
        ),
        (
            commands.UpdateLocalList(version=4, kind="Differential", entries=({"idTag": "B"}, ENTRY)),
            "SendLocalList",
            {
                "listVersion": 4,
                "localAuthorizationList": [{"idTag": "B"}, ENTRY],
                "updateType": "Differential",
            },
        ),
        (
            commands.InstallChargingProfile(evse=0, profile=PROFILE),
            "SetChargingProfile",
            {"connectorId": 0, "csChargingProfiles": PROFILE},
        ),
        (commands.RemoveChargingProfiles(), "ClearChargingProfile", {}),
        (commands.RemoveChargingProfiles(profile_id=0, evse=1), "ClearChargingProfile", {"id": 0}),
        (
            commands.RemoveChargingProfiles(evse=0, purpose="TxProfile", stack_level=0),
            "ClearChargingProfile",
            {"connectorId": 0, "chargingProfilePurpose": "TxProfile", "stackLevel": 0},
        ),
        (commands.ReadCompositeSchedule(), "GetCompositeSchedule", {"connectorId": 0, "duration": 86400}),
        (
            commands.ReadCompositeSchedule(evse=1, duration_s=60, unit="W"),
            "GetCompositeSchedule",
            {"connectorId": 1, "duration": 60, "chargingRateUnit": "W"},
        ),
        (commands.FetchDiagnostics(location="ftp://h/"), "GetDiagnostics", {"location": "ftp://h/"}),
        (
            commands.FetchDiagnostics(
                location="ftp://h/", from_time=AT, to_time=AT, retries=1, retry_interval_s=5
            ),
            "GetDiagnostics",
            {"location": "ftp://h/", "retries": 1, "retryInterval": 5, "startTime": AT, "stopTime": AT},
        ),
        (
            commands.FetchLog(request_id=5, kind="SecurityLog", location="ftp://h/", to_time=AT),
            "GetLog",
            {
                "log": {"remoteLocation": "ftp://h/", "latestTimestamp": AT},
                "logType": "SecurityLog",
                "requestId": 5,
            },
        ),
        (
            commands.InstallFirmware(location="http://h/f", retrieve_at=AT, retries=0),
            "UpdateFirmware",
            {"location": "http://h/f", "retries": 0, "retrieveDate": AT},
        ),
        (
            commands.InstallSignedFirmware(
                request_id=6,
                location="http://h/f",
                retrieve_at=AT,
                signing_certificate="PEM",
                signature="c2ln",
            ),
            "SignedUpdateFirmware",
            {
                "requestId": 6,
                "firmware": {
                    "location": "http://h/f",
                    "retrieveDateTime": AT,
                    "signingCertificate": "PEM",
                    "signature": "c2ln",
                },
            },
        ),
        (
            commands.AddCertificate(kind="CentralSystemRootCertificate", certificate="PEM"),
            "InstallCertificate",
            {"certificateType": "CentralSystemRootCertificate", "certificate": "PEM"},
        ),
        (
            commands.RemoveCertificate(
                hash_algorithm="SHA256", issuer_name_hash="0a", issuer_key_hash="0b", serial_number="1"
            ),
            "DeleteCertificate",
            {
                "certificateHashData": {
                    "hashAlgorithm": "SHA256",
                    "issuerNameHash": "0a",
                    "issuerKeyHash": "0b",
                    "serialNumber": "1",
                }
            },
        ),
        (
            commands.ListCertificates(kind="ManufacturerRootCertificate"),
            "GetInstalledCertificateIds",
            {"certificateType": "ManufacturerRootCertificate"},
        ),
        (
            commands.DeliverCertificate(certificate_chain="PEM"),
            "CertificateSigned",
            {"certificateChain": "PEM"},
        ),
    ],
)
def test_a_command_becomes_a_request(command, action, payload):
    DIALECT.check_command(command)
    rendered = DIALECT.request_for(command)
    assert DIALECT.catalogue.action_of(rendered).name == action
    assert json.loads(encode(rendered)) == payload


@pytest.mark.parametrize(
    ("action", "payload", "is_read"),
    [
        ("Reset", '{"type":"Soft"}', True),
        ("Reset", "{}", False),
        ("Reset", "5", False),
        ("Heartbeat", "{}", False),  # not ours to call: its facts are the charge point's
        ("Frobnicate", "{}", False),
    ],
)
def test_only_a_valid_call_of_ours_says_something(action, payload, is_read):
    assert (DIALECT.our_request(action, payload) is not None) == is_read


@pytest.mark.parametrize("message", commands.TRIGGERED_FACTS)
def test_every_message_that_can_be_asked_for_can_be_sent(message):
    DIALECT.check_command(commands.RequestMessage(message=message))


@pytest.mark.parametrize("message", commands.EXTENDED_TRIGGERED_FACTS)
def test_every_message_of_the_security_extension_can_be_asked_for(message):
    DIALECT.check_command(commands.RequestExtendedMessage(message=message))


@pytest.mark.parametrize(
    "command",
    [
        commands.RemoteStart(id_token="x" * 21),
        commands.RemoteStop(transaction_id="not a number"),
        commands.ResetChargePoint(kind="Gently"),
        commands.InstallChargingProfile(evse=0, profile={}),
        commands.InstallChargingProfile(evse=0, profile=PROFILE | {"colour": "red"}),
        commands.InstallChargingProfile(evse=0, profile=PROFILE | {"validFrom": "soon"}),
        commands.InstallChargingProfile(evse=0, profile=PROFILE | {"validFrom": None}),
        commands.UpdateLocalList(version=1, entries=({"idTag": "A"},)),
        commands.UpdateLocalList(version=1, entries=(ENTRY, ENTRY | {"idTag": "a"})),
        commands.UpdateLocalList(version=1, entries=(ENTRY | {"idTag": "x" * 21},)),
    ],
    ids=str,
)
def test_a_command_that_this_version_cannot_say_is_refused_before_it_is_asked(command):
    with pytest.raises(Refused) as refused:
        DIALECT.check_command(command)
    assert refused.value.reason is Reason.INVALID_PARAMETERS


def test_a_command_without_a_call_is_not_offered():
    silent = Dialect(
        **{name: getattr(DIALECT, name) for name in DIALECT.__dataclass_fields__} | {"calls": {}}
    )
    with pytest.raises(Refused) as refused:
        silent.check_command(commands.ReadSettings())
    assert refused.value.reason is Reason.NOT_OFFERED_BY_VERSION
    assert refused.value.detail == "ReadSettings: ocpp1.6"
