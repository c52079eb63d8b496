"""Daphne, with what OCPP needs and it lacks.

- A refused handshake ends with the right HTTP status (ASGI extension `websocket.http.response`);
  Daphne alone answers 403 to everything.
- A charge point that sends faster than it is served is read slower: beyond a number of frames that
  wait, its socket is not read until they are done. Daphne alone queues without bound.
- WebSockets live as long as they like; Daphne's default ends them after a day.
- A shutdown lets the gateway answer what has arrived and close with 1001 before it cancels anything.
"""

from __future__ import annotations

# First of all: it installs Twisted's asyncio reactor.
from daphne.server import Server, twisted_loop  # isort: skip

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import defer

WAITING_FRAMES = 64
WAITING_BYTES = 1024 * 1024


class FrameQueue(asyncio.Queue[dict[str, Any]]):
    """What an application reads from; it stops its transport while too much waits."""

    def __init__(self, transport: Any, limit: int) -> None:
        super().__init__()
        self._transport = transport
        self._limit = limit
        self._size = 0
        self._is_paused = False

    def _put(self, item: dict[str, Any]) -> None:
        super()._put(item)
        self._size += _size(item)
        if not self._is_paused and (self.qsize() >= self._limit or self._size >= WAITING_BYTES):
            self._is_paused = True
            self._transport.pauseProducing()

    def _get(self) -> dict[str, Any]:
        item = super()._get()
        self._size -= _size(item)
        if self._is_paused and self.qsize() <= self._limit // 2 and self._size <= WAITING_BYTES // 2:
            self._is_paused = False
            self._transport.resumeProducing()
        return item


def _size(message: dict[str, Any]) -> int:
    return len(message.get("text") or message.get("bytes") or "")


class OcppWebSocketProtocol(WebSocketProtocol):
    """Daphne's protocol that can deny a handshake with a response of the application's own."""

    denial: dict[str, Any] | None = None

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        if hasattr(self, "server"):  # else the request was none, and ended before Daphne heard of it
            super().onClose(wasClean, code, reason)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.http.response.start":
            self.denial = message
        elif message["type"] == "websocket.http.response.body":
            self._deny(message.get("body", b""))
        elif message["type"] == "websocket.close" and self.state == self.STATE_OPEN:
            # autobahn's sendClose knows none of the codes that a server needs (1001, 1002, 1008 ...)
            reason = message.get("reason") or ""
            code = message.get("code") or 1000
            self.sendCloseFrame(code=code, reasonUtf8=reason.encode()[:123], isReply=False)
        elif self.state in (self.STATE_CONNECTING, self.STATE_OPEN):
            super().handle_reply(message)

    def _deny(self, body: bytes) -> None:
        assert self.denial is not None
        self.denial["body"] = body
        waiting = self.__dict__.pop("handshake_deferred", None)
        if waiting is not None:  # the client may have gone meanwhile
            waiting.errback(ConnectionDeny(code=self.denial["status"], reason="Denied"))
        self.server.protocol_disconnected(self)

    def sendHttpErrorResponse(  # noqa: N802 - autobahn's name
        self,
        code: int,
        reason: str,
        responseHeaders: Any = None,  # noqa: N803
    ) -> None:
        if self.denial is None:
            super().sendHttpErrorResponse(code, reason, responseHeaders)
            return
        body: bytes = self.denial["body"]
        length = str(len(body)).encode()
        headers = [*self.denial["headers"], (b"content-length", length), (b"connection", b"close")]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.sendData(f"HTTP/1.1 {code} {REASONS.get(code, 'Refused')}\r\n".encode() + lines + b"\r\n" + body)


REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


class OcppWebSocketFactory(WebSocketFactory):
    protocol = OcppWebSocketProtocol

    def setProtocolOptions(self, **options: Any) -> None:  # noqa: N802 - autobahn's name
        # A frame that is too big or no UTF-8 ends with its close code (1009, 1007) instead of a cut line.
        super().setProtocolOptions(failByDrop=False, **options)


class GatewayServer(Server):
    """Daphne's server with the protocol above.

    before_shutdown: awaited before the applications are cancelled.
    Other arguments are Daphne's.
    """

    def __init__(
        self,
        application: Any,
        *,
        before_shutdown: Callable[[], Awaitable[None]] | None = None,
        waiting_frames: int = WAITING_FRAMES,
        **options: Any,
    ) -> None:
        options.setdefault("websocket_timeout", -1)
        # In a reconnection storm a handshake waits its turn; five seconds (the default) are not enough.
        options.setdefault("websocket_handshake_timeout", 60)
        options.setdefault("websocket_connect_timeout", 60)
        super().__init__(application, **options)
        self._before_shutdown = before_shutdown
        self._waiting_frames = waiting_frames

    def run(self) -> None:
        # Daphne makes its WebSocket factory inside run(), from this name in its module.
        import daphne.server

        daphne.server.WebSocketFactory = OcppWebSocketFactory
        super().run()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] != "websocket":
            return super().create_application(protocol, scope)
        scope["asgi"] = {"version": "3.0"}
        scope["extensions"] = {"websocket.http.response": {}}
        queue = FrameQueue(protocol.transport, self._waiting_frames)

        async def send(message: dict[str, Any]) -> None:
            await self.handle_reply(protocol, message)

        application = self.application(scope=scope, receive=queue.get, send=send)
        if protocol not in self.connections:
            application.close()
            return None
        task = asyncio.ensure_future(application, loop=twisted_loop)
        self.connections[protocol]["application_instance"] = task
        return queue

    def kill_all_applications(self) -> Any:
        """Called once by the reactor before it stops."""
        if self._before_shutdown is None:
            return self._kill()
        drained = defer.Deferred.fromFuture(asyncio.ensure_future(self._before_shutdown(), loop=twisted_loop))
        drained.addBoth(lambda _: self._kill())
        return drained

    def _kill(self) -> Any:
        for protocol, details in list(self.connections.items()):
            if "application_instance" not in details:  # it is done; Daphne does not expect that here
                del self.connections[protocol]
        return super().kill_all_applications()
