"""The charge point's settings: which of the standard's keys it has, and what they are worth now.

A key is looked for in what the central system changed (stored), then in the model's factory settings, then in
`FACTORY`. What happens when one changes stands in `setting_changes.py`.
"""

from typing import Final

from chargepoint_sim.v16.state import ChargePointState
from ocpp_core.errors import PayloadError, Violation
from ocpp_core.v16 import core, security
from ocpp_core.v16.configuration import KEYS_BY_NAME

_OWN: Final[dict[str, str]] = {
    "ConnectorPhaseRotation": "0.RST",
    "GetConfigurationMaxKeys": "50",
    "StopTransactionMaxMeterValues": "100",
    "StopTxnAlignedData": "",
    "StopTxnSampledData": "",
    "MeterValuesSampledDataMaxLength": "10",
    "MeterValuesAlignedDataMaxLength": "10",
    "StopTxnSampledDataMaxLength": "10",
    "StopTxnAlignedDataMaxLength": "10",
    "SupportedFeatureProfiles": (
        "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"
    ),
    "AuthorizationKey": "",
    "SupportedFileTransferProtocols": "HTTP,HTTPS",
}
"""Factory settings that are ours rather than suggested by the table of `ocpp_core`."""

_NAMES: Final = """
    AllowOfflineTxForUnknownId AuthorizationCacheEnabled AuthorizeRemoteTxRequests BlinkRepeat
    ClockAlignedDataInterval ConnectionTimeOut ConnectorPhaseRotation GetConfigurationMaxKeys
    HeartbeatInterval LightIntensity LocalAuthorizeOffline LocalPreAuthorize MessageTimeout
    MeterValuesAlignedData MeterValuesAlignedDataMaxLength MeterValuesSampledData
    MeterValuesSampledDataMaxLength MeterValueSampleInterval MinimumStatusDuration NumberOfConnectors
    ResetRetries StopTransactionMaxMeterValues StopTransactionOnEVSideDisconnect
    StopTransactionOnInvalidId StopTxnAlignedData StopTxnAlignedDataMaxLength StopTxnSampledData
    StopTxnSampledDataMaxLength SupportedFeatureProfiles TransactionMessageAttempts
    TransactionMessageRetryInterval UnlockConnectorOnEVSideDisconnect WebSocketPingInterval
    AuthorizationKey LocalAuthListEnabled LocalAuthListMaxLength SendLocalListMaxLength
    ReserveConnectorZeroSupported ChargeProfileMaxStackLevel ChargingScheduleAllowedChargingRateUnit
    ChargingScheduleMaxPeriods ConnectorSwitch3to1PhaseSupported MaxChargingProfilesInstalled
    SupportedFileTransferProtocols CertificateStoreMaxLength CertificateSignedMaxChainSize CpoName
    SecurityProfile
"""

ALWAYS_THERE: Final = ("AuthorizationKey",)
"""Keys that a product has whether or not it has their feature profile."""

FACTORY: Final[dict[str, str]] = {
    name: _OWN.get(name, KEYS_BY_NAME[name].default or "") for name in _NAMES.split()
}
"""Every key this charge point has, with its value when it leaves the factory."""


def value(state: ChargePointState, name: str) -> str:
    """The value of one of our keys, as text."""
    if name == "NumberOfConnectors":
        return str(len(state.connectors) - 1)
    if name == "UnlockConnectorOnEVSideDisconnect" and state.model.socket.is_cable_fixed:
        return "false"
    if name == "ConnectorSwitch3to1PhaseSupported":
        return "true" if state.model.socket.phases > 1 else "false"
    if name == "ChargingScheduleAllowedChargingRateUnit" and state.model.socket.is_dc:
        return "Power"
    changed = state.configuration.get(name)
    if changed is not None:
        return changed
    return state.model.configuration.get(name, FACTORY[name])


def number(state: ChargePointState, name: str) -> int:
    return int(value(state, name))


def flag(state: ChargePointState, name: str) -> bool:
    return value(state, name).lower() == "true"


def items(state: ChargePointState, name: str) -> list[str]:
    """A comma separated value as a list, without empty items."""
    return [item.strip() for item in value(state, name).split(",") if item.strip()]


def offers(state: ChargePointState, profile: str) -> bool:
    """Does this product have a feature profile? The security extension is one, without a name in the key."""
    if profile == security.PROFILE:
        return state.model.has_security_extension
    return profile in items(state, "SupportedFeatureProfiles")


def has(state: ChargePointState, name: str) -> bool:
    """Does this product have a key? Those of feature profiles that it lacks are not there."""
    if name not in FACTORY:
        return False
    profile = KEYS_BY_NAME[name].profile
    return name in ALWAYS_THERE or profile == core.PROFILE or offers(state, profile)


def demand(state: ChargePointState, profile: str) -> None:
    """Refuse a call of a feature profile that this product does not have."""
    if not offers(state, profile):
        raise PayloadError(Violation.NOT_SUPPORTED, f"{profile} is not offered here")


def is_read_only(state: ChargePointState, name: str) -> bool:
    if name == "UnlockConnectorOnEVSideDisconnect" and state.model.socket.is_cable_fixed:
        return True
    return not KEYS_BY_NAME[name].access.may_be_written
