"""A charge point as the suite plays it: JSON texts on a WebSocket, every frame traced and judged.

Judged at every frame, whatever the case is about: an answer belongs to a call that waits for one; a call of
the system has an id of at most 36 characters that is new on this connection, and comes only when its last one
is answered (OCPP-J 4.1.1); every payload satisfies the published schema of its message.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import socket
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.conformance.kit import schemas
from tests.conformance.kit.target import Door

SUBPROTOCOL = "ocpp1.6"
MAX_ID = 36
WRONG = "the call that is not right"  # in place of its action


class Failed(Exception):
    """The system under test did not do what it had to. The text says what was expected, and what came."""


class Refused(Exception):
    """The handshake was turned down; status: of HTTP, 0 when there was none."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"handshake turned down: {detail}")
        self.status = status


@dataclass
class Trace:
    """What went over the wires of a case, in order."""

    lines: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def add(self, who: str, what: str) -> None:
        shown = what if len(what) <= 400 else f"{what[:400]}... ({len(what)} characters)"
        self.lines.append(f"{time.monotonic() - self.begun:7.3f} {who} {shown}")


@dataclass(frozen=True)
class Call:
    """A request of the central system."""

    id: str
    action: str
    payload: dict[str, Any]


class ChargePoint:
    """One connection. Raises Refused when it is not let in."""

    _ids = itertools.count(1)

    def __init__(
        self,
        door: Door,
        trace: Trace,
        *,
        subprotocols: tuple[str, ...] = (SUBPROTOCOL,),
        password: str | None = None,
        answer_within_s: float = 20,
    ) -> None:
        self.door = door
        self.trace = trace
        self.answer_within_s = answer_within_s
        self._sent: dict[str, str] = {}  # id -> action, of calls without an answer yet
        self._answers: dict[str, list[Any]] = {}
        self._calls: list[Call] = []
        self._unanswered: Call | None = None
        self._their_ids: set[str] = set()
        self.started: set[int] = set()
        self.stopped: set[int] = set()
        self._ending = contextlib.ExitStack()
        trace.add("->", f"connect {door.url}{door.identity} {', '.join(subprotocols)}")
        self.socket = self._opened(subprotocols, password)
        self.subprotocol = self.socket.subprotocol
        self.is_open = True

    def _opened(self, subprotocols: tuple[str, ...], password: str | None) -> ClientConnection:
        headers = {}
        if password is not None:
            pair = f"{self.door.identity}:{password}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        try:
            return self._ending.enter_context(
                connect(
                    self.door.url + quote(self.door.identity, safe=""),
                    subprotocols=list(subprotocols) or None,  # type: ignore[arg-type]
                    additional_headers=headers,
                    compression=None,
                    open_timeout=self.answer_within_s,
                    ping_interval=None,
                    close_timeout=2,
                    max_size=None,
                    proxy=None,
                )
            )
        except InvalidStatus as refused:
            self.trace.add("<-", f"HTTP {refused.response.status_code}")
            raise Refused(refused.response.status_code, f"HTTP {refused.response.status_code}") from None
        except (InvalidHandshake, EOFError, OSError) as refused:
            self.trace.add("<-", f"no WebSocket: {refused}")
            raise Refused(0, str(refused)) from None

    def close(self) -> None:
        self.is_open = False
        self._ending.close()

    def vanish(self) -> None:
        """The line is cut: no close frame."""
        self.trace.add("--", "line cut")
        self.is_open = False
        with contextlib.suppress(OSError):
            self.socket.socket.shutdown(socket.SHUT_RDWR)
        self._ending.close()

    # --- out

    def send_text(self, text: str) -> None:
        self.trace.add("->", text)
        try:
            self.socket.send(text)
        except ConnectionClosed as end:
            raise Failed(f"expected an open connection, but the system had closed it: {end}") from None

    def call(self, action: str, payload: dict[str, Any] | None = None, *, id_: str | None = None) -> str:
        """Send a request without waiting; gives its id. What we send must be right, too."""
        payload = {} if payload is None else payload
        if wrong := list(schemas.problems(action, payload)):
            raise ValueError(f"the case itself is wrong: {wrong}")
        id_ = f"cp-{next(self._ids)}" if id_ is None else id_
        self._sent[id_] = action
        if action == "StopTransaction":
            self.stopped.add(payload["transactionId"])
        self.send_text(json.dumps([2, id_, action, payload], separators=(",", ":"), ensure_ascii=False))
        return id_

    def answer_to_text(self, text: str, id_: str) -> list[Any]:
        """Send a call as it stands, right or wrong; gives what comes back for its id."""
        self._sent[id_] = WRONG
        self.send_text(text)
        return self.answer_to(id_)

    def respond(self, call: Call, payload: dict[str, Any]) -> None:
        if wrong := list(schemas.problems(f"{call.action}Response", payload)):
            raise ValueError(f"the case itself is wrong: {wrong}")
        self._done(call)
        self.send_text(json.dumps([3, call.id, payload], separators=(",", ":")))

    def respond_error(self, call: Call, code: str, description: str = "") -> None:
        self._done(call)
        self.send_text(json.dumps([4, call.id, code, description, {}], separators=(",", ":")))

    def _done(self, call: Call) -> None:
        if self._unanswered and self._unanswered.id == call.id:
            self._unanswered = None

    # --- in

    def answer_to(self, id_: str) -> list[Any]:
        """The CALLRESULT or CALLERROR to one of our requests."""
        deadline = time.monotonic() + self.answer_within_s
        while id_ not in self._answers:
            self._read(deadline, f"an answer to {self._sent.get(id_)} ({id_})")
        return self._answers.pop(id_)

    def ask(
        self, action: str, payload: dict[str, Any] | None = None, *, id_: str | None = None
    ) -> dict[str, Any]:
        """Send a request; it must be answered with a CALLRESULT, which is given."""
        answer = self.answer_to(self.call(action, payload, id_=id_))
        if answer[0] != 3:
            raise Failed(f"expected a CALLRESULT to {action}, but got {json.dumps(answer)}")
        return answer[2]

    def expect_call(self, action: str, **members: Any) -> Call:
        """Wait for this request; what else the system asks meanwhile is declined. `members`: exactly so."""
        deadline = time.monotonic() + self.answer_within_s
        while True:
            while not self._calls:
                self._read(deadline, f"{action}.req")
            call = self._calls.pop(0)
            if call.action == action:
                break
            self.respond_error(call, "NotSupported", "not part of this case")
        for name, value in members.items():
            if call.payload.get(name) != value:
                came = json.dumps(call.payload)
                raise Failed(f"expected {action}.req with {name} {value!r}, but got {came}")
        return call

    def expect_end(self, within_s: float) -> None:
        """The system must end this connection."""
        deadline = time.monotonic() + within_s
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._take(self._receive(deadline, "the end of the connection"))
        self.trace.add("--", "closed by the system")
        self.is_open = False

    def _read(self, deadline: float, waiting_for: str) -> None:
        try:
            text = self._receive(deadline, waiting_for)
        except ConnectionClosed as end:
            raise Failed(f"expected {waiting_for}, but the connection ended: {end}") from None
        self._take(text)

    def _receive(self, deadline: float, waiting_for: str) -> str:
        left = max(0.001, deadline - time.monotonic())
        try:
            text = self.socket.recv(timeout=left)
        except TimeoutError:
            raise Failed(f"expected {waiting_for}, but nothing came in time") from None
        except ConnectionClosed:
            raise
        except WebSocketException as broken:
            raise Failed(f"expected {waiting_for}, but the WebSocket broke: {broken}") from None
        if not isinstance(text, str):
            raise Failed("expected a text frame, but got a binary one")
        self.trace.add("<-", text)
        return text

    def _take(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            raise Failed(f"expected JSON, but got {text[:200]!r}") from None
        match frame:
            case [2, str(id_), str(action), dict(payload)]:
                self._take_call(Call(id_, action, payload))
            case [3, str(id_), dict(payload)] if id_ in self._sent:
                action = self._sent.pop(id_)
                if action != WRONG:
                    self._judge(f"{action}Response", payload)
                if action == "StartTransaction":
                    self.started.add(payload["transactionId"])
                self._answers[id_] = frame
            case [4, str(id_), str(), str(), dict()] if id_ in self._sent:
                del self._sent[id_]
                self._answers[id_] = frame
            case [3 | 4, *_]:
                raise Failed(f"expected an answer to a call that waits for one, but got {text[:300]}")
            case _:
                raise Failed(f"expected a frame of OCPP-J, but got {text[:300]}")

    def _take_call(self, call: Call) -> None:
        if not 0 < len(call.id) <= MAX_ID:
            raise Failed(f"expected an id of 1 to {MAX_ID} characters, but got {call.id!r}")
        if call.id in self._their_ids:
            raise Failed(f"expected a new id for each call, but {call.id!r} came a second time")
        if self._unanswered is not None:
            waits = self._unanswered.action
            raise Failed(f"expected no call before {waits} is answered, but got {call.action}")
        self._judge(call.action, call.payload)
        self._their_ids.add(call.id)
        self._unanswered = call
        self._calls.append(call)

    def _judge(self, message: str, payload: dict[str, Any]) -> None:
        if wrong := "; ".join(schemas.problems(message, payload)):
            raise Failed(f"expected a payload as the schema has it, but {wrong}")
