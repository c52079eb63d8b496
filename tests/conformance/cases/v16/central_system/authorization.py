"""Verdicts about idTags (4.1, 4.8)."""

from __future__ import annotations

from tests.conformance.cases.v16.central_system.openings import (
    booted,
    charging,
    start_of,
    started,
    status,
    stop_of,
    verdict,
)
from tests.conformance.kit.case import Case, case
from tests.conformance.kit.stage import Stage, check


def refused(id_: str, standing: str) -> Case:
    @case(
        id_,
        f"Authorize {standing.lower()}",
        source="4.1, 7.2",
        precondition=f"booted; the idTag is {standing.lower()}",
        passes=f"Authorize.conf has idTagInfo.status {standing}; the connector's status is answered",
        needs=(f"idTag {standing}",),
    )
    def play(stage: Stage) -> None:
        charge_point = booted(stage)
        status(charge_point, 1, "Preparing")
        verdict(charge_point, stage.id_tag(standing), standing)
        status(charge_point, 1, "Available")

    return play


REFUSED = (
    refused("TC_023_1_CSMS", "Invalid"),
    refused("TC_023_2_CSMS", "Expired"),
    refused("TC_023_3_CSMS", "Blocked"),
)


@case(
    "TC_007_CSMS",
    "Start with cached id",
    source="4.8, 3.5.1",
    passes="StartTransaction without an earlier Authorize: Accepted, with a transactionId",
    needs=("idTag Accepted",),
)
def cached_id(stage: Stage) -> None:
    charge_point, id_tag = booted(stage), stage.id_tag()
    status(charge_point, 1, "Preparing")
    started(charge_point, id_tag)
    status(charge_point, 1, "Charging")


@case(
    "TC_053_CSMS",
    "Reserved connector, used with a tag of the same group",
    source="3.6, 4.1, 5.13",
    profile="Reservation",
    precondition="booted; the idTag has a parent",
    passes="ReserveNow carries parentIdTag; Authorize and StartTransaction of the idTag return that parent",
    needs=("idTag grouped",),
)
def same_group(stage: Stage) -> None:
    charge_point, id_tag = booted(stage), stage.id_tag("grouped")
    parent = verdict(charge_point, id_tag, "Accepted").get("parentIdTag")
    check(bool(parent), "idTagInfo with parentIdTag", parent)
    if stage.can("ReserveNow", "ReserveNow with parentIdTag"):
        reservation = {
            "connectorId": 1,
            "expiryDate": "2035-01-01T00:00:00Z",
            "idTag": stage.id_tag("grouped"),
            "parentIdTag": parent,
            "reservationId": 7,
        }
        asked = stage.operator(charge_point, "ReserveNow", reservation)
        call = charge_point.expect_call("ReserveNow", **reservation)
        charge_point.respond(call, {"status": "Accepted"})
        stage.shows(asked, status="Accepted")
        status(charge_point, 1, "Reserved")
    answer = charge_point.ask("StartTransaction", start_of(id_tag))
    wanted = {"status": "Accepted", "parentIdTag": parent}
    check(wanted.items() <= answer["idTagInfo"].items(), f"idTagInfo with {wanted}", answer)


@case(
    "TC_068_CSMS",
    "Stop with another idTag is not refused",
    source="4.10",
    precondition="charging",
    passes="StopTransaction with an idTag that may not charge is answered with a CALLRESULT",
    needs=("idTag Accepted",),
)
def stop_with_another(stage: Stage) -> None:
    charge_point, _, transaction_id = charging(stage)
    answer = charge_point.ask("StopTransaction", stop_of(transaction_id, idTag=stage.id_tag("Invalid")))
    if "idTagInfo" in answer:
        check(answer["idTagInfo"]["status"] == "Invalid", "idTagInfo.status Invalid", answer)
