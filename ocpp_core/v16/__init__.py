"""OCPP 1.6 edition 2 with its security extension: 28 + 11 actions."""

from typing import Final

from ocpp_core.action import Catalogue
from ocpp_core.errors import Violation
from ocpp_core.v16 import (
    core,
    firmware_management,
    local_auth_list,
    remote_trigger,
    reservation,
    security,
    smart_charging,
)

SUBPROTOCOL: Final = "ocpp1.6"

CATALOGUE: Final = Catalogue(
    SUBPROTOCOL,
    core,
    firmware_management,
    local_auth_list,
    reservation,
    smart_charging,
    remote_trigger,
    security,
)

ERROR_CODES: Final[dict[Violation, str]] = {  # OCPP-J 1.6 table 7, spelled as printed there
    Violation.NOT_IMPLEMENTED: "NotImplemented",
    Violation.NOT_SUPPORTED: "NotSupported",
    Violation.INTERNAL_ERROR: "InternalError",
    Violation.PROTOCOL_ERROR: "ProtocolError",
    Violation.SECURITY_ERROR: "SecurityError",
    Violation.FORMATION: "FormationViolation",
    Violation.PROPERTY_CONSTRAINT: "PropertyConstraintViolation",
    Violation.OCCURRENCE_CONSTRAINT: "OccurenceConstraintViolation",
    Violation.TYPE_CONSTRAINT: "TypeConstraintViolation",
    Violation.GENERIC: "GenericError",
}
