"""Charge points that talk without pause, through any number of ends of the server, and remember every word.

Raw JSON, one task each, several calls in flight. What was answered can be compared with what is stored.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

IN_FLIGHT = 5


class Talker:
    """One charge point: starts, values and stops, over and over, resending what was not answered.

    answered: message id -> (call, answer), each of them as it was on the wire.
    refused: CALLERRORs that came.    codes: of the closes that the server sent.
    """

    def __init__(self, identity: str, url: Callable[[], str], seed: int) -> None:
        self.identity = identity
        self.answered: dict[str, tuple[list[Any], list[Any]]] = {}
        self.refused: list[list[Any]] = []
        self.codes: list[int] = []
        self.slowest_s = 0.0
        self.is_ending = False
        self._url = url
        self._random = random.Random(seed)
        self._unanswered: dict[str, list[Any]] = {}
        self._since: dict[str, float] = {}
        self._numbers = 0
        self._transaction: int | None = None
        self._starting = False
        self._meter = 0

    async def talk(self) -> None:
        """Until told to end; then until everything is answered."""
        while not (self.is_ending and not self._unanswered):
            with contextlib.suppress(OSError, InvalidHandshake, WebSocketException, EOFError, TimeoutError):
                async with connect(
                    f"{self._url()}{self.identity}",
                    subprotocols=["ocpp1.6"],
                    compression=None,
                    ping_interval=None,
                    open_timeout=15,
                    close_timeout=1,
                    proxy=None,
                ) as socket:
                    await self._converse(socket)
            await asyncio.sleep(0.01)

    async def _converse(self, socket: ClientConnection) -> None:
        try:
            for call in list(self._unanswered.values()):  # tolerance: resent with the same id
                await socket.send(json.dumps(call))
            while not (self.is_ending and not self._unanswered):
                while len(self._unanswered) < IN_FLIGHT and not self.is_ending:
                    call = self._next_call()
                    self._unanswered[call[1]] = call
                    self._since.setdefault(call[1], asyncio.get_running_loop().time())
                    await socket.send(json.dumps(call))
                self._take(json.loads(await asyncio.wait_for(socket.recv(), 30)))
        finally:
            if socket.protocol.close_rcvd:
                self.codes.append(socket.protocol.close_rcvd.code)

    def _take(self, answer: list[Any]) -> None:
        call = self._unanswered.pop(answer[1])
        waited = asyncio.get_running_loop().time() - self._since.pop(answer[1])
        self.slowest_s = max(self.slowest_s, waited)
        if answer[0] != 3:
            self.refused.append(answer)
            return
        self.answered[answer[1]] = (call, answer)
        if call[2] == "StartTransaction":
            self._transaction, self._starting = answer[2]["transactionId"], False

    def _next_call(self) -> list[Any]:
        self._numbers += 1
        unique_id = f"{self.identity}-{self._numbers}"
        self._meter += 10
        time = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        if self._transaction is None and not self._starting:
            self._starting = True
            return [2, unique_id, "StartTransaction", {
                "connectorId": 1, "idTag": self.identity, "meterStart": self._meter, "timestamp": time,
            }]  # fmt: skip
        if self._transaction is not None and self._random.random() < 0.05:
            number, self._transaction = self._transaction, None
            return [2, unique_id, "StopTransaction", {
                "transactionId": number, "meterStop": self._meter, "timestamp": time,
            }]  # fmt: skip
        values: dict[str, Any] = {
            "connectorId": 1,
            "meterValue": [{"timestamp": time, "sampledValue": [{"value": str(self._meter)}]}],
        }
        if self._transaction is not None:
            values["transactionId"] = self._transaction
        return [2, unique_id, "MeterValues", values]
