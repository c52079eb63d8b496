"""The delivery torture: doubled, late, lost and stray messages (D1 to D10). Whoever charges is billed once.

None of it is a certification case. The standard lets charge points resend (4.8, 4.10; 3.7 for what waited
offline) and leaves it to the central system to stay right.
"""

from __future__ import annotations

from typing import Any

from tests.conformance.cases.v16.central_system.openings import (
    booted,
    charging,
    ended,
    start_of,
    started,
    status,
    stop_of,
    values_of,
)
from tests.conformance.kit.case import Case, case
from tests.conformance.kit.stage import Stage, check, moments
from tests.conformance.kit.wire import ChargePoint

ACCEPTED = ("idTag Accepted",)


def one_session(stage: Stage, charge_point: ChargePoint, transaction_id: int) -> None:
    sessions = stage.sessions(charge_point, "one session is shown")
    if sessions is not None:
        found = [session.transaction_id for session in sessions if session.meter_start == METER]
        check(found == [transaction_id], f"one session, {transaction_id}", sessions)


METER = 424_242


def same_start(
    charge_point: ChargePoint, payload: dict[str, Any], first: dict[str, Any], id_: str | None
) -> None:
    again = charge_point.ask("StartTransaction", payload, id_=id_)
    check(again["transactionId"] == first["transactionId"], f"the same transactionId as in {first}", again)
    verdicts = again["idTagInfo"]["status"], first["idTagInfo"]["status"]
    check(verdicts[0] == verdicts[1], f"the same verdict as in {first}", again)


def resent(id_: str, title: str, *, same_id: bool) -> Case:
    @case(
        id_,
        title,
        source="3.7, 4.8",
        profile="Delivery",
        precondition="charging; the answer was lost, the line cut",
        passes="each of three repetitions: the first transactionId, the first verdict; one session",
        needs=ACCEPTED,
    )
    def play(stage: Stage) -> None:
        charge_point, payload = booted(stage), start_of(stage.id_tag(), meter=METER)
        first = charge_point.ask("StartTransaction", payload, id_="the-start")
        check(first["idTagInfo"]["status"] == "Accepted", "idTagInfo.status Accepted", first)
        same_start(charge_point, payload, first, "the-start" if same_id else None)
        charge_point.vanish()
        charge_point = stage.connect(charge_point.door)
        for _ in range(2):
            same_start(charge_point, payload, first, "the-start" if same_id else None)
        one_session(stage, charge_point, first["transactionId"])

    return play


RESENT = (
    resent("D1", "Start resent, same id", same_id=True),
    resent("D2", "Start resent, new id", same_id=False),
)


@case(
    "D3",
    "Start resent after its stop",
    source="3.7, 4.8, 4.10",
    profile="Delivery",
    precondition="charged, and stopped",
    passes="the repetition: the first transactionId and verdict; one session, still ended",
    needs=ACCEPTED,
)
def start_after_stop(stage: Stage) -> None:
    charge_point, payload = booted(stage), start_of(stage.id_tag(), moments(1, ago_s=60)[0], meter=METER)
    first = charge_point.ask("StartTransaction", payload)
    charge_point.ask("StopTransaction", stop_of(first["transactionId"], meter=METER + 7))
    same_start(charge_point, payload, first, None)
    one_session(stage, charge_point, first["transactionId"])
    ended(stage, charge_point, first["transactionId"], meter_stop=METER + 7)


@case(
    "D4",
    "Stop resent",
    source="3.7, 4.10",
    profile="Delivery",
    precondition="charging",
    passes="the stop and its repetitions, same id and new, are answered alike; ended once",
    needs=ACCEPTED,
)
def stop_resent(stage: Stage) -> None:
    charge_point, id_tag, transaction_id = charging(stage)
    payload = stop_of(transaction_id, idTag=id_tag)
    first = charge_point.ask("StopTransaction", payload, id_="the-stop")
    for id_ in ("the-stop", None, None):
        again = charge_point.ask("StopTransaction", payload, id_=id_)
        check(again == first, f"the same answer, {first}", again)
    ended(stage, charge_point, transaction_id)


