"""What the central system may ask for: start, stop, unlock, reset, trigger, data transfer (1.6 chapter 5)."""

from collections.abc import Callable
from typing import Any

from chargepoint_sim.v16 import (
    authorization,
    availability,
    configuration,
    firmware,
    log_upload,
    metering,
    registration,
    reservations,
    smart_charging,
    station_certificate,
    tokens,
    transactions,
)
from chargepoint_sim.v16.state import Connector, Registration
from chargepoint_sim.v16.turn import Turn
from ocpp_core.v16 import core, remote_trigger, security
from ocpp_core.v16.core import (
    DataTransferStatus,
    Reason,
    RemoteStartStopStatus,
    ResetStatus,
    ResetType,
    UnlockStatus,
)
from ocpp_core.v16.remote_trigger import TriggerMessageStatus

DRAIN_SOFT = 30.0
DRAIN_HARD = 2.0
"""How long (s) a reset waits for the queue to empty before it pulls the plug."""


def on_remote_start(
    turn: Turn, request: core.RemoteStartTransaction.Request
) -> core.RemoteStartTransaction.Response:
    """Accepted = will try. A charging profile that cannot be taken refuses the start.

    A product without smart charging ignores it.
    """
    connector = _connector_for(turn, request.connector_id, request.id_tag)
    if connector is None or turn.state.link.registration is not Registration.ACCEPTED:
        return core.RemoteStartTransaction.Response(status=RemoteStartStopStatus.REJECTED)
    profile = None
    if request.charging_profile is not None and configuration.offers(turn.state, "SmartCharging"):
        profile = smart_charging.read_for_start(turn, request.charging_profile, connector)
        if profile is None:
            return core.RemoteStartTransaction.Response(status=RemoteStartStopStatus.REJECTED)
    if configuration.flag(turn.state, "AuthorizeRemoteTxRequests"):
        authorization.ask_to_start(turn, connector, request.id_tag, is_remote=True, profile=profile)
    else:
        info, _ = tokens.look_up(turn, request.id_tag)
        authorization.grant(turn, connector, request.id_tag, info, is_remote=True, profile=profile)
    return core.RemoteStartTransaction.Response(status=RemoteStartStopStatus.ACCEPTED)


def on_remote_stop(
    turn: Turn, request: core.RemoteStopTransaction.Request
) -> core.RemoteStopTransaction.Response:
    for transaction in turn.state.transactions.values():
        if transaction.transaction_id == request.transaction_id and not transaction.is_stopped:
            transactions.stop(turn, turn.state.connectors[transaction.connector], Reason.REMOTE)
            return core.RemoteStopTransaction.Response(status=RemoteStartStopStatus.ACCEPTED)
    return core.RemoteStopTransaction.Response(status=RemoteStartStopStatus.REJECTED)


def on_unlock_connector(turn: Turn, request: core.UnlockConnector.Request) -> core.UnlockConnector.Response:
    """A running transaction is stopped first; no lock, or no such connector: NotSupported."""
    connector = turn.outlet(request.connector_id)
    if connector is None or connector.socket is None or connector.socket.type.is_cable_fixed:
        return core.UnlockConnector.Response(status=UnlockStatus.NOT_SUPPORTED)
    transactions.stop(turn, connector, Reason.UNLOCK_COMMAND)
    if connector.socket.lock_is_stuck:
        return core.UnlockConnector.Response(status=UnlockStatus.UNLOCK_FAILED)
    connector.socket.is_locked = False
    return core.UnlockConnector.Response(status=UnlockStatus.UNLOCKED)


def on_reset(turn: Turn, request: core.Reset.Request) -> core.Reset.Response:
    """Stop every transaction, give the messages a moment to leave, restart; the rest stays in the queue."""
    link = turn.state.link
    is_soft = request.type is ResetType.SOFT
    transactions.stop_all(turn, Reason.SOFT_RESET if is_soft else Reason.HARD_RESET)
    for connector in turn.state.outlets:
        authorization.withdraw(turn, connector)
    link.resetting = request.type.value
    turn.start_timer("reset", turn.in_real(DRAIN_SOFT if is_soft else DRAIN_HARD))
    return core.Reset.Response(status=ResetStatus.ACCEPTED)


def on_data_transfer(turn: Turn, request: core.DataTransfer.Request) -> core.DataTransfer.Response:
    """No vendor extensions are known here."""
    return core.DataTransfer.Response(status=DataTransferStatus.UNKNOWN_VENDOR_ID)


