"""Refusals: what an operator may not do now, with a reason that can be shown and matched."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """Stable words for API clients; the value is the sentence for people."""

    NOT_OFFERED_BY_VERSION = "This charge point's version of OCPP has no such call."
    INVALID_PARAMETERS = "A parameter is missing, unknown or not valid."
    UNKNOWN_CHARGE_POINT = "There is no charge point with this identity."
    UNKNOWN_TRANSACTION = "There is no such transaction at this charge point."
    TRANSACTION_NOT_RUNNING = "The transaction has ended already."
    UNKNOWN_CONNECTOR = "This charge point has no such connector."
    CONNECTOR_OUT_OF_ORDER = "The connector is out of order or out of service."
    UNKNOWN_COMMAND = "There is no such command."
    SECRET_SETTING = "Secrets are not set this way, because the event log would keep them."
    SECRET = "It holds a secret, which the event log would keep."
    IDEMPOTENCY_KEY_REUSED = "This Idempotency-Key was used for another request."
    EXPIRED = "The time by which it should be done has passed already."
    ALREADY_SENT = "The command was sent already."
    ALREADY_FINISHED = "The command is finished already."
    ALREADY_EXISTS = "There is one already."
    PASSWORD_NEEDED = "This security profile needs a password, and none is set."


class Refused(Exception):
    """A request was refused and nothing was written.

    detail: names the thing and the value, for example "connector 3: this charge point has 2".
    member: the parameter that is to blame, when it is one.
    """

    def __init__(self, reason: Reason, detail: str = "", *, member: str = "") -> None:
        super().__init__(f"{reason.value} {detail}".strip())
        self.reason = reason
        self.detail = detail
        self.member = member
