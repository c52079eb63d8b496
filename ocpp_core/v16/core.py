"""Core profile of OCPP 1.6: boot, authorization, transactions, status, settings, remote start and stop."""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from ocpp_core.action import BOTH, CENTRAL_SYSTEM, CHARGE_POINT, Action, Queued
from ocpp_core.payload import CiString20, CiString25, CiString50, CiString255, CiString500, Payload, Timestamp
from ocpp_core.v16.types import ChargingProfile, IdTag, IdTagInfo, MeterValue

PROFILE: Final = "Core"


class Authorize(Action, sent_by=CHARGE_POINT, source="1.6 4.1"):
    class Request(Payload):
        id_tag: IdTag

    class Response(Payload):
        id_tag_info: IdTagInfo


class RegistrationStatus(StrEnum):
    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class BootNotification(Action, sent_by=CHARGE_POINT, before_accepted=True, source="1.6 4.2"):
    class Request(Payload):
        charge_point_vendor: CiString20
        charge_point_model: CiString20
        charge_point_serial_number: CiString25 | None = None
        charge_box_serial_number: CiString25 | None = None
        firmware_version: CiString50 | None = None
        iccid: CiString20 | None = None
        imsi: CiString20 | None = None
        meter_type: CiString25 | None = None
        meter_serial_number: CiString25 | None = None

    class Response(Payload):
        status: RegistrationStatus
        current_time: Timestamp
        interval: int


class AvailabilityType(StrEnum):
    INOPERATIVE = "Inoperative"
    OPERATIVE = "Operative"


class AvailabilityStatus(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class ChangeAvailability(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.2"):
    class Request(Payload):
        connector_id: int
        type: AvailabilityType

    class Response(Payload):
        status: AvailabilityStatus


class ConfigurationStatus(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    REBOOT_REQUIRED = "RebootRequired"
    NOT_SUPPORTED = "NotSupported"


class ChangeConfiguration(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.3"):
    class Request(Payload):
        key: CiString50
        value: CiString500

    class Response(Payload):
        status: ConfigurationStatus


class ClearCacheStatus(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ClearCache(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.4"):
    class Request(Payload): ...

    class Response(Payload):
        status: ClearCacheStatus


class DataTransferStatus(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE_ID = "UnknownMessageId"
    UNKNOWN_VENDOR_ID = "UnknownVendorId"


class DataTransfer(Action, sent_by=BOTH, source="1.6 4.3, 5.6"):
    class Request(Payload):
        vendor_id: CiString255
        message_id: CiString50 | None = None
        data: str | None = None

    class Response(Payload):
        status: DataTransferStatus
        data: str | None = None


class ConfigurationKey(Payload):
    key: CiString50
    readonly: bool
    value: CiString500 | None = None


class GetConfiguration(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.8"):
    class Request(Payload):
        key: tuple[CiString50, ...] | None = None

    class Response(Payload):
        configuration_key: tuple[ConfigurationKey, ...] | None = None
        unknown_key: tuple[CiString50, ...] | None = None


class Heartbeat(Action, sent_by=CHARGE_POINT, source="1.6 4.6"):
    class Request(Payload): ...

    class Response(Payload):
        current_time: Timestamp


class MeterValues(Action, sent_by=CHARGE_POINT, queued_offline=Queued.TRANSACTION, source="1.6 4.7"):
    class Request(Payload):
        connector_id: int
        transaction_id: int | None = None
        meter_value: Annotated[tuple[MeterValue, ...], Meta(min_length=1)]

    class Response(Payload): ...


class RemoteStartStopStatus(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class RemoteStartTransaction(Action, sent_by=CENTRAL_SYSTEM, source="1.6 5.11"):
    class Request(Payload):
        connector_id: int | None = None
        id_tag: IdTag
        charging_profile: ChargingProfile | None = None

    class Response(Payload):
        status: RemoteStartStopStatus


class RemoteStopTransaction(Action, sent_by=CENTRAL_SYSTEM, source="1.6 5.12"):
    class Request(Payload):
        transaction_id: int

    class Response(Payload):
        status: RemoteStartStopStatus


class ResetType(StrEnum):
    HARD = "Hard"
    SOFT = "Soft"


class ResetStatus(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class Reset(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.14"):
    class Request(Payload):
        type: ResetType

    class Response(Payload):
        status: ResetStatus


class StartTransaction(Action, sent_by=CHARGE_POINT, queued_offline=Queued.TRANSACTION, source="1.6 4.8"):
    class Request(Payload):
        connector_id: int
        id_tag: IdTag
        meter_start: int
        reservation_id: int | None = None
        timestamp: Timestamp

    class Response(Payload):
        id_tag_info: IdTagInfo
        transaction_id: int


class ChargePointErrorCode(StrEnum):
    CONNECTOR_LOCK_FAILURE = "ConnectorLockFailure"
    EV_COMMUNICATION_ERROR = "EVCommunicationError"
    GROUND_FAILURE = "GroundFailure"
    HIGH_TEMPERATURE = "HighTemperature"
    INTERNAL_ERROR = "InternalError"
    LOCAL_LIST_CONFLICT = "LocalListConflict"
    NO_ERROR = "NoError"
    OTHER_ERROR = "OtherError"
    OVER_CURRENT_FAILURE = "OverCurrentFailure"
    POWER_METER_FAILURE = "PowerMeterFailure"
    POWER_SWITCH_FAILURE = "PowerSwitchFailure"
    READER_FAILURE = "ReaderFailure"
    RESET_FAILURE = "ResetFailure"
    UNDER_VOLTAGE = "UnderVoltage"
    OVER_VOLTAGE = "OverVoltage"
    WEAK_SIGNAL = "WeakSignal"


class ChargePointStatus(StrEnum):
    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class StatusNotification(Action, sent_by=CHARGE_POINT, source="1.6 4.9"):
    class Request(Payload):
        connector_id: int
        error_code: ChargePointErrorCode
        info: CiString50 | None = None
        status: ChargePointStatus
        timestamp: Timestamp | None = None
        vendor_id: CiString255 | None = None
        vendor_error_code: CiString50 | None = None

    class Response(Payload): ...


class Reason(StrEnum):
    EMERGENCY_STOP = "EmergencyStop"
    EV_DISCONNECTED = "EVDisconnected"
    HARD_RESET = "HardReset"
    LOCAL = "Local"
    OTHER = "Other"
    POWER_LOSS = "PowerLoss"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOFT_RESET = "SoftReset"
    UNLOCK_COMMAND = "UnlockCommand"
    DE_AUTHORIZED = "DeAuthorized"


class StopTransaction(Action, sent_by=CHARGE_POINT, queued_offline=Queued.TRANSACTION, source="1.6 4.10"):
    class Request(Payload):
        id_tag: IdTag | None = None
        meter_stop: int
        timestamp: Timestamp
        transaction_id: int
        reason: Reason | None = None
        transaction_data: tuple[MeterValue, ...] | None = None

    class Response(Payload):
        id_tag_info: IdTagInfo | None = None


class UnlockStatus(StrEnum):
    UNLOCKED = "Unlocked"
    UNLOCK_FAILED = "UnlockFailed"
    NOT_SUPPORTED = "NotSupported"


class UnlockConnector(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.18"):
    class Request(Payload):
        connector_id: int

    class Response(Payload):
        status: UnlockStatus