@case(
    "D5",
    "Stop of an old session while a new one runs",
    source="3.7, 4.10",
    profile="Delivery",
    precondition="two sessions on connector 1, the stop of the first one still to come",
    passes="the late stop ends the first session, with its register value; the second one runs on",
    needs=ACCEPTED,
)
def old_stop(stage: Stage) -> None:
    charge_point = booted(stage)
    begin, end, now = moments(3, ago_s=1200, apart_s=600)
    old = started(charge_point, stage.id_tag(), at=begin, meter=1000)
    new = started(charge_point, stage.id_tag(), at=now, meter=2000)
    check(new != old, "a transactionId of its own for each session", new)
    charge_point.ask("StopTransaction", stop_of(old, end, meter=2000))
    ended(stage, charge_point, old, meter_stop=2000)
    sessions = stage.sessions(charge_point, "the second session runs on")
    if sessions is not None:
        running = [session.transaction_id for session in sessions if session.is_running]
        check(running == [new], f"just {new} running", sessions)


@case(
    "D6",
    "Stop and meter values of an unknown transaction",
    source="4.7, 4.10",
    profile="Delivery",
    passes="both are answered with a CALLRESULT, so that the charge point does not send them for ever",
)
def unknown_transaction(stage: Stage) -> None:
    charge_point = booted(stage)
    charge_point.ask("MeterValues", values_of(10, 2_000_000_001))
    charge_point.ask("StopTransaction", stop_of(2_000_000_001))
    charge_point.ask("StopTransaction", stop_of(0))


def recorded(id_: str, standing: str) -> Case:
    @case(
        id_,
        f"Offline start with a tag that is {standing.lower()}",
        source="3.5.2, 4.8",
        profile="Delivery",
        precondition="booted; the session happened offline",
        passes=f"{standing}, and yet a transactionId above 0; the session is shown, with its end",
        needs=(f"idTag {standing}",),
    )
    def play(stage: Stage) -> None:
        charge_point, id_tag = booted(stage), stage.id_tag(standing)
        begin, end = moments(2, ago_s=900, apart_s=600)
        transaction_id = started(charge_point, id_tag, standing, at=begin)
        check(transaction_id > 0, "a transactionId above 0", transaction_id)
        charge_point.ask("StopTransaction", stop_of(transaction_id, end))
        ended(stage, charge_point, transaction_id)

    return play


RECORDED = (recorded("D7_1", "Invalid"), recorded("D7_2", "Blocked"))


@case(
    "D8",
    "A connector that was never seen",
    source="4.8, 4.9",
    profile="Delivery",
    passes="status and start of connector 17: answered, Accepted; one session on that connector",
    needs=ACCEPTED,
)
def unseen_connector(stage: Stage) -> None:
    charge_point = booted(stage)
    transaction_id = started(charge_point, stage.id_tag(), connector=17, meter=METER)
    status(charge_point, 17, "Charging")
    one_session(stage, charge_point, transaction_id)


@case(
    "D9",
    "Reconnect while the old socket is half open, then a command",
    source="OCPP-J 3, 5.1",
    profile="Delivery",
    precondition="booted; the line died without a word",
    passes="the second connection is let in and served; the command comes over it; the first one ends",
    needs=("Reset",),
)
def half_open(stage: Stage) -> None:
    old = booted(stage)
    charge_point = booted(stage, old.door)
    asked = stage.operator(charge_point, "Reset", {"type": "Soft"})
    charge_point.respond(charge_point.expect_call("Reset", type="Soft"), {"status": "Rejected"})
    stage.shows(asked, status="Rejected")
    old.expect_end(within_s=5)


@case(
    "D10",
    "A call comes in while one of the system waits",
    source="OCPP-J 4.1.1",
    profile="Delivery",
    passes="the charge point's calls are answered at once; a second command waits for the first one's answer",
    needs=("Reset", "GetConfiguration"),
)
def both_ways(stage: Stage) -> None:
    charge_point = booted(stage)
    first = stage.operator(charge_point, "GetConfiguration", {})
    call = charge_point.expect_call("GetConfiguration")
    second = stage.operator(charge_point, "Reset", {"type": "Hard"})
    charge_point.ask("Heartbeat")
    status(charge_point, 1, "Available")
    charge_point.respond(call, {"configurationKey": [], "unknownKey": []})
    stage.shows(first)
    charge_point.respond(charge_point.expect_call("Reset", type="Hard"), {"status": "Accepted"})
    stage.shows(second, status="Accepted")
