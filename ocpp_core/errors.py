"""What can go wrong, as a tree.

OcppError
├── LocalProtocolError      we tried what OCPP forbids: our bug, never sent, never caught broadly
├── RemoteProtocolError     the peer broke OCPP: .violation, .unique_id (None = cannot be answered)
│   └── PayloadError        a frame was readable, its payload is not what the action asks for
└── CallFailed              our call got no result
    ├── CallRefused         CALLERROR: .code .description .details
    ├── CallExpired         no answer before the deadline
    └── ConnectionLost      the connection ended first
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

DESCRIPTION_LIMIT: Final = 255
"""Longest errorDescription we send (OCPP-J 2.x says 255; 1.6 gives no bound)."""


class Violation(Enum):
    """What a CALLERROR complains about. Each OCPP version spells it in its own ERROR_CODES."""

    NOT_IMPLEMENTED = "not implemented"
    """The action is not known."""
    NOT_SUPPORTED = "not supported"
    """The action is known but not offered."""
    INTERNAL_ERROR = "internal error"
    PROTOCOL_ERROR = "protocol error"
    SECURITY_ERROR = "security error"
    FORMATION = "formation"
    """The payload is not built as the action says: no object, or an unknown member."""
    PROPERTY_CONSTRAINT = "property constraint"
    """A member has a value outside its range, enumeration, length or format."""
    OCCURRENCE_CONSTRAINT = "occurrence constraint"
    """A required member is missing, or a list is too short or too long."""
    TYPE_CONSTRAINT = "type constraint"
    """A member has another JSON type."""
    GENERIC = "generic"


class Rejection(Enum):
    """Why a frame was not taken, finer than the violation that an answer may name."""

    NOT_JSON = "not JSON"
    NOT_A_FRAME = "not a frame"
    """JSON, but no array that starts with a message type and has a readable message id."""
    UNKNOWN_MESSAGE_TYPE = "unknown message type"
    """1.6 ignores such a frame."""
    BAD_CALL = "bad call"
    """A CALL of wrong shape, its id readable."""
    BAD_ANSWER = "bad answer"
    """A CALLRESULT or CALLERROR of wrong shape, its id readable."""
    UNKNOWN_ACTION = "unknown action"
    WRONG_DIRECTION = "wrong direction"
    """The action exists, but not from this side."""
    BAD_PAYLOAD = "bad payload"


class OcppError(Exception):
    """Root of everything this package raises on purpose."""


class LocalProtocolError(OcppError):
    """We tried what OCPP forbids. Nothing was sent and no state has changed."""


class RemoteProtocolError(OcppError):
    """The peer sent what OCPP forbids.

    violation: what a CALLERROR would name.    rejection: what exactly was refused.
    unique_id: of the frame, None when it cannot be read.    is_answer: it was a CALLRESULT or CALLERROR.
    description: one line of at most 255 characters that names the place and the value.    details: JSON.
    """

    def __init__(
        self,
        violation: Violation,
        description: str,
        *,
        rejection: Rejection,
        unique_id: str | None = None,
        is_answer: bool = False,
        action_name: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(description)
        self.violation = violation
        self.description = tidy(description)
        self.rejection = rejection
        self.unique_id = unique_id
        self.is_answer = is_answer
        self.action_name = action_name
        self.details: dict[str, Any] = dict(details or {})

    @property
    def is_answerable(self) -> bool:
        """May a CALLERROR be sent for it?"""
        return self.unique_id is not None and not self.is_answer


class PayloadError(RemoteProtocolError):
    """A payload that its action does not allow."""

    def __init__(self, violation: Violation, description: str) -> None:
        super().__init__(violation, description, rejection=Rejection.BAD_PAYLOAD)


class CallFailed(OcppError):
    """Our call got no result."""


class CallRefused(CallFailed):
    """The peer answered with a CALLERROR. code: its text as received."""

    def __init__(self, code: str, description: str = "", details: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description
        self.details: dict[str, Any] = dict(details or {})


class CallExpired(CallFailed):
    """No answer came before the deadline."""


class ConnectionLost(CallFailed):
    """The connection ended before an answer came."""


def tidy(text: str) -> str:
    """Fit `text` for an errorDescription and any database: one line, 255 legal characters at most."""
    legal = text.replace("\0", "\ufffd").encode(errors="replace").decode()
    return " ".join(legal.split())[:DESCRIPTION_LIMIT]


def violation_of(code: str) -> Violation:
    """Read an error code in the spelling of any OCPP version; an unknown one is GENERIC."""
    return _VIOLATIONS.get(code, Violation.GENERIC)


_VIOLATIONS: Final = {
    "NotImplemented": Violation.NOT_IMPLEMENTED,
    "NotSupported": Violation.NOT_SUPPORTED,
    "InternalError": Violation.INTERNAL_ERROR,
    "ProtocolError": Violation.PROTOCOL_ERROR,
    "SecurityError": Violation.SECURITY_ERROR,
    "FormationViolation": Violation.FORMATION,  # 1.6
    "FormatViolation": Violation.FORMATION,  # 2.0.1, 2.1
    "PropertyConstraintViolation": Violation.PROPERTY_CONSTRAINT,
    "OccurenceConstraintViolation": Violation.OCCURRENCE_CONSTRAINT,  # 1.6, spelled as printed there
    "OccurrenceConstraintViolation": Violation.OCCURRENCE_CONSTRAINT,  # 2.0.1, 2.1
    "TypeConstraintViolation": Violation.TYPE_CONSTRAINT,
    "GenericError": Violation.GENERIC,
    "MessageTypeNotSupported": Violation.NOT_SUPPORTED,  # 2.0.1, 2.1
    "RpcFrameworkError": Violation.PROTOCOL_ERROR,  # 2.0.1, 2.1
}
