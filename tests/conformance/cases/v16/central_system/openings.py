"""How most scripts begin, and the requests that charge points usually send."""

from __future__ import annotations

import itertools
from typing import Any

from tests.conformance.kit.stage import Stage, check, moments
from tests.conformance.kit.target import Door
from tests.conformance.kit.wire import ChargePoint

BOOT = {"chargePointVendor": "Suite", "chargePointModel": "Conformance"}


def booted(stage: Stage, door: Door | None = None) -> ChargePoint:
    """Connected and accepted."""
    charge_point = stage.connect(door)
    answer = charge_point.ask("BootNotification", BOOT)
    check(answer["status"] == "Accepted", "BootNotification.conf with status Accepted", answer)
    return charge_point


def status(charge_point: ChargePoint, connector: int, word: str, error: str = "NoError", **more: Any) -> None:
    report = {"connectorId": connector, "errorCode": error, "status": word, "timestamp": moments(1)[0]}
    charge_point.ask("StatusNotification", report | more)


def authorized(charge_point: ChargePoint, id_tag: str) -> dict[str, Any]:
    """Ask for an idTag that must be accepted; gives its idTagInfo."""
    return verdict(charge_point, id_tag, "Accepted")


def verdict(charge_point: ChargePoint, id_tag: str, expected: str) -> dict[str, Any]:
    info = charge_point.ask("Authorize", {"idTag": id_tag})["idTagInfo"]
    check(info["status"] == expected, f"idTagInfo.status {expected}", info)
    return info


_registers = itertools.count(1000)


def start_of(
    id_tag: str, at: str | None = None, *, connector: int = 1, meter: int | None = None, **more: Any
) -> dict[str, Any]:
    """Unlike any other of this run, or systems that know a repeated start again would rightly do so."""
    at = at or moments(1)[0]
    meter = next(_registers) if meter is None else meter
    return {"connectorId": connector, "idTag": id_tag, "meterStart": meter, "timestamp": at} | more


def stop_of(transaction_id: int, at: str | None = None, *, meter: int = 3000, **more: Any) -> dict[str, Any]:
    at = at or moments(1)[0]
    return {"transactionId": transaction_id, "meterStop": meter, "timestamp": at} | more


def values_of(
    value: int, transaction_id: int | None = None, at: str | None = None, *, connector: int = 1
) -> dict[str, Any]:
    sample = {"value": str(value), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    values = [{"timestamp": at or moments(1)[0], "sampledValue": [sample]}]
    payload: dict[str, Any] = {"connectorId": connector, "meterValue": values}
    return payload if transaction_id is None else payload | {"transactionId": transaction_id}


def started(charge_point: ChargePoint, id_tag: str, expected: str = "Accepted", **members: Any) -> int:
    """A transaction; its idTagInfo must have this status. Gives its id."""
    answer = charge_point.ask("StartTransaction", start_of(id_tag, **members))
    check(answer["idTagInfo"]["status"] == expected, f"idTagInfo.status {expected}", answer)
    return answer["transactionId"]


def charging(stage: Stage) -> tuple[ChargePoint, str, int]:
    """Booted, plugged in, authorized, charging on connector 1. Gives the idTag and the transaction, too."""
    charge_point, id_tag = booted(stage), stage.id_tag()
    status(charge_point, 1, "Preparing")
    authorized(charge_point, id_tag)
    transaction_id = started(charge_point, id_tag)
    status(charge_point, 1, "Charging")
    return charge_point, id_tag, transaction_id


def ended(stage: Stage, charge_point: ChargePoint, transaction_id: int, meter_stop: int = 3000) -> None:
    """The system must hold this transaction as ended at this register value."""
    sessions = stage.sessions(charge_point, "the transaction is shown as ended")
    if sessions is not None:
        mine = [session for session in sessions if session.transaction_id == transaction_id]
        is_so = len(mine) == 1 and not mine[0].is_running and mine[0].meter_stop == meter_stop
        check(is_so, f"transaction {transaction_id} once, ended at {meter_stop} Wh", sessions)
