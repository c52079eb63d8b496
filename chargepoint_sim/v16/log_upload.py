"""Logs on their way to a file server: GetDiagnostics and GetLog (section 5.9, security extension N01).

One upload at a time; a new request replaces the one under way. What a file holds: the runtime writes the
frames of the charge point for diagnostics, the security log comes from here.
"""

from collections.abc import Callable
from typing import Any

from chargepoint_sim.effects import CancelTransfer, Upload
from chargepoint_sim.inputs import Uploaded
from chargepoint_sim.v16 import configuration, delivery, security_events
from chargepoint_sim.v16.state import LogUpload
from chargepoint_sim.v16.turn import Turn, utc_of
from ocpp_core.v16 import firmware_management, security
from ocpp_core.v16.firmware_management import DiagnosticsStatus
from ocpp_core.v16.security import LogEnumType, LogStatusEnumType, UploadLogStatusEnumType

PROBLEMS = {status.value for status in UploadLogStatusEnumType}


def on_get_diagnostics(
    turn: Turn, request: firmware_management.GetDiagnostics.Request
) -> firmware_management.GetDiagnostics.Response:
    configuration.demand(turn.state, firmware_management.PROFILE)
    upload = LogUpload(
        job=turn.new_id(),
        location=request.location,
        file_name=_file_name(turn, "diagnostics"),
        oldest_utc=utc_of(request.start_time) if request.start_time is not None else None,
        latest_utc=utc_of(request.stop_time) if request.stop_time is not None else None,
        retries=max(0, request.retries or 0),
        retry_interval=max(0, request.retry_interval or 0),
    )
    _replace(turn, upload)
    return firmware_management.GetDiagnostics.Response(file_name=upload.file_name)


def on_get_log(turn: Turn, request: security.GetLog.Request) -> security.GetLog.Response:
    configuration.demand(turn.state, security.PROFILE)
    is_security = request.log_type is LogEnumType.SECURITY_LOG
    log = request.log
    upload = LogUpload(
        job=turn.new_id(),
        location=log.remote_location,
        file_name=_file_name(turn, "security" if is_security else "diagnostics"),
        oldest_utc=utc_of(log.oldest_timestamp) if log.oldest_timestamp is not None else None,
        latest_utc=utc_of(log.latest_timestamp) if log.latest_timestamp is not None else None,
        retries=max(0, request.retries or 0),
        retry_interval=max(0, request.retry_interval or 0),
        request_id=request.request_id,
        is_security=is_security,
    )
    was_running = _replace(turn, upload)
    status = LogStatusEnumType.ACCEPTED_CANCELED if was_running else LogStatusEnumType.ACCEPTED
    return security.GetLog.Response(status=status, filename=upload.file_name)


def on_uploaded(turn: Turn, input: Uploaded) -> None:
    """The outcome of an attempt; that of an upload which was replaced meanwhile is nobody's."""
    upload = turn.state.upload
    if upload is None or upload.job != input.job:
        return
    if not input.problem:
        turn.state.upload = None
        _notify(turn, upload, UploadLogStatusEnumType.UPLOADED)
        return
    turn.log(f"upload of {upload.file_name} failed: {input.problem} {input.details}".rstrip())
    if upload.retries > 0:
        upload.retries -= 1
        turn.start_timer("upload", turn.in_real(upload.retry_interval))
        return
    turn.state.upload = None
    is_known = input.problem in PROBLEMS
    status = UploadLogStatusEnumType(input.problem) if is_known else UploadLogStatusEnumType.UPLOAD_FAILURE
    _notify(turn, upload, status)


def on_timer(turn: Turn) -> None:
    """The pause before the next attempt is over."""
    if turn.state.upload is not None:
        _attempt(turn, turn.state.upload)


def trigger_diagnostics(turn: Turn, number: int | None) -> bool:
    upload = turn.state.upload
    is_ours = upload is not None and upload.request_id is None
    status = DiagnosticsStatus.UPLOADING if is_ours else DiagnosticsStatus.IDLE
    request = firmware_management.DiagnosticsStatusNotification.Request(status=status)
    delivery.call(turn, request, is_triggered=True)
    return True


def trigger_log(turn: Turn, number: int | None) -> bool:
    upload = turn.state.upload
    if upload is not None and upload.request_id is not None:
        _notify(turn, upload, UploadLogStatusEnumType.UPLOADING, is_triggered=True)
    else:
        request = security.LogStatusNotification.Request(status=UploadLogStatusEnumType.IDLE)
        delivery.call(turn, request, is_triggered=True)
    return True


def _replace(turn: Turn, upload: LogUpload) -> bool:
    """Begin an upload; returns whether another one had to give way."""
    previous, turn.state.upload = turn.state.upload, upload
    if previous is not None:
        turn.stop_timer("upload")
        turn.effects.append(CancelTransfer(previous.job))
    _notify(turn, upload, UploadLogStatusEnumType.UPLOADING)
    _attempt(turn, upload)
    return previous is not None


def _attempt(turn: Turn, upload: LogUpload) -> None:
    text = security_events.text(turn, upload.oldest_utc, upload.latest_utc) if upload.is_security else None
    turn.effects.append(
        Upload(
            job=upload.job,
            location=upload.location,
            file_name=upload.file_name,
            text=text,
            oldest_utc=upload.oldest_utc,
            latest_utc=upload.latest_utc,
        )
    )


def _notify(
    turn: Turn, upload: LogUpload, status: UploadLogStatusEnumType, *, is_triggered: bool = False
) -> None:
    """Tell how it goes, in the words of the message that asked for it."""
    request: (
        security.LogStatusNotification.Request | firmware_management.DiagnosticsStatusNotification.Request
    )
    if upload.request_id is not None:
        request = security.LogStatusNotification.Request(status=status, request_id=upload.request_id)
    else:
        in_old_words = {
            UploadLogStatusEnumType.UPLOADING: DiagnosticsStatus.UPLOADING,
            UploadLogStatusEnumType.UPLOADED: DiagnosticsStatus.UPLOADED,
        }
        request = firmware_management.DiagnosticsStatusNotification.Request(
            status=in_old_words.get(status, DiagnosticsStatus.UPLOAD_FAILED)
        )
    delivery.call(turn, request, is_triggered=is_triggered)


def _file_name(turn: Turn, kind: str) -> str:
    identity = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in turn.state.identity)
    return f"{identity[:100]}-{kind}-{turn.moment:%Y%m%dT%H%M%S}.log"


HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {
    "GetDiagnostics": on_get_diagnostics,
    "GetLog": on_get_log,
}