def on_trigger_message(
    turn: Turn, request: remote_trigger.TriggerMessage.Request
) -> remote_trigger.TriggerMessage.Response:
    """Accepted = will be sent after this answer; a connector that is not there is Rejected."""
    trigger = TRIGGERS.get(request.requested_message.value)
    if request.requested_message.value in OF_FIRMWARE_MANAGEMENT and not configuration.offers(
        turn.state, "FirmwareManagement"
    ):
        trigger = None
    if trigger is None:
        return remote_trigger.TriggerMessage.Response(status=TriggerMessageStatus.NOT_IMPLEMENTED)
    is_sent = trigger(turn, request.connector_id)
    status = TriggerMessageStatus.ACCEPTED if is_sent else TriggerMessageStatus.REJECTED
    return remote_trigger.TriggerMessage.Response(status=status)


def on_extended_trigger_message(
    turn: Turn, request: security.ExtendedTriggerMessage.Request
) -> security.ExtendedTriggerMessage.Response:
    """As TriggerMessage, but firmware means the signed kind."""
    configuration.demand(turn.state, security.PROFILE)
    trigger = EXTENDED_TRIGGERS.get(request.requested_message.value)
    status = security.TriggerMessageStatusEnumType
    if trigger is None:
        return security.ExtendedTriggerMessage.Response(status=status.NOT_IMPLEMENTED)
    is_sent = trigger(turn, request.connector_id)
    return security.ExtendedTriggerMessage.Response(status=status.ACCEPTED if is_sent else status.REJECTED)


def _trigger_boot(turn: Turn, number: int | None) -> bool:
    """Not once accepted (errata 3.35 and 3.40)."""
    if turn.state.link.registration is Registration.ACCEPTED:
        return False
    registration.send_boot(turn, is_triggered=True)
    return True


def _trigger_heartbeat(turn: Turn, number: int | None) -> bool:
    registration.send_heartbeat(turn, is_triggered=True)
    return True


def _trigger_status(turn: Turn, number: int | None) -> bool:
    concerned = turn.state.connectors if number is None else [turn.connector(number)]
    for connector in concerned:
        if connector is None:
            return False
        availability.notify(turn, connector, is_triggered=True)
    return True


def _trigger_meter_values(turn: Turn, number: int | None) -> bool:
    concerned = turn.state.outlets if number is None else [turn.connector(number)]
    for connector in concerned:
        if connector is None:
            return False
        metering.report_triggered(turn, connector)
    return True


def _connector_for(turn: Turn, number: int | None, id_token: str) -> Connector | None:
    """The connector for a remote start: the one named, else the best one, but none kept for others."""
    outlets = turn.state.outlets if number is None else [turn.outlet(number)]
    best = authorization.best_of(turn, [c for c in outlets if c is not None], id_token)
    info, _ = tokens.look_up(turn, id_token)
    parent = info.parent if info is not None else None
    return best if best is not None and reservations.may_use(turn, best, id_token, parent) else None


def is_drained(turn: Turn) -> bool:
    """Has everything left that a reset waits for?"""
    traffic = turn.state.traffic
    return traffic.pending is None and not traffic.waiting and not traffic.queue


Trigger = Callable[[Turn, int | None], bool]

ALL_TRIGGERS: dict[str, Trigger] = {
    "BootNotification": _trigger_boot,
    "Heartbeat": _trigger_heartbeat,
    "StatusNotification": _trigger_status,
    "MeterValues": _trigger_meter_values,
}
TRIGGERS: dict[str, Trigger] = {
    **ALL_TRIGGERS,
    "FirmwareStatusNotification": firmware.trigger,
    "DiagnosticsStatusNotification": log_upload.trigger_diagnostics,
}
OF_FIRMWARE_MANAGEMENT = frozenset({"FirmwareStatusNotification", "DiagnosticsStatusNotification"})
EXTENDED_TRIGGERS: dict[str, Trigger] = {
    **ALL_TRIGGERS,
    "FirmwareStatusNotification": firmware.trigger_signed,
    "LogStatusNotification": log_upload.trigger_log,
    "SignChargePointCertificate": station_certificate.trigger,
}

HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {
    "RemoteStartTransaction": on_remote_start,
    "RemoteStopTransaction": on_remote_stop,
    "UnlockConnector": on_unlock_connector,
    "Reset": on_reset,
    "DataTransfer": on_data_transfer,
    "TriggerMessage": on_trigger_message,
    "ExtendedTriggerMessage": on_extended_trigger_message,
}
