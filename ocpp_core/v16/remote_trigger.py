"""Remote Trigger profile of OCPP 1.6."""

from enum import StrEnum
from typing import Final

from ocpp_core.action import CENTRAL_SYSTEM, Action
from ocpp_core.payload import Payload

PROFILE: Final = "RemoteTrigger"


class MessageTrigger(StrEnum):
    BOOT_NOTIFICATION = "BootNotification"
    DIAGNOSTICS_STATUS_NOTIFICATION = "DiagnosticsStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    STATUS_NOTIFICATION = "StatusNotification"


class TriggerMessageStatus(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_IMPLEMENTED = "NotImplemented"


class TriggerMessage(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.17"):
    class Request(Payload):
        requested_message: MessageTrigger
        connector_id: int | None = None

    class Response(Payload):
        status: TriggerMessageStatus
