"""Reading and changing the charge point's settings from afar (sections 5.3 and 5.8 of the standard)."""

from collections.abc import Callable
from typing import Any

from chargepoint_sim.v16 import certificates, configuration, metering, registration, security_events
from chargepoint_sim.v16.turn import Turn
from ocpp_core.errors import PayloadError, Violation
from ocpp_core.v16 import core
from ocpp_core.v16.configuration import KEYS_BY_NAME
from ocpp_core.v16.core import ConfigurationKey, ConfigurationStatus

MEASURAND_KEYS = (
    "MeterValuesSampledData",
    "MeterValuesAlignedData",
    "StopTxnSampledData",
    "StopTxnAlignedData",
)


def on_get_configuration(
    turn: Turn, request: core.GetConfiguration.Request
) -> core.GetConfiguration.Response:
    """No keys asked for = all. More than GetConfigurationMaxKeys is refused."""
    names = request.key or ()
    limit = configuration.number(turn.state, "GetConfigurationMaxKeys")
    if len(names) > limit:
        raise PayloadError(Violation.OCCURRENCE_CONSTRAINT, f"{len(names)} keys, {limit} are allowed")
    known: list[ConfigurationKey] = []
    unknown: list[str] = []
    for name in names or (n for n in configuration.FACTORY if configuration.has(turn.state, n)):
        key = KEYS_BY_NAME.get(name)
        if key is None or not configuration.has(turn.state, key.name):
            unknown.append(name)
        elif key.access.may_be_read:
            known.append(_describe(turn, key.name))
    return core.GetConfiguration.Response(
        configuration_key=tuple(known) or None, unknown_key=tuple(unknown) or None
    )


def on_change_configuration(
    turn: Turn, request: core.ChangeConfiguration.Request
) -> core.ChangeConfiguration.Response:
    """NotSupported: no such key. Rejected: read-only, or a wrong value. Else effective at once."""
    return core.ChangeConfiguration.Response(status=_change(turn, request.key, request.value))


def _change(turn: Turn, name: str, value: str) -> ConfigurationStatus:
    key = KEYS_BY_NAME.get(name)
    if key is None or not configuration.has(turn.state, key.name):
        return ConfigurationStatus.NOT_SUPPORTED
    if configuration.is_read_only(turn.state, key.name) or not _is_allowed(turn, key.name, value):
        return ConfigurationStatus.REJECTED
    if key.name == "SecurityProfile":
        turn.state.link.fallback_profile = configuration.value(turn.state, key.name)
    turn.state.configuration[key.name] = value
    turn.touch("configuration")
    if key.name in CHANGED:
        CHANGED[key.name](turn)
    return ConfigurationStatus.REBOOT_REQUIRED if key.reboot else ConfigurationStatus.ACCEPTED


def _is_allowed(turn: Turn, name: str, value: str) -> bool:
    if KEYS_BY_NAME[name].check(value) is not None:
        return False
    if name == "SecurityProfile":
        return _may_become(turn, int(value))
    if name in MEASURAND_KEYS:
        items = [item.strip() for item in value.split(",") if item.strip()]
        limit = configuration.number(turn.state, f"{name}MaxLength")
        return len(items) <= limit and all(metering.supports(turn.state, item) for item in items)
    return True


def _describe(turn: Turn, name: str) -> ConfigurationKey:
    return ConfigurationKey(
        key=name,
        readonly=configuration.is_read_only(turn.state, name),
        value=configuration.value(turn.state, name),
    )


def _restart_sampling(turn: Turn) -> None:
    """The sampling period counts anew from the change."""
    for connector in turn.state.outlets:
        metering.sample_periodically(turn, connector)


def _restart_heartbeat(turn: Turn) -> None:
    if turn.state.is_online:
        registration.watch_heartbeat(turn)


def _use_new_key(turn: Turn) -> None:
    """Reconnect with the new password (security whitepaper A01)."""
    security_events.note(turn, "ReconfigurationOfSecurityParameters", "AuthorizationKey")
    registration.close(turn, "new AuthorizationKey")


def _may_become(turn: Turn, profile: int) -> bool:
    """Only upwards, and only with what the new profile needs: a password, a root, our own certificate."""
    state = turn.state
    present = configuration.number(state, "SecurityProfile")
    has_password = present in (1, 2) or bool(configuration.value(state, "AuthorizationKey"))
    has_root = bool(certificates.installed(state, "CentralSystemRootCertificate"))
    return (
        profile > present
        and (profile == 3 or has_password)
        and (profile == 1 or has_root)
        and (profile < 3 or state.station_certificate is not None)
    )


def _use_new_profile(turn: Turn) -> None:
    profile = configuration.value(turn.state, "SecurityProfile")
    security_events.note(turn, "ReconfigurationOfSecurityParameters", f"SecurityProfile {profile}")
    registration.close(turn, "new SecurityProfile")


CHANGED: dict[str, Callable[[Turn], None]] = {
    "HeartbeatInterval": _restart_heartbeat,
    "MeterValueSampleInterval": _restart_sampling,
    "ClockAlignedDataInterval": metering.align_to_clock,
    "AuthorizationKey": _use_new_key,
    "SecurityProfile": _use_new_profile,
}

HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {
    "GetConfiguration": on_get_configuration,
    "ChangeConfiguration": on_change_configuration,
}
