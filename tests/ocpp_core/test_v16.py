"""OCPP 1.6 as declared: who sends what, which blocks, which names. For structure see test_v16_schemas."""

import re
from enum import Enum
from types import ModuleType

import pytest

from ocpp_core import v16
from ocpp_core.action import CENTRAL_SYSTEM, CHARGE_POINT, Queued
from ocpp_core.payload import personal_fields
from ocpp_core.v16 import (
    CATALOGUE,
    core,
    firmware_management,
    local_auth_list,
    remote_trigger,
    reservation,
    security,
    smart_charging,
    types,
)

# One row an action: who calls (P = charge point, S = central system), profile, queued while offline.
FACTS = """
Authorize                        P  Core                    no
BootNotification                 P  Core                    no
ChangeAvailability               S  Core                    no
ChangeConfiguration              S  Core                    no
ClearCache                       S  Core                    no
DataTransfer                     PS Core                    no
GetConfiguration                 S  Core                    no
Heartbeat                        P  Core                    no
MeterValues                      P  Core                    transaction
RemoteStartTransaction           S  Core                    no
RemoteStopTransaction            S  Core                    no
Reset                            S  Core                    no
StartTransaction                 P  Core                    transaction
StatusNotification               P  Core                    no
StopTransaction                  P  Core                    transaction
UnlockConnector                  S  Core                    no
GetDiagnostics                   S  FirmwareManagement      no
DiagnosticsStatusNotification    P  FirmwareManagement      no
FirmwareStatusNotification       P  FirmwareManagement      no
UpdateFirmware                   S  FirmwareManagement      no
GetLocalListVersion              S  LocalAuthListManagement no
SendLocalList                    S  LocalAuthListManagement no
CancelReservation                S  Reservation             no
ReserveNow                       S  Reservation             no
ClearChargingProfile             S  SmartCharging           no
GetCompositeSchedule             S  SmartCharging           no
SetChargingProfile               S  SmartCharging           no
TriggerMessage                   S  RemoteTrigger           no
CertificateSigned                S  Security                no
DeleteCertificate                S  Security                no
ExtendedTriggerMessage           S  Security                no
GetInstalledCertificateIds       S  Security                no
GetLog                           S  Security                no
InstallCertificate               S  Security                no
LogStatusNotification            P  Security                no
SecurityEventNotification        P  Security                guaranteed
SignCertificate                  P  Security                no
SignedFirmwareStatusNotification P  Security                no
SignedUpdateFirmware             S  Security                no
"""
ROWS = [line.split() for line in FACTS.strip().splitlines()]


@pytest.mark.parametrize(("name", "callers", "profile", "queued"), ROWS, ids=[row[0] for row in ROWS])
def test_facts_of_each_action(name: str, callers: str, profile: str, queued: str) -> None:
    action = CATALOGUE[name]
    assert action.name == name
    assert action.sent_by == {{"P": CHARGE_POINT, "S": CENTRAL_SYSTEM}[caller] for caller in callers}
    assert action.profile == profile
    assert action.queued_offline is Queued(queued)
    assert re.fullmatch(r"1\.6 ([45]\.\d+(, 5\.\d+)?|security [ALMN]\d\d)", action.source)


def test_there_are_no_other_actions() -> None:
    assert sorted(CATALOGUE) == sorted(row[0] for row in ROWS)
    assert CATALOGUE.subprotocol == v16.SUBPROTOCOL == "ocpp1.6"


def test_before_acceptance_a_charge_point_may_only_boot_and_nobody_may_start_or_stop() -> None:
    # 1.6 4.2: in Pending the central system may configure, but not start or stop remotely
    assert [action.name for action in CATALOGUE.sent_by(CHARGE_POINT) if action.before_accepted] == [
        "BootNotification"
    ]
    assert [action.name for action in CATALOGUE.sent_by(CENTRAL_SYSTEM) if not action.before_accepted] == [
        "DataTransfer",
        "RemoteStartTransaction",
        "RemoteStopTransaction",
    ]


def test_sections_are_cited_once() -> None:
    cited = [
        source for action in CATALOGUE.values() for source in action.source.removeprefix("1.6 ").split(", ")
    ]
    chapters = [source for source in cited if source[0] in "45"]
    assert sorted(chapters) == sorted([f"4.{n}" for n in range(1, 11)] + [f"5.{n}" for n in range(1, 20)])


PERSONAL = {
    "Authorize": ({"idTag"}, {"idTagInfo.parentIdTag"}),
    "RemoteStartTransaction": ({"idTag"}, set()),
    "StartTransaction": ({"idTag"}, {"idTagInfo.parentIdTag"}),
    "StopTransaction": ({"idTag"}, {"idTagInfo.parentIdTag"}),
    "SendLocalList": (
        {"localAuthorizationList.idTag", "localAuthorizationList.idTagInfo.parentIdTag"},
        set(),
    ),
    "ReserveNow": ({"idTag", "parentIdTag"}, set()),
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_id_tags_are_personal_everywhere(name: str) -> None:
    action = CATALOGUE[name]
    assert (personal_fields(action.Request), personal_fields(action.Response)) == PERSONAL.get(
        name, (set(), set())
    )


BLOCKS = (
    core,
    firmware_management,
    local_auth_list,
    reservation,
    smart_charging,
    remote_trigger,
    security,
    types,
)


def enumerations(*modules: ModuleType) -> list[type[Enum]]:
    found = [
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Enum) and thing.__module__ == module.__name__
    ]
    return sorted(found, key=lambda enumeration: enumeration.__name__)


def upper_snake(value: str) -> str:
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3_\2\4", value)
    return re.sub(r"[.-]", "_", words).upper()


@pytest.mark.parametrize("enumeration", enumerations(*BLOCKS), ids=lambda enumeration: enumeration.__name__)
def test_members_are_the_values_in_upper_snake_case(enumeration: type[Enum]) -> None:
    for member in enumeration:
        assert isinstance(member, str)
        assert str(member) == member.value
        is_a_word = enumeration is not types.UnitOfMeasure and member.value != "SoC"
        assert member.name == (upper_snake(member.value) if is_a_word else member.value.upper())


ENUMERATIONS = """
AuthorizationStatus AvailabilityStatus AvailabilityType CancelReservationStatus
CertificateSignedStatusEnumType CertificateUseEnumType ChargePointErrorCode ChargePointStatus
ChargingProfileKindType ChargingProfilePurposeType ChargingProfileStatus ChargingRateUnitType
ClearCacheStatus ClearChargingProfileStatus ConfigurationStatus DataTransferStatus
DeleteCertificateStatusEnumType DiagnosticsStatus FirmwareStatus FirmwareStatusEnumType
GenericStatusEnumType GetCompositeScheduleStatus GetInstalledCertificateStatusEnumType
HashAlgorithmEnumType InstallCertificateStatusEnumType Location LogEnumType LogStatusEnumType
Measurand MessageTrigger MessageTriggerEnumType Phase ReadingContext Reason RecurrencyKindType
RegistrationStatus RemoteStartStopStatus ReservationStatus ResetStatus ResetType
TriggerMessageStatus TriggerMessageStatusEnumType UnitOfMeasure UnlockStatus
UpdateFirmwareStatusEnumType UpdateStatus UpdateType UploadLogStatusEnumType ValueFormat
"""


def test_enumerations_bear_the_names_of_the_standard() -> None:
    assert [enumeration.__name__ for enumeration in enumerations(*BLOCKS)] == sorted(ENUMERATIONS.split())
