"""Security extension of OCPP 1.6 (its whitepaper): certificates, triggers, logs, events, signed firmware."""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from ocpp_core.action import CENTRAL_SYSTEM, CHARGE_POINT, Action, Queued
from ocpp_core.payload import CiString50, CiString255, Payload, Timestamp

PROFILE: Final = "Security"

PemCertificate = Annotated[str, Meta(max_length=5500)]
Url = Annotated[str, Meta(max_length=512)]


# Certificates


class CertificateSignedStatusEnumType(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class CertificateSigned(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 security A02"):
    class Request(Payload):
        certificate_chain: Annotated[str, Meta(max_length=10000)]

    class Response(Payload):
        status: CertificateSignedStatusEnumType


class HashAlgorithmEnumType(StrEnum):
    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class CertificateHashDataType(Payload):
    hash_algorithm: HashAlgorithmEnumType
    issuer_name_hash: Annotated[str, Meta(max_length=128)]
    issuer_key_hash: Annotated[str, Meta(max_length=128)]
    serial_number: Annotated[str, Meta(max_length=40)]


class DeleteCertificateStatusEnumType(StrEnum):
    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_FOUND = "NotFound"


class DeleteCertificate(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 security M04"):
    class Request(Payload):
        certificate_hash_data: CertificateHashDataType

    class Response(Payload):
        status: DeleteCertificateStatusEnumType


class CertificateUseEnumType(StrEnum):
    CENTRAL_SYSTEM_ROOT_CERTIFICATE = "CentralSystemRootCertificate"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"


class GetInstalledCertificateStatusEnumType(StrEnum):
    ACCEPTED = "Accepted"
    NOT_FOUND = "NotFound"


class GetInstalledCertificateIds(
    Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 security M03"
):
    class Request(Payload):
        certificate_type: CertificateUseEnumType

    class Response(Payload):
        certificate_hash_data: Annotated[tuple[CertificateHashDataType, ...], Meta(min_length=1)] | None = (
            None
        )
        status: GetInstalledCertificateStatusEnumType


class InstallCertificateStatusEnumType(StrEnum):
    ACCEPTED = "Accepted"
    FAILED = "Failed"
    REJECTED = "Rejected"


class InstallCertificate(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 security M05"):
    class Request(Payload):
        certificate_type: CertificateUseEnumType
        certificate: PemCertificate

    class Response(Payload):
        status: InstallCertificateStatusEnumType


class GenericStatusEnumType(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class SignCertificate(Action, sent_by=CHARGE_POINT, source="1.6 security A02"):
    class Request(Payload):
        csr: Annotated[str, Meta(max_length=5500)]

    class Response(Payload):
        status: GenericStatusEnumType


# Triggers


class MessageTriggerEnumType(StrEnum):
    BOOT_NOTIFICATION = "BootNotification"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    SIGN_CHARGE_POINT_CERTIFICATE = "SignChargePointCertificate"
    STATUS_NOTIFICATION = "StatusNotification"


class TriggerMessageStatusEnumType(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_IMPLEMENTED = "NotImplemented"


class ExtendedTriggerMessage(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 security A02"):
    class Request(Payload):
        requested_message: MessageTriggerEnumType
        connector_id: int | None = None

    class Response(Payload):
        status: TriggerMessageStatusEnumType


# Logs and events


class LogParametersType(Payload):
    remote_location: Url
    oldest_timestamp: Timestamp | None = None
    latest_timestamp: Timestamp | None = None


class LogEnumType(StrEnum):
    DIAGNOSTICS_LOG = "DiagnosticsLog"
    SECURITY_LOG = "SecurityLog"


class LogStatusEnumType(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"


class GetLog(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 security N01"):
    class Request(Payload):
        log: LogParametersType
        log_type: LogEnumType
        request_id: int
        retries: int | None = None
        retry_interval: int | None = None

    class Response(Payload):
        status: LogStatusEnumType
        filename: CiString255 | None = None


class UploadLogStatusEnumType(StrEnum):
    BAD_MESSAGE = "BadMessage"
    IDLE = "Idle"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    PERMISSION_DENIED = "PermissionDenied"
    UPLOADED = "Uploaded"
    UPLOAD_FAILURE = "UploadFailure"
    UPLOADING = "Uploading"


class LogStatusNotification(Action, sent_by=CHARGE_POINT, source="1.6 security N01"):
    class Request(Payload):
        status: UploadLogStatusEnumType
        request_id: int | None = None

    class Response(Payload): ...


class SecurityEventNotification(
    Action, sent_by=CHARGE_POINT, queued_offline=Queued.GUARANTEED, source="1.6 security A04"
):
    class Request(Payload):
        type: CiString50
        timestamp: Timestamp
        tech_info: CiString255 | None = None

    class Response(Payload): ...


# Signed firmware


class FirmwareStatusEnumType(StrEnum):
    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOADING = "Downloading"
    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOAD_PAUSED = "DownloadPaused"
    IDLE = "Idle"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALLING = "Installing"
    INSTALLED = "Installed"
    INSTALL_REBOOTING = "InstallRebooting"
    INSTALL_SCHEDULED = "InstallScheduled"
    INSTALL_VERIFICATION_FAILED = "InstallVerificationFailed"
    INVALID_SIGNATURE = "InvalidSignature"
    SIGNATURE_VERIFIED = "SignatureVerified"


class SignedFirmwareStatusNotification(Action, sent_by=CHARGE_POINT, source="1.6 security L01"):
    class Request(Payload):
        status: FirmwareStatusEnumType
        request_id: int | None = None

    class Response(Payload): ...


class FirmwareType(Payload):
    location: Url
    retrieve_date_time: Timestamp
    install_date_time: Timestamp | None = None
    signing_certificate: PemCertificate
    signature: Annotated[str, Meta(max_length=800)]


class UpdateFirmwareStatusEnumType(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    INVALID_CERTIFICATE = "InvalidCertificate"
    REVOKED_CERTIFICATE = "RevokedCertificate"


class SignedUpdateFirmware(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 security L01"):
    class Request(Payload):
        retries: int | None = None
        retry_interval: int | None = None
        request_id: int
        firmware: FirmwareType

    class Response(Payload):
        status: UpdateFirmwareStatusEnumType
