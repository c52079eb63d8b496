"""A charge point as a test sees it: raw JSON through a real socket, never our own codec.

with ChargePoint(url, "CP1") as charge_point:
    assert charge_point.result("Heartbeat")["currentTime"]
"""

import base64
import contextlib
import itertools
import json
import socket
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import quote, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

SUBPROTOCOL = "ocpp1.6"
ANSWER_WITHIN_S = 30

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}


def basic(user: str, password: str | bytes) -> dict[str, str]:
    """The header of HTTP Basic authentication."""
    secret = password.encode() if isinstance(password, str) else password
    return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + secret).decode()}


class ChargePoint:
    """One WebSocket. Frames are lists; `sent` and `received` keep the texts in order."""

    def __init__(
        self,
        url: str,
        identity: str,
        *,
        subprotocols: list[str] | None = None,
        headers: dict[str, str] | None = None,
        password: str | bytes | None = None,
    ) -> None:
        headers = dict(headers or {})
        if password is not None:
            headers |= basic(identity, password)
        offered: list[Any] = [SUBPROTOCOL] if subprotocols is None else subprotocols
        self.identity = identity
        opening = connect(
            f"{url}{quote(identity, safe='')}",
            subprotocols=offered or None,
            additional_headers=headers,
            compression=None,
            open_timeout=ANSWER_WITHIN_S,
            ping_interval=None,
            close_timeout=5,
            max_size=None,
            proxy=None,
        )
        self._ending = contextlib.ExitStack()
        self.socket: ClientConnection = self._ending.enter_context(opening)
        self.waiting: dict[str, list[Any]] = {}
        self.calls: list[list[Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._ending.close()

    def vanish(self) -> None:
        """The line is cut: no close frame, the socket is gone."""
        with contextlib.suppress(OSError):
            self.socket.socket.shutdown(socket.SHUT_RDWR)
        self._ending.close()

    # --- frames ----------------------------------------------------------------------------------------

    def send(self, frame: Any) -> None:
        """A list is sent as compact JSON, text and bytes as they are."""
        if isinstance(frame, list | dict):
            frame = json.dumps(frame, separators=(",", ":"), ensure_ascii=False)
        self.socket.send(frame)

    def receive(self, timeout_s: float = ANSWER_WITHIN_S) -> list[Any]:
        return json.loads(self.socket.recv(timeout=timeout_s))

    def call(self, action: str, payload: Any = None, *, unique_id: str | None = None) -> str:
        """Send a CALL without waiting; gives its message id."""
        unique_id = str(uuid.uuid4()) if unique_id is None else unique_id
        self.send([2, unique_id, action, {} if payload is None else payload])
        return unique_id

    def answer_to(self, unique_id: str, timeout_s: float = ANSWER_WITHIN_S) -> list[Any]:
        """The CALLRESULT or CALLERROR with this id; what else arrives meanwhile is kept."""
        deadline = time.monotonic() + timeout_s
        while unique_id not in self.waiting:
            frame = self.receive(max(0.001, deadline - time.monotonic()))
            if frame[0] == 2:
                self.calls.append(frame)
            else:
                self.waiting[frame[1]] = frame
        return self.waiting.pop(unique_id)

    def ask(self, action: str, payload: Any = None, *, unique_id: str | None = None) -> list[Any]:
        """Send a CALL and give the whole answer."""
        return self.answer_to(self.call(action, payload, unique_id=unique_id))

    def result(self, action: str, payload: Any = None, *, unique_id: str | None = None) -> dict[str, Any]:
        """Send a CALL that must be answered with a CALLRESULT, and give its payload."""
        answer = self.ask(action, payload, unique_id=unique_id)
        assert answer[0] == 3, answer
        return answer[2]

    def refusal(self, action: str, payload: Any = None, *, unique_id: str | None = None) -> str:
        """Send a CALL that must be answered with a CALLERROR, and give its code."""
        answer = self.ask(action, payload, unique_id=unique_id)
        assert answer[0] == 4, answer
        assert len(answer) == 5
        assert isinstance(answer[3], str)
        assert len(answer[3]) <= 255
        assert isinstance(answer[4], dict)
        return answer[2]

    def next_call(self, timeout_s: float = ANSWER_WITHIN_S) -> list[Any]:
        """The next CALL of the central system."""
        deadline = time.monotonic() + timeout_s
        while not self.calls:
            frame = self.receive(max(0.001, deadline - time.monotonic()))
            if frame[0] == 2:
                self.calls.append(frame)
            else:
                self.waiting[frame[1]] = frame
        return self.calls.pop(0)

    def closed(self, timeout_s: float = ANSWER_WITHIN_S) -> tuple[int, str]:
        """Wait until the other side ends the connection: the code and reason it gave."""
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                frame = self.receive(max(0.001, deadline - time.monotonic()))
                (self.calls.append(frame) if frame[0] == 2 else self.waiting.update({frame[1]: frame}))
        except ConnectionClosed as end:
            return (end.rcvd.code, end.rcvd.reason) if end.rcvd else (1006, "")

    # --- what charge points usually send ---------------------------------------------------------------

    def boot(self) -> dict[str, Any]:
        return self.result("BootNotification", BOOT)

    def status(self, connector: int, status: str, at: datetime | None = None, **more: Any) -> None:
        self.result("StatusNotification", status_of(connector, status, at, **more))

    def start(self, **members: Any) -> dict[str, Any]:
        return self.result("StartTransaction", start_of(**members))

    def stop(self, transaction_id: int, **members: Any) -> dict[str, Any]:
        return self.result("StopTransaction", stop_of(transaction_id, **members))


def status_of(connector: int, status: str, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    payload = {"connectorId": connector, "errorCode": "NoError", "status": status} | more
    return payload if at is None else payload | {"timestamp": text_of(at)}


def start_of(
    connector: int = 1, id_tag: str = "TAG", meter: int = 1000, at: datetime | None = None, **more: Any
) -> dict[str, Any]:
    return {"connectorId": connector, "idTag": id_tag, "meterStart": meter, "timestamp": text_of(at)} | more


def stop_of(
    transaction_id: int, *, meter: int = 2000, at: datetime | None = None, **more: Any
) -> dict[str, Any]:
    return {"meterStop": meter, "timestamp": text_of(at), "transactionId": transaction_id} | more


def values_of(
    connector: int, *samples: Any, transaction_id: int | None = None, at: datetime | None = None
) -> dict[str, Any]:
    """MeterValues of one moment; a sample that is a number stands for the energy register in Wh."""
    sampled = [sample if isinstance(sample, dict) else {"value": str(sample)} for sample in samples]
    payload: dict[str, Any] = {
        "connectorId": connector,
        "meterValue": [{"timestamp": text_of(at), "sampledValue": sampled}],
    }
    return payload if transaction_id is None else payload | {"transactionId": transaction_id}


def text_of(at: datetime | None = None) -> str:
    return (at or now()).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now(**ago: float) -> datetime:
    """now(minutes=-10): ten minutes ago."""
    return datetime.now(UTC) + timedelta(**ago)


_numbers = itertools.count(1)


def unlike_any_other(prefix: str = "CP") -> str:
    """An identity that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:6]}-{next(_numbers)}"


# --- the handshake, byte by byte -----------------------------------------------------------------------


def handshake(
    http_url: str,
    target: str | bytes,
    *headers: str | bytes,
    subprotocol: str | None = SUBPROTOCOL,
    host: str | None = None,
) -> tuple[int, dict[str, str]]:
    """Ask for a WebSocket at this very request target; gives the HTTP status and the headers."""
    with opening(http_url, target, *headers, subprotocol=subprotocol, host=host) as (status, answered, _):
        return status, answered


@contextlib.contextmanager
def opening(
    http_url: str,
    target: str | bytes,
    *headers: str | bytes,
    subprotocol: str | None = SUBPROTOCOL,
    host: str | None = None,
) -> Iterator[tuple[int, dict[str, str], socket.socket]]:
    """The same, with the socket: whoever holds it speaks (or does not speak) for himself."""
    address = urlsplit(http_url)
    lines: list[bytes] = [
        b"GET " + (target.encode() if isinstance(target, str) else target) + b" HTTP/1.1",
        f"Host: {address.netloc if host is None else host}".encode(),
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}".encode())
    lines += [header.encode() if isinstance(header, str) else header for header in headers]
    with socket.create_connection((address.hostname, address.port), timeout=ANSWER_WITHIN_S) as raw:
        raw.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        text = b""
        while b"\r\n\r\n" not in text:
            chunk = raw.recv(1)
            if not chunk:
                break
            text += chunk
        head = text.decode("latin1").split("\r\n")
        answered = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        yield int(head[0].split(" ")[1]), {name.lower(): value for name, value in answered.items()}, raw
