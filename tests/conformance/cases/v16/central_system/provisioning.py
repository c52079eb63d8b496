"""Registration: the boot in all its answers, and what follows it (4.2, 4.6, 4.9)."""

from __future__ import annotations

import calendar
import time

from tests.conformance.cases.v16.central_system.openings import BOOT, booted, charging, ended, status, stop_of
from tests.conformance.kit.case import case
from tests.conformance.kit.stage import Stage, check, moments

CLOCK_TOLERANCE_S = 60


def is_now(text: str) -> bool:
    """UTC is all that the suite reads here; an offset of another zone counts, too."""
    at = calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    if text[-6] in "+-":
        offset = int(text[-5:-3]) * 3600 + int(text[-2:]) * 60
        at += offset if text[-6] == "-" else -offset
    return abs(at - time.time()) <= CLOCK_TOLERANCE_S


@case(
    "TC_001_CSMS",
    "Cold boot",
    source="4.2, 4.6, 4.9",
    precondition="a registered charge point",
    passes="Accepted, interval > 0, currentTime within a minute of now; each status answered; Heartbeat: now",
)
def cold_boot(stage: Stage) -> None:
    charge_point = stage.connect()
    answer = charge_point.ask("BootNotification", BOOT)
    check(answer["status"] == "Accepted", "status Accepted", answer)
    check(answer["interval"] > 0, "a heartbeat interval above 0", answer)
    check(is_now(answer["currentTime"]), "currentTime within a minute of now", answer)
    for connector in (0, 1, 2):
        status(charge_point, connector, "Available")
    beat = charge_point.ask("Heartbeat")
    check(is_now(beat["currentTime"]), "currentTime within a minute of now", beat)


def not_accepted(stage: Stage, registration: str) -> None:
    charge_point = stage.connect(stage.target.door(registration=registration))
    answer = charge_point.ask("BootNotification", BOOT)
    check(answer["status"] == registration, f"status {registration}", answer)
    check(answer["interval"] >= 0, "an interval until the next try", answer)
    again = charge_point.ask("BootNotification", BOOT)
    check(again["status"] == registration, f"status {registration} again", again)
    charge_point.close()


@case(
    "TC_002_CSMS",
    "Cold boot, pending",
    source="4.2",
    precondition="registration is set to Pending",
    passes="BootNotification is answered Pending with an interval, each time",
    needs=("registration Pending",),
)
def pending(stage: Stage) -> None:
    not_accepted(stage, "Pending")


@case(
    "TC_002_R_CSMS",
    "Cold boot, rejected",
    source="4.2",
    precondition="registration is set to Rejected",
    passes="BootNotification is answered Rejected with an interval, each time",
    needs=("registration Rejected",),
)
def rejected(stage: Stage) -> None:
    not_accepted(stage, "Rejected")


@case(
    "TC_032_1_CSMS",
    "Power failure",
    source="4.2, 4.9, 4.10",
    precondition="charging",
    passes="after the cut: boot Accepted, status of 0, 1 and 2 answered, the late StopTransaction PowerLoss "
    "answered, the transaction ended",
    needs=("idTag Accepted",),
)
def power_failure(stage: Stage) -> None:
    before, _, transaction_id = charging(stage)
    before.vanish()
    charge_point = booted(stage, before.door)
    status(charge_point, 0, "Available")
    status(charge_point, 1, "Finishing")
    status(charge_point, 2, "Available")
    charge_point.ask("StopTransaction", stop_of(transaction_id, moments(1, ago_s=1)[0], reason="PowerLoss"))
    ended(stage, charge_point, transaction_id)
