"""A gateway in this process, without a server: frames go in as text, rows come out of the database.

async with gateway_running():
    async with line("CP1") as charge_point:
        answer = await charge_point.ask("Heartbeat", {})
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

from csms.gateway import runtime
from csms.gateway.endpoint import ocpp


@contextlib.asynccontextmanager
async def gateway_running() -> AsyncIterator[runtime.Gateway]:
    """The gateway of this process, on Django's default database."""
    try:
        yield runtime.gateway()
    finally:
        await runtime.stop_gateway()


class Line:
    """One connection of one charge point, as the ASGI application sees it."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.close_code: int | None = None
        self._to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        scope = {
            "type": "websocket",
            "path": f"/ocpp/{self.identity}",
            "raw_path": f"/ocpp/{self.identity}".encode(),
            "headers": [],
            "subprotocols": ["ocpp1.6"],
            "client": ("127.0.0.1", 1),
            "extensions": {"websocket.http.response": {}},
        }
        self._to_server.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(ocpp(scope, self._to_server.get, self._from_server.put))
        accepted = await self._next()
        assert accepted == {"type": "websocket.accept", "subprotocol": "ocpp1.6"}, accepted

    async def close(self) -> None:
        self._to_server.put_nowait({"type": "websocket.disconnect", "code": 1000})
        assert self._task is not None
        async with asyncio.timeout(20):
            await self._task

    def send(self, frame: Any) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self._to_server.put_nowait({"type": "websocket.receive", "text": text})

    async def receive(self) -> Any:
        message = await self._next()
        if message["type"] == "websocket.close":
            self.close_code = message["code"]
            raise EOFError(message)
        return json.loads(message["text"])

    async def ask(self, action: str, payload: Any, unique_id: str | None = None) -> Any:
        """The answer's payload, which must be that of a CALLRESULT."""
        unique_id = unique_id or str(uuid.uuid4())
        self.send([2, unique_id, action, payload])
        answer = await self.receive()
        assert answer[:2] == [3, unique_id], answer
        return answer[2]

    async def _next(self) -> dict[str, Any]:
        async with asyncio.timeout(20):
            return await self._from_server.get()


@contextlib.asynccontextmanager
async def line(identity: str) -> AsyncIterator[Line]:
    opened = Line(identity)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()
