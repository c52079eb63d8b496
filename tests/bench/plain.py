"""The yardstick: an ASGI endpoint that decodes each call and answers a constant, under the server of ours.

`python -m tests.bench.plain` serves it and says where, as run_gateway does.
"""

from typing import Any

import msgspec

from csms.gateway.server import GatewayServer  # installs the reactor: before any other import of it

from twisted.internet import reactor  # isort: skip

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
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "ocpp1.6"})
    while (event := await receive())["type"] == "websocket.receive":
        _, unique_id, action, _ = _decode(event["text"])
        await send({"type": "websocket.send", "text": _encode([3, unique_id, ANSWERS[action]]).decode()})


def main() -> None:
    server = GatewayServer(application, endpoints=["tcp:0:interface=127.0.0.1"], verbosity=0)

    def announce() -> None:
        for address, port in server.listening_addresses:
            print(f"listening on http://{address}:{port}", flush=True)

    reactor.callLater(0, announce)
    server.run()


if __name__ == "__main__":
    main()
