"""A charge point that costs next to no CPU: a WebSocket client for the bench only.

Frames go out from templates under a zero mask, so that nothing is computed per byte; of what comes in only
the WebSocket header and the first characters of the text are read. One call is outstanding at a time, as OCPP
wants it. Calls of the server are answered with NotImplemented.
"""

import asyncio
import base64
from collections.abc import Callable

# A zero key masks nothing and is as valid as any other.
_MASK = bytes(4)
_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: cHlyb2NwcCwgYSBiZW5jaA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: ocpp1.6\r\n{authorization}\r\n"
)
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Refused(Exception):
    """The handshake or the connection ended; the message says how."""


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One whole WebSocket message from a client, up to 65,535 bytes."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, 0x80 | length)) + _MASK + payload
    return bytes((0x80 | opcode, 0x80 | 126)) + length.to_bytes(2, "big") + _MASK + payload


class ChargePoint(asyncio.Protocol):
    """One connection. `on_answer(text)` is called with each CALLRESULT, also from inside `send`'s socket."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.on_answer: Callable[[bytes], None] = lambda text: None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self.errors = 0
        self._buffer = b""
        self._text = b""  # parts of a message that comes in several frames

    # ---- what the bench uses

    def send(self, payload: bytes) -> None:
        self.transport.write(frame(payload))

    def abort(self) -> None:
        """As a lost mobile connection: without a closing handshake."""
        self.closed = True
        self.transport.abort()

    # ---- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(Refused(f"closed during the handshake: {error}"))
        elif not self.closed:
            self.closed = True
            self.errors += 1

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        if not self.opened.done():
            data = self._handshake(data)
        start, size = 0, len(data)
        while size - start >= 2:
            length = data[start + 1]  # never masked by a server
            head = start + 2
            if length == 126:
                length, head = int.from_bytes(data[head : head + 2], "big"), head + 2
            elif length == 127:
                length, head = int.from_bytes(data[head : head + 8], "big"), head + 8
            end = head + length
            if end > size or head > size:
                break
            self._frame(data[start], data[head:end])
            start = end
        self._buffer = data[start:]

    # ---- WebSocket

    def _handshake(self, data: bytes) -> bytes:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if not separator:
            return data
        status = head.split(b"\r\n", 1)[0].decode()
        if " 101 " in status:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(Refused(status))
            self.closed = True
            self.transport.close()
        return rest

    def _frame(self, first: int, payload: bytes) -> None:
        opcode = first & 0x0F
        if opcode <= TEXT:
            self._text += payload
            if first & 0x80:
                text, self._text = self._text, b""
                self._message(text)
        elif opcode == PING:
            self.transport.write(frame(payload, PONG))
        elif opcode == CLOSE and not self.closed:
            self.closed = True
            self.errors += 1
            self.transport.close()

    def _message(self, text: bytes) -> None:
        if text.startswith(b"[3"):
            self.on_answer(text)
        elif text.startswith(b"[2"):
            unique_id = text.split(b'"', 2)[1]
            self.send(b'[4,"%s","NotImplemented","",{}]' % unique_id)
        else:  # a CALLERROR: the run goes on, and is reported as wrong
            self.errors += 1
            self.on_answer(text)


async def connect(host: str, port: int, identity: str, *, password: str = "") -> ChargePoint:
    """Open one connection. Raises Refused with the status line, or OSError."""
    authorization = ""
    if password:
        credentials = base64.b64encode(f"{identity}:{password}".encode()).decode()
        authorization = f"Authorization: Basic {credentials}\r\n"
    _, charge_point = await asyncio.get_running_loop().create_connection(ChargePoint, host, port)
    handshake = _HANDSHAKE.format(
        path=f"/ocpp/{identity}", host=f"{host}:{port}", authorization=authorization
    )
    charge_point.transport.write(handshake.encode())
    await charge_point.opened
    return charge_point
