"""What a charge point asks, and what can be decided, in words that every version of OCPP shares.

A question is asked by an inbound call; exactly one function decides it (`gateway/answers.py`); the
dialect renders the decision as the response of its version.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Question:
    """id_token_member names the member that holds an id token to be looked up before the decision."""

    id_token_member: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class WhatTimeIsIt(Question):
    """Decided as an aware datetime in UTC."""


@dataclass(frozen=True, slots=True)
class MayRegister(Question):
    """Decided as a Registration."""


@dataclass(frozen=True, slots=True)
class Registration:
    """status: Accepted, Pending or Rejected. interval_s: heartbeat interval, or wait before the next boot."""

    status: str
    now: datetime
    interval_s: int


@dataclass(frozen=True, slots=True)
class MayCharge(Question):
    """Decided as a Verdict."""

    id_token: str
    id_token_member: ClassVar[str] = "id_token"


@dataclass(frozen=True, slots=True)
class Verdict:
    """status: Accepted, Blocked, Expired, Invalid or ConcurrentTx (the standard's AuthorizationStatus)."""

    status: str
    expires_at: datetime | None = None
    parent: str = ""


@dataclass(frozen=True, slots=True)
class BeginTransaction(Question):
    """Decided as a Begun. The start has happened already: only its id and verdict are decided."""

    evse: int
    connector: int
    id_token: str
    meter_start_wh: int
    happened_at: datetime
    id_token_member: ClassVar[str] = "id_token"


@dataclass(frozen=True, slots=True)
class Begun:
    transaction_id: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class EndTransaction(Question):
    """Decided as a Verdict for the token that stopped it, or None when none was presented."""

    transaction_id: str
    id_token: str
    happened_at: datetime
    id_token_member: ClassVar[str] = "id_token"


@dataclass(frozen=True, slots=True)
class RecordMeterValues(Question):
    """Nothing is decided; asked so that the transaction it belongs to is at hand when it is recorded."""

    transaction_id: str


@dataclass(frozen=True, slots=True)
class ReceiveData(Question):
    """Vendor data; decided as a DataReceipt."""

    vendor_id: str
    message_id: str
    data: str | None


@dataclass(frozen=True, slots=True)
class DataReceipt:
    """status: Accepted, Rejected, UnknownMessageId or UnknownVendorId."""

    status: str
    data: str | None = None
