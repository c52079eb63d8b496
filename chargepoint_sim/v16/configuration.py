"""The charge point's settings: which of the standard's keys it has, and what they are worth now.

A key is looked for in what the central system changed (stored), then in the model's factory settings, then in
`FACTORY`. What happens when one changes stands in `setting_changes.py`.
"""

from typing import Final

from chargepoint_sim.v16.state import ChargePointState
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
    "SupportedFeatureProfiles": "Core,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger",
    "AuthorizationKey": "",
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
"""

ALWAYS_OFFERED: Final = ("Core", "Security")

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
    """Does this product have a feature profile?"""
    return profile in items(state, "SupportedFeatureProfiles")


def has(state: ChargePointState, name: str) -> bool:
    """Does this product have a key? Those of feature profiles that it lacks are not there."""
    if name not in FACTORY:
        return False
    profile = KEYS_BY_NAME[name].profile
    return profile in ALWAYS_OFFERED or offers(state, profile)


def is_read_only(state: ChargePointState, name: str) -> bool:
    if name == "UnlockConnectorOnEVSideDisconnect" and state.model.socket.is_cable_fixed:
        return True
    return not KEYS_BY_NAME[name].access.may_be_written
