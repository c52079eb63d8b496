"""What charge points did, written into the log the way the gateway does: events with their facts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from csms.domain import facts
from csms.domain.meter_values import normalised
from csms.eventlog import event_types as et
from csms.eventlog import store
from csms.eventlog.state import Batch, Recorded, StreamState

_ids = iter(range(1_000_000))


def record(stream: str, type_: str, payload: Any, **members: Any) -> Recorded:
    """Append one event. payload: text, or what becomes JSON."""
    text = payload if isinstance(payload, str) else json.dumps(payload)

    def decide(state: StreamState, batch: Batch) -> Recorded:
        return batch.record(state, type_, payload=text, **members)

    return store.append(stream, decide)


def call(
    stream: str, action: str, request: dict[str, Any], response: dict[str, Any], *fact: facts.Fact
) -> Recorded:
    """A call of the charge point and our answer, which says that `fact` happened. Returns the call."""
    message_id = f"m{next(_ids)}"
    asked = record(
        stream, et.CALL_RECEIVED, [2, message_id, action, request], action=action, message_id=message_id
    )
    record(
        stream,
        et.CALL_ANSWERED,
        [3, message_id, response],
        action=action,
        message_id=message_id,
        cause=asked.position,
        facts=fact,
    )
    return asked


def connect(stream: str) -> int:
    opened = record(
        stream,
        et.CONNECTION_OPENED,
        {
            "gateway": "g1",
            "remote_address": "192.0.2.7",
            "subprotocol": "ocpp1.6",
            "security_profile": 0,
        },
        connection=0,
        facts_at=lambda position: (facts.ConnectionOpened(position, "g1", "192.0.2.7", "ocpp1.6", 0),),
    )
    return opened.position


def disconnect(stream: str, connection: int) -> None:
    fact = facts.ConnectionClosed(connection, 1006, "")
    record(stream, et.CONNECTION_CLOSED, {"code": 1006, "reason": ""}, connection=connection, facts=(fact,))


def boot(stream: str, *, model: str = "Post 22") -> None:
    fact = facts.ChargePointBooted("Accepted", 300, "Ampero", model, "S-1", "1.0.0", "", "", "", "")
    request = {"chargePointVendor": "Ampero", "chargePointModel": model}
    call(stream, "BootNotification", request, {"status": "Accepted", "interval": 300}, fact)


def status(stream: str, evse: int, word: str, *, error: str = "NoError", info: str = "") -> None:
    fact = facts.ConnectorStatusReported(evse, 1, word, error, info, "", "", None)
    call(stream, "StatusNotification", {"connectorId": evse, "status": word, "errorCode": error}, {}, fact)


def start(stream: str, transaction_id: str, *, evse: int = 1, id_token: str = "TAG-A") -> datetime:
    at = datetime.now(UTC) - timedelta(minutes=4)
    fact = facts.TransactionStarted(transaction_id, evse, 1, id_token, "Accepted", 1000, None, at)
    response = {"transactionId": int(transaction_id), "idTagInfo": {"status": "Accepted"}}
    request = {"connectorId": evse, "idTag": id_token, "meterStart": 1000}
    call(stream, "StartTransaction", request, response, fact)
    return at


def meter(stream: str, transaction_id: str, at: datetime, register_wh: float, *, evse: int = 1) -> None:
    values = tuple(
        normalised(
            measurand=measurand,
            raw=raw,
            raw_unit=unit,
            context="Sample.Periodic",
            phase="",
            location="Outlet",
            format_="Raw",
        )
        for measurand, raw, unit in (
            ("Energy.Active.Import.Register", str(register_wh), "Wh"),
            ("Power.Active.Import", "11000", "W"),
            ("SoC", "55", "Percent"),
        )
    )
    fact = facts.MeterValuesReported(evse, 1, transaction_id, (facts.MeterSample(at, values),))
    readings = [{"value": str(register_wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}]
    request = {
        "connectorId": evse,
        "transactionId": int(transaction_id),
        "meterValue": [{"sampledValue": readings}],
    }
    call(stream, "MeterValues", request, {}, fact)


def stop(stream: str, transaction_id: str, meter_wh: int, *, id_token: str = "TAG-A") -> None:
    fact = facts.TransactionEnded(transaction_id, id_token, meter_wh, "Local", (), datetime.now(UTC))
    request = {"transactionId": int(transaction_id), "meterStop": meter_wh, "idTag": id_token}
    call(stream, "StopTransaction", request, {"idTagInfo": {"status": "Accepted"}}, fact)


def a_busy_day(stream: str, first: int = 1) -> None:
    """Online, one connector charging, one faulted; one transaction ended, one running; a refused call."""
    connect(stream)
    boot(stream)
    status(stream, 0, "Available")
    status(stream, 2, "Faulted", error="GroundFailure", info="<b>wet</b>")
    ended = start(stream, str(first), id_token="TAG-B")
    meter(stream, str(first), ended + timedelta(minutes=1), 3000)
    stop(stream, str(first), 6000)
    running = start(stream, str(first + 1))
    status(stream, 1, "Charging")
    meter(stream, str(first + 1), running + timedelta(minutes=1), 2000)
    meter(stream, str(first + 1), running + timedelta(minutes=2), 3500)
    record(stream, et.FRAME_REJECTED, "no JSON at all <script>alert(1)</script>")
