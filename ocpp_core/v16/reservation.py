"""Reservation profile of OCPP 1.6."""

from enum import StrEnum
from typing import Final

from ocpp_core.action import CENTRAL_SYSTEM, Action
from ocpp_core.payload import Payload, Timestamp
from ocpp_core.v16.types import IdTag

PROFILE: Final = "Reservation"


class CancelReservationStatus(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class CancelReservation(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.1"):
    class Request(Payload):
        reservation_id: int

    class Response(Payload):
        status: CancelReservationStatus


class ReservationStatus(StrEnum):
    ACCEPTED = "Accepted"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"
    REJECTED = "Rejected"
    UNAVAILABLE = "Unavailable"


class ReserveNow(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.13"):
    class Request(Payload):
        connector_id: int
        expiry_date: Timestamp
        id_tag: IdTag
        parent_id_tag: IdTag | None = None
        reservation_id: int

    class Response(Payload):
        status: ReservationStatus
