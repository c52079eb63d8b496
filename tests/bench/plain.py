"""The yardstick: an ASGI endpoint that decodes each call and answers a constant, under the same server as ours."""

from typing import Any

import msgspec

_NOW = "2026-01-01T00:00:00Z"
_ACCEPTED = {"status": "Accepted"}
ANSWERS: dict[str, dict[str, Any]] = {
    "BootNotification": {"status": "Accepted", "currentTime": _NOW, "interval": 300},
    "Authorize": {"idTagInfo": _ACCEPTED},
    "StartTransaction": {"idTagInfo": _ACCEPTED, "transactionId": 1},
    "StopTransaction": {"idTagInfo": _ACCEPTED},
    "Heartbeat": {"currentTime": _NOW},
    "StatusNotification": {},
    "MeterValues": {},
}

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "ocpp1.6"})
    while (event := await receive())["type"] == "websocket.receive":
        _, unique_id, action, _ = _decode(event["text"])
        await send({"type": "websocket.send", "text": _encode([3, unique_id, ANSWERS[action]]).decode()})
