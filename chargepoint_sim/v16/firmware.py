"""New firmware: fetched, checked, installed, told (section 5.19, security extension L01).

Theory. An update is in one phase at a time: it waits for its hour, is downloaded, waits until no transaction
runs, is installed, and becomes effective with a reboot. It is stored at each of them, so that a power cut
only takes back what was under way. A new request replaces the update that is not yet over.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from chargepoint_sim.effects import CancelTransfer, Download
from chargepoint_sim.inputs import Downloaded
from chargepoint_sim.v16 import certificates, configuration, delivery, security_events
from chargepoint_sim.v16.state import FirmwareUpdate, Phase, WaitingCall
from chargepoint_sim.v16.turn import Turn, utc_of
from ocpp_core.v16 import firmware_management, security
from ocpp_core.v16.firmware_management import FirmwareStatus
from ocpp_core.v16.security import FirmwareStatusEnumType as Status
from ocpp_core.v16.security import UpdateFirmwareStatusEnumType

SIGNED_ONLY = {status.value for status in Status} - {status.value for status in FirmwareStatus}
DRAIN = 30.0
"""How long (s) the messages may take to leave before the reboot into the new firmware."""


def version(turn: Turn) -> str:
    """What runs now."""
    return turn.state.firmware_version or turn.state.model.firmware


def on_update_firmware(
    turn: Turn, request: firmware_management.UpdateFirmware.Request
) -> firmware_management.UpdateFirmware.Response:
    configuration.demand(turn.state, firmware_management.PROFILE)
    update = FirmwareUpdate(
        job=turn.new_id(),
        location=request.location,
        retrieve_utc=utc_of(request.retrieve_date),
        retries=max(0, request.retries or 0),
        retry_interval=max(0, request.retry_interval or 0),
    )
    _begin(turn, update)
    return firmware_management.UpdateFirmware.Response()


def on_signed_update_firmware(
    turn: Turn, request: security.SignedUpdateFirmware.Request
) -> security.SignedUpdateFirmware.Response:
    """The certificate is looked at before anything is fetched; its signature only with the file."""
    configuration.demand(turn.state, security.PROFILE)
    firmware = request.firmware
    problem = certificates.problem(firmware.signing_certificate, turn.utc)
    if problem:
        security_events.note(turn, "InvalidFirmwareSigningCertificate", problem)
        return security.SignedUpdateFirmware.Response(status=UpdateFirmwareStatusEnumType.INVALID_CERTIFICATE)
    install = firmware.install_date_time
    update = FirmwareUpdate(
        job=turn.new_id(),
        location=firmware.location,
        retrieve_utc=utc_of(firmware.retrieve_date_time),
        install_utc=utc_of(install) if install is not None else None,
        retries=max(0, request.retries or 0),
        retry_interval=max(0, request.retry_interval or 0),
        request_id=request.request_id,
        signing_certificate=firmware.signing_certificate,
        signature=firmware.signature,
    )
    was_running = _begin(turn, update)
    status = UpdateFirmwareStatusEnumType
    return security.SignedUpdateFirmware.Response(
        status=status.ACCEPTED_CANCELED if was_running else status.ACCEPTED
    )


def on_downloaded(turn: Turn, input: Downloaded) -> None:
    """The outcome of an attempt; that of an update which was replaced meanwhile is nobody's."""
    update = turn.state.firmware
    if update is None or update.job != input.job or update.phase is not Phase.DOWNLOADING:
        return
    if input.problem:
        turn.log(f"firmware not fetched: {input.problem}")
        if update.retries > 0:
            update.retries -= 1
            update.phase = Phase.SCHEDULED
            turn.touch("firmware")
            turn.start_timer("firmware", turn.in_real(update.retry_interval))
        else:
            _over(turn, update, Status.DOWNLOAD_FAILED)
        return
    update.version, update.is_broken = input.version, input.is_broken
    _notify(turn, update, Status.DOWNLOADED)
    if update.request_id is not None:
        if not input.is_genuine:
            security_events.note(turn, "InvalidFirmwareSignature", update.location)
            _over(turn, update, Status.INVALID_SIGNATURE)
            return
        _notify(turn, update, Status.SIGNATURE_VERIFIED)
    update.phase = Phase.READY
    if update.install_utc is not None and update.install_utc > turn.utc:
        _notify(turn, update, Status.INSTALL_SCHEDULED)
        turn.start_timer("firmware", turn.in_real(update.install_utc - turn.utc))


def on_timer(turn: Turn) -> None:
    update = turn.state.firmware
    if update is None:
        return
    if update.phase is Phase.SCHEDULED:
        _download(turn, update)
    elif update.phase is Phase.INSTALLING:
        _installed(turn, update)


def proceed(turn: Turn) -> None:
    """Install when it is time and nobody charges; until the reboot nobody else may begin."""
    update = turn.state.firmware
    is_held = update is not None and update.phase in (Phase.READY, Phase.INSTALLING, Phase.REBOOTING)
    if update is not None and update.phase is Phase.READY and (update.install_utc or 0.0) > turn.utc:
        is_held = False
    for connector in turn.state.outlets:
        connector.is_held = is_held and connector.transaction is None
        if connector.is_held:
            connector.authorization = None
    if (
        update is not None
        and is_held
        and update.phase is Phase.READY
        and all(connector.transaction is None for connector in turn.state.outlets)
    ):
        update.phase = Phase.INSTALLING
        _notify(turn, update, Status.INSTALLING)
        turn.start_timer("firmware", turn.now + turn.state.model.install_seconds)


