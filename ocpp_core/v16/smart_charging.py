"""Smart Charging profile of OCPP 1.6."""

from enum import StrEnum
from typing import Final

from ocpp_core.action import CENTRAL_SYSTEM, Action
from ocpp_core.payload import Payload, Timestamp
from ocpp_core.v16.types import (
    ChargingProfile,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
    ChargingSchedule,
)

PROFILE: Final = "SmartCharging"


class ClearChargingProfileStatus(StrEnum):
    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class ClearChargingProfile(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.5"):
    class Request(Payload):
        id: int | None = None
        connector_id: int | None = None
        charging_profile_purpose: ChargingProfilePurposeType | None = None
        stack_level: int | None = None

    class Response(Payload):
        status: ClearChargingProfileStatus


class GetCompositeScheduleStatus(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class GetCompositeSchedule(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.7"):
    class Request(Payload):
        connector_id: int
        duration: int
        charging_rate_unit: ChargingRateUnitType | None = None

    class Response(Payload):
        status: GetCompositeScheduleStatus
        connector_id: int | None = None
        schedule_start: Timestamp | None = None
        charging_schedule: ChargingSchedule | None = None


class ChargingProfileStatus(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"


class SetChargingProfile(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.16"):
    class Request(Payload):
        connector_id: int
        cs_charging_profiles: ChargingProfile

    class Response(Payload):
        status: ChargingProfileStatus
