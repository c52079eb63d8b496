"""What a central system must do. One module an area."""

from tests.conformance.cases.v16.central_system import (
    authorization,
    certificates,
    commands,
    delivery,
    framing,
    handshake,
    provisioning,
    status_reports,
    transactions,
)
from tests.conformance.kit.case import cases_of

CASES = cases_of(
    handshake,
    framing,
    provisioning,
    authorization,
    transactions,
    status_reports,
    commands,
    certificates,
    delivery,
)
