"""The WebSocket handshake: identity, password, subprotocol (OCPP-J 3 and 6)."""

from __future__ import annotations

from tests.conformance.cases.v16.central_system.openings import BOOT, booted
from tests.conformance.kit.case import case
from tests.conformance.kit.stage import Stage, check


@case(
    "TC_085_CSMS",
    "Basic authentication",
    source="OCPP-J 6.2; security whitepaper 2.2 (profile 1)",
    profile="Security",
    precondition="a charge point that must show a password",
    passes="no password: no connection that serves; a wrong one: neither; the right one: booted, Accepted",
    needs=("password",),
)
def basic_authentication(stage: Stage) -> None:
    door = stage.target.door(with_password=True)
    for password in (None, "not-the-password-at-all"):
        code = stage.turned_away(door, with_password=password)
        check(code in (401, 403, 101), "HTTP 401", code)
    booted(stage, door)


@case(
    "TC_088_CSMS",
    "WebSocket subprotocol validation",
    source="OCPP-J 3.1.2, 3.2",
    precondition="none",
    passes="ocpp0.1 alone: never agreed to; ocpp1.6 offered alone and in a list: agreed to, and it serves",
)
def subprotocol_validation(stage: Stage) -> None:
    door = stage.target.door()
    stage.turned_away(door, subprotocols=("ocpp0.1",), with_password=door.password)
    for offered in (("ocpp1.6",), ("ocpp0.1", "ocpp1.6")):
        charge_point = stage.connect(door, subprotocols=offered)
        check(charge_point.subprotocol == "ocpp1.6", "subprotocol ocpp1.6", charge_point.subprotocol)
        charge_point.ask("BootNotification", BOOT)
        charge_point.close()
