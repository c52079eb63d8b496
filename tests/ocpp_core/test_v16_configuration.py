"""The configuration keys of OCPP 1.6."""

import re

import pytest

from ocpp_core.configuration import READ_ONLY, READ_OR_READ_WRITE, READ_WRITE, WRITE_ONLY, Key, Seconds
from ocpp_core.v16 import CATALOGUE
from ocpp_core.v16.configuration import KEYS, KEYS_BY_NAME

each_key = pytest.mark.parametrize("key", KEYS, ids=[key.name for key in KEYS])


def test_all_keys_of_the_standard_are_there() -> None:
    by_profile: dict[str, int] = {}
    for key in KEYS:
        by_profile[key.profile] = by_profile.get(key.profile, 0) + 1
    # 43 of chapter 9, 3 of the errata, 6 of the security extension
    assert by_profile == {
        "Core": 36,
        "LocalAuthListManagement": 3,
        "Reservation": 1,
        "SmartCharging": 5,
        "FirmwareManagement": 1,
        "Security": 6,
    }
    assert len(KEYS_BY_NAME) == len(KEYS) == 52
    assert len({key.setting for key in KEYS}) == 52


REQUIRED = """
AuthorizeRemoteTxRequests ClockAlignedDataInterval ConnectionTimeOut ConnectorPhaseRotation
GetConfigurationMaxKeys HeartbeatInterval LocalAuthorizeOffline LocalPreAuthorize
MeterValuesAlignedData MeterValuesSampledData MeterValueSampleInterval NumberOfConnectors
ResetRetries StopTransactionOnInvalidId StopTxnAlignedData StopTxnSampledData
SupportedFeatureProfiles TransactionMessageAttempts TransactionMessageRetryInterval
UnlockConnectorOnEVSideDisconnect LocalAuthListEnabled LocalAuthListMaxLength SendLocalListMaxLength
ChargeProfileMaxStackLevel ChargingScheduleAllowedChargingRateUnit ChargingScheduleMaxPeriods
MaxChargingProfilesInstalled
"""


def test_required_keys() -> None:
    assert sorted(key.name for key in KEYS if key.required) == sorted(REQUIRED.split())


def test_access_of_the_special_keys() -> None:
    assert [key.name for key in KEYS if key.access is WRITE_ONLY] == ["AuthorizationKey"]
    assert [key.name for key in KEYS if key.access is READ_OR_READ_WRITE] == [
        "AuthorizeRemoteTxRequests",
        "StopTransactionOnEVSideDisconnect",
        "UnlockConnectorOnEVSideDisconnect",
    ]
    assert KEYS_BY_NAME["NumberOfConnectors"].access is READ_ONLY
    assert KEYS_BY_NAME["HeartbeatInterval"].access is READ_WRITE
    assert all(
        key.access is READ_ONLY for key in KEYS if key.name.endswith(("MaxLength", "MaxKeys", "MaxPeriods"))
    )


@each_key
def test_each_key_is_a_complete_row(key: Key) -> None:
    assert len(key.name) <= 50
    assert re.fullmatch(r"[a-z0-9_]+", key.setting)
    assert key.profile in {action.profile for action in CATALOGUE.values()}
    assert key.source
    assert key.meaning
    assert isinstance(key.type, Seconds) == (key.unit == "s")
    assert KEYS_BY_NAME[key.name.upper()] is key


@each_key
def test_each_default_is_allowed(key: Key) -> None:
    assert key.default is None or key.check(key.default) is None


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ClockAlignedDataInterval", ["0", "900", "86400"], ["-1", "86401"]),
        ("ConnectionTimeOut", ["1"], ["0", ""]),
        ("WebSocketPingInterval", ["0", "60"], ["-1"]),
        ("LightIntensity", ["0", "100"], ["101"]),
        ("SecurityProfile", ["0", "3"], ["4"]),
        (
            "AuthorizationKey",
            ["0" * 32, "aB" * 20],
            ["0" * 30, "0" * 42, "secret-secret-secret-secret-secret"],
        ),
        (
            "MeterValuesSampledData",
            ["", "Energy.Active.Import.Register", "Voltage.L1,Voltage.L1-N,SoC", "Power.Active.Import.L2"],
            ["Energy", "voltage", "Voltage.L4", "SoC,,RPM", "SoC;RPM"],
        ),
        (
            "ConnectorPhaseRotation",
            ["", "0.RST,1.Unknown", "0.NotApplicable, 12.TSR"],
            ["RST", "0.rst", "-1.RST"],
        ),
        ("SupportedFeatureProfiles", ["Core", "Core,SmartCharging"], ["Security"]),
        ("ChargingScheduleAllowedChargingRateUnit", ["Current", "Current,Power"], ["A", "W"]),
        ("SupportedFileTransferProtocols", ["HTTP,HTTPS,SFTP"], ["GOPHER"]),
        ("AllowOfflineTxForUnknownId", ["true", "False"], ["1"]),
    ],
)
def test_verdicts(name: str, good: list[str], bad: list[str]) -> None:
    key = KEYS_BY_NAME[name]
    assert [value for value in good if key.check(value) is not None] == []
    assert [value for value in bad if key.check(value) is None] == []
