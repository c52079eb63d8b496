"""Firmware Management profile of OCPP 1.6: unsigned firmware and diagnostics."""

from enum import StrEnum
from typing import Final

from ocpp_core.action import CENTRAL_SYSTEM, CHARGE_POINT, Action
from ocpp_core.payload import CiString255, Payload, Timestamp

PROFILE: Final = "FirmwareManagement"


class GetDiagnostics(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.9"):
    class Request(Payload):
        location: str
        retries: int | None = None
        retry_interval: int | None = None
        start_time: Timestamp | None = None
        stop_time: Timestamp | None = None

    class Response(Payload):
        file_name: CiString255 | None = None


class DiagnosticsStatus(StrEnum):
    IDLE = "Idle"
    UPLOADED = "Uploaded"
    UPLOAD_FAILED = "UploadFailed"
    UPLOADING = "Uploading"


class DiagnosticsStatusNotification(Action, sent_by=CHARGE_POINT, source="1.6 4.4"):
    class Request(Payload):
        status: DiagnosticsStatus

    class Response(Payload): ...


class FirmwareStatus(StrEnum):
    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOADING = "Downloading"
    IDLE = "Idle"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALLING = "Installing"
    INSTALLED = "Installed"


class FirmwareStatusNotification(Action, sent_by=CHARGE_POINT, source="1.6 4.5"):
    class Request(Payload):
        status: FirmwareStatus

    class Response(Payload): ...


class UpdateFirmware(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.19"):
    class Request(Payload):
        location: str
        retries: int | None = None
        retrieve_date: Timestamp
        retry_interval: int | None = None

    class Response(Payload): ...
