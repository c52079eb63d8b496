"""The life of a transaction, online and offline (3.5, 4.7, 4.8, 4.10)."""

from __future__ import annotations

from tests.conformance.cases.v16.central_system.openings import (
    authorized,
    booted,
    charging,
    ended,
    start_of,
    started,
    status,
    stop_of,
    values_of,
)
from tests.conformance.kit.case import case
from tests.conformance.kit.stage import Stage, check, moments

ACCEPTED = ("idTag Accepted",)


@case(
    "TC_003_CSMS",
    "Regular charging session, plugin first",
    source="3.2, 4.1, 4.8",
    passes="Preparing answered; Authorize Accepted; StartTransaction Accepted with transactionId; "
    "Charging and MeterValues answered; StopTransaction answered; the transaction ended",
    needs=ACCEPTED,
)
def plugin_first(stage: Stage) -> None:
    charge_point, id_tag, transaction_id = charging(stage)
    charge_point.ask("MeterValues", values_of(2000, transaction_id))
    charge_point.ask("StopTransaction", stop_of(transaction_id, idTag=id_tag, reason="Local"))
    status(charge_point, 1, "Finishing")
    status(charge_point, 1, "Available")
    ended(stage, charge_point, transaction_id)


@case(
    "TC_004_1_CSMS",
    "Regular charging session, identification first",
    source="3.2, 4.1, 4.8",
    passes="Authorize Accepted before any status; then as plugin first",
    needs=ACCEPTED,
)
def identification_first(stage: Stage) -> None:
    charge_point, id_tag = booted(stage), stage.id_tag()
    authorized(charge_point, id_tag)
    status(charge_point, 1, "Preparing")
    transaction_id = started(charge_point, id_tag)
    status(charge_point, 1, "Charging")
    charge_point.ask("StopTransaction", stop_of(transaction_id, idTag=id_tag))
    ended(stage, charge_point, transaction_id)


@case(
    "TC_004_2_CSMS",
    "Identification first, connection time-out",
    source="3.2, 9.1.4 (ConnectionTimeOut)",
    passes="Authorize Accepted; Preparing and Available answered; no transaction comes of it",
    needs=ACCEPTED,
)
def connection_time_out(stage: Stage) -> None:
    charge_point, id_tag = booted(stage), stage.id_tag()
    authorized(charge_point, id_tag)
    status(charge_point, 1, "Preparing")
    status(charge_point, 1, "Available")
    if (sessions := stage.sessions(charge_point, "no transaction is shown")) is not None:
        check(sessions == [], "no transaction", sessions)


@case(
    "TC_005_1_CSMS",
    "EV side disconnected",
    source="4.10 (EVDisconnected)",
    precondition="charging",
    passes="SuspendedEV, StopTransaction EVDisconnected without idTag, Finishing, Available answered; ended",
    needs=ACCEPTED,
)
def ev_side_disconnected(stage: Stage) -> None:
    charge_point, _, transaction_id = charging(stage)
    status(charge_point, 1, "SuspendedEV")
    charge_point.ask("StopTransaction", stop_of(transaction_id, reason="EVDisconnected"))
    status(charge_point, 1, "Finishing")
    status(charge_point, 1, "Available")
    ended(stage, charge_point, transaction_id)


@case(
    "TC_037_1_CSMS",
    "Offline start, valid idTag",
    source="3.5.2, 3.7, 4.8",
    precondition="booted, then offline",
    passes="a StartTransaction of ten minutes ago: Accepted, with a transactionId",
    needs=ACCEPTED,
)
def offline_start_valid(stage: Stage) -> None:
    before, id_tag = booted(stage), stage.id_tag()
    before.vanish()
    charge_point = stage.connect(before.door)
    started(charge_point, id_tag, at=moments(1, ago_s=600)[0])
    status(charge_point, 1, "Charging")


@case(
    "TC_037_3_CSMS",
    "Offline start, invalid idTag",
    source="3.5.2, 4.8, 4.10 (DeAuthorized)",
    precondition="booted, then offline",
    passes="the late start: Invalid, and yet with a transactionId; StopTransaction DeAuthorized answered",
)
def offline_start_invalid(stage: Stage) -> None:
    before, id_tag = booted(stage), stage.id_tag("Invalid")
    before.vanish()
    charge_point = stage.connect(before.door)
    transaction_id = started(charge_point, id_tag, "Invalid", at=moments(1, ago_s=600)[0])
    charge_point.ask("StopTransaction", stop_of(transaction_id, meter=1001, reason="DeAuthorized"))
    ended(stage, charge_point, transaction_id, meter_stop=1001)


@case(
    "TC_039_CSMS",
    "Offline transaction",
    source="3.7",
    precondition="booted, then offline",
    passes="late StartTransaction, MeterValues, StopTransaction answered; ended, with its register values",
    needs=ACCEPTED,
)
def offline_transaction(stage: Stage) -> None:
    before, id_tag = booted(stage), stage.id_tag()
    before.vanish()
    charge_point = stage.connect(before.door)
    begin, middle, end = moments(3, ago_s=3600, apart_s=600)
    answer = charge_point.ask("StartTransaction", start_of(id_tag, begin, meter=5000))
    check(answer["idTagInfo"]["status"] == "Accepted", "idTagInfo.status Accepted", answer)
    transaction_id = answer["transactionId"]
    charge_point.ask("MeterValues", values_of(6000, transaction_id, middle))
    charge_point.ask("StopTransaction", stop_of(transaction_id, end, meter=7000, idTag=id_tag))
    status(charge_point, 1, "Available")
    ended(stage, charge_point, transaction_id, meter_stop=7000)
