"""Calls that are not right: a CALLERROR of a fitting code comes, nothing breaks (OCPP-J 4.2.3)."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.cases.v16.central_system.openings import booted
from tests.conformance.kit.case import Case, case
from tests.conformance.kit.stage import Stage, check

# The standard's own spelling.
FORMED_WRONG = ("FormationViolation", "ProtocolError", "OccurenceConstraintViolation")
TYPED_WRONG = ("TypeConstraintViolation", "FormationViolation", "PropertyConstraintViolation")


def refused(id_: str, title: str, action: str, payload: dict[str, Any], codes: tuple[str, ...]) -> Case:
    @case(
        id_,
        title,
        source="OCPP-J 4.2.3",
        profile="Framing",
        passes=f"CALLERROR with the id of the call and code {' or '.join(codes)}; served on",
    )
    def play(stage: Stage) -> None:
        charge_point = booted(stage)
        answer = charge_point.answer_to_text(json.dumps([2, "wrong", action, payload]), "wrong")
        check(answer[0] == 4 and answer[2] in codes, f"a CALLERROR with {' or '.join(codes)}", answer)

    return play


REFUSED = (
    refused("F1", "Unknown action", "MakeCoffee", {}, ("NotImplemented", "NotSupported")),
    refused("F2", "Missing member", "Authorize", {}, FORMED_WRONG),
    refused("F3", "Member of the wrong type", "Authorize", {"idTag": 5}, TYPED_WRONG),
)