def resume(turn: Turn) -> None:
    """After a start-up: go on where the power went."""
    update = turn.state.firmware
    if update is None:
        return
    match update.phase:
        case Phase.SCHEDULED | Phase.DOWNLOADING:
            update.phase = Phase.SCHEDULED
            turn.start_timer("firmware", turn.in_real(max(1.0, update.retrieve_utc - turn.utc)))
        case Phase.INSTALLING:
            turn.start_timer("firmware", turn.now + turn.state.model.install_seconds)
        case Phase.READY if update.install_utc is not None:
            turn.start_timer("firmware", turn.in_real(max(1.0, update.install_utc - turn.utc)))
        case Phase.REBOOTING:
            _over(turn, update, Status.INSTALLED)
            security_events.note(turn, "FirmwareUpdated", version(turn))


def tell(turn: Turn) -> None:
    """Online again: the latest status, if the central system has not heard it."""
    update = turn.state.firmware
    if update is not None and not update.is_told and update.status and not _is_in_line(turn):
        _send(turn, update)


def on_told(turn: Turn, call: WaitingCall, response: object) -> None:
    update = turn.state.firmware
    told = msgspec.json.decode(call.payload, type=dict[str, object])
    if update is not None and not update.is_told and told.get("status") == update.status:
        update.is_told = True
        turn.touch("firmware")


def trigger(turn: Turn, number: int | None) -> bool:
    """What runs now; Idle when nothing does."""
    update = turn.state.firmware
    status = FirmwareStatus.IDLE
    if update is not None and update.request_id is None and update.phase is not Phase.OVER and update.status:
        status = FirmwareStatus(update.status)
    delivery.call(
        turn, firmware_management.FirmwareStatusNotification.Request(status=status), is_triggered=True
    )
    return True


def trigger_signed(turn: Turn, number: int | None) -> bool:
    """The last status, also of a failure; Idle when the last one was Installed."""
    update = turn.state.firmware
    request = security.SignedFirmwareStatusNotification.Request(status=Status.IDLE)
    if update is not None and update.request_id is not None and update.status not in ("", Status.INSTALLED):
        request = security.SignedFirmwareStatusNotification.Request(
            status=Status(update.status), request_id=update.request_id
        )
    delivery.call(turn, request, is_triggered=True)
    return True


def _begin(turn: Turn, update: FirmwareUpdate) -> bool:
    """Take an update on; returns whether another one had to give way."""
    previous, turn.state.firmware = turn.state.firmware, update
    was_running = previous is not None and previous.phase is not Phase.OVER
    if previous is not None and was_running:
        turn.stop_timer("firmware")
        turn.effects.append(CancelTransfer(previous.job))
    turn.touch("firmware")
    if update.retrieve_utc > turn.utc:
        if update.request_id is not None:
            _notify(turn, update, Status.DOWNLOAD_SCHEDULED)
        turn.start_timer("firmware", turn.in_real(update.retrieve_utc - turn.utc))
    else:
        _download(turn, update)
    return was_running


def _download(turn: Turn, update: FirmwareUpdate) -> None:
    update.phase = Phase.DOWNLOADING
    if update.status != Status.DOWNLOADING:
        _notify(turn, update, Status.DOWNLOADING)
    turn.touch("firmware")
    turn.effects.append(
        Download(
            job=update.job,
            location=update.location,
            signing_certificate=update.signing_certificate,
            signature=update.signature,
            roots=tuple(certificates.installed(turn.state, "ManufacturerRootCertificate")),
        )
    )


def _installed(turn: Turn, update: FirmwareUpdate) -> None:
    """The installation is through: into the new firmware by a reboot, or back to work with the old one."""
    if update.is_broken:
        _over(turn, update, Status.INSTALLATION_FAILED)
        return
    turn.state.firmware_version = update.version
    update.phase = Phase.REBOOTING
    if update.request_id is not None:
        _notify(turn, update, Status.INSTALL_REBOOTING)
    turn.touch("firmware")
    turn.state.link.resetting = "Soft"
    turn.start_timer("reset", turn.in_real(DRAIN))


def _over(turn: Turn, update: FirmwareUpdate, status: Status) -> None:
    update.phase = Phase.OVER
    _notify(turn, update, status)


def _notify(turn: Turn, update: FirmwareUpdate, status: Status) -> None:
    """Each step is told; who was away hears the latest (`tell`)."""
    if update.request_id is None and status.value in SIGNED_ONLY:
        return
    update.status, update.is_told = status.value, False
    turn.touch("firmware")
    if turn.state.is_online:
        _send(turn, update)


def _send(turn: Turn, update: FirmwareUpdate) -> None:
    request: (
        security.SignedFirmwareStatusNotification.Request
        | firmware_management.FirmwareStatusNotification.Request
    )
    if update.request_id is not None:
        request = security.SignedFirmwareStatusNotification.Request(
            status=Status(update.status), request_id=update.request_id
        )
    else:
        request = firmware_management.FirmwareStatusNotification.Request(status=FirmwareStatus(update.status))
    delivery.call(turn, request)


def _is_in_line(turn: Turn) -> bool:
    names = ("FirmwareStatusNotification", "SignedFirmwareStatusNotification")
    return any(delivery.is_on_its_way(turn, name) for name in names)


HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {
    "UpdateFirmware": on_update_firmware,
    "SignedUpdateFirmware": on_signed_update_firmware,
}
RESULTS: dict[str, Callable[[Turn, WaitingCall, Any], None]] = {
    "FirmwareStatusNotification": on_told,
    "SignedFirmwareStatusNotification": on_told,
}
