"""One open WebSocket of a charge point: from the first frame in to the last answer out."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import msgspec

from csms.dialects.rules import Dialect
from csms.domain import facts
from csms.eventlog import event_types as et
from csms.eventlog.state import Batch, StreamState
from csms.gateway.backends import DatabaseAway
from csms.gateway.journal import Unit
from csms.gateway.lookups import ChargePointRecord
from csms.gateway.session import UNREADABLE_FRAMES_BEFORE_CLOSE, Session

if TYPE_CHECKING:
    from csms.gateway.runtime import Gateway

logger = logging.getLogger(__name__)

Receive = Any
Send = Any


class Connection:
    """number: the position of its connection.opened event, which is its name in the log."""

    def __init__(
        self,
        gateway: Gateway,
        charge_point: ChargePointRecord,
        dialect: Dialect,
        *,
        remote_address: str,
        receive: Receive,
        send: Send,
    ) -> None:
        self.identity = charge_point.identity
        self.waiting_since: float | None = None
        self._gateway = gateway
        self._dialect = dialect
        self._charge_point = charge_point
        self._remote_address = remote_address
        self._receive = receive
        self._send = send
        self._closing: tuple[int, str] | None = None
        self._close_then: tuple[int, str] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._budget, self._bytes_per_call = self._budget_of(charge_point)
        self.session = Session(
            charge_point,
            dialect,
            gateway.journal,
            gateway.lookups,
            send=self._send_text,
            call_timeout_s=gateway.options.call_timeout_s,
        )

    @property
    def number(self) -> int:
        return self.session.connection

    def _budget_of(self, charge_point: ChargePointRecord) -> tuple[Budget, int]:
        """How fast it is read: frames a second, and the characters of a frame that count as one more."""
        options = self._gateway.options
        if charge_point.registration == "Accepted":
            return Budget(options.max_calls_per_s, options.max_calls_burst), 16 * 1024
        return Budget(options.max_calls_per_s_unaccepted, options.max_calls_burst_unaccepted), 1024

    # --- life ------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Record that it is open; the handshake may be answered then."""
        journal = self._gateway.journal
        journal.hold(self.identity)
        await journal.submit(Unit(self.identity, self._opened, events=1))

    async def take_over(self) -> None:
        """The handshake is answered: take the charge point over from an older connection."""
        self._gateway.enter(self)
        await self._gateway.announce("connection.opened", stream=self.identity, connection=self.number)

    def _opened(self, state: StreamState, batch: Batch) -> None:
        body: dict[str, Any] = {
            "gateway": self._gateway.name,
            "remote_address": self._remote_address,
            "subprotocol": self._dialect.subprotocol,
            "security_profile": self._charge_point.security_profile,
        }
        opened = batch.record(
            state,
            et.CONNECTION_OPENED,
            payload=msgspec.json.encode(body).decode(),
            connection=0,
            facts_at=lambda position: (facts.ConnectionOpened(connection=position, **body),),
        )
        self.session.sender.connection = opened.position

    async def serve(self) -> int:
        """Read, record and answer until the socket ends. Gives the code that it ended with."""
        self.session.sender.pump()
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return int(message.get("code") or 1006)
            text = message.get("text")
            if text is None:
                await self._record_binary(message.get("bytes") or b"")
            else:
                await self._take(text)
            if self.session.unreadable_frames >= UNREADABLE_FRAMES_BEFORE_CLOSE:
                self.close(1007, "not OCPP")

    async def _take(self, text: str) -> None:
        loop = asyncio.get_running_loop()
        if delay := self._budget.seconds_to_wait(loop.time(), 1 + len(text) // self._bytes_per_call):
            await asyncio.sleep(delay)  # read slower; an error would only make it send again
        self.waiting_since = loop.time()
        try:
            answer = await self._gateway.journal.submit(self.session.unit_for(text))
        except Exception:  # the outer edge: record it, keep the connection where that is harmless
            logger.exception("%s: a frame could not be handled", self.identity)
            answer = await self._after_failure(text)
        self.waiting_since = None
        if answer is not None:
            await self._send_text(answer)
        if self._close_then is not None:
            self.close(*self._close_then)

    async def _after_failure(self, text: str) -> str | None:
        answer = await self._gateway.journal.submit(self.session.failure_unit(text))
        if answer is None:
            self.close(1011, "internal error")
        return answer

    async def _record_binary(self, data: bytes) -> None:
        """OCPP-J has text frames only; others are recorded (bounded) and count as unreadable."""
        self.session.unreadable_frames += 1
        unit = self.session.record_unit(
            f"binary frame, {len(data)} bytes: {data[:64].hex()}", et.FRAME_REJECTED
        )
        await self._gateway.journal.submit(unit)

    async def end(self, code: int) -> None:
        """Record that it is closed; what it had begun is finished first, because units keep their order."""
        self.session.sender.stop()
        self._gateway.leave(self)
        ours = self._closing
        code, reason = ours or (code, "")

        def decide(state: StreamState, batch: Batch) -> None:
            batch.record(
                state,
                et.CONNECTION_CLOSED,
                payload=msgspec.json.encode({"code": code, "reason": reason}).decode(),
                connection=self.number,
                facts=(facts.ConnectionClosed(self.number, code, reason),),
            )

        await self._gateway.journal.submit(Unit(self.identity, decide, events=1))
        self._gateway.journal.release(self.identity)

    # --- for others ------------------------------------------------------------------------------------

    def close(self, code: int, reason: str) -> None:
        """Ask for the end; `serve` returns when the socket has ended."""
        if self._closing is None:
            self._closing = (code, reason)
            self._spawn(self._send({"type": "websocket.close", "code": code, "reason": reason}))

    def close_when_answered(self, code: int, reason: str) -> None:
        """The same, but the frame that is being decided gets its answer first."""
        if self.waiting_since is None:
            self.close(code, reason)
        else:
            self._close_then = (code, reason)

    def give_up(self) -> None:
        """It could not be opened in time. Should that still be committed, its end is, right behind it."""
        self._spawn(self.end(1006))

    def refresh(self) -> None:
        """The operator edited the charge point's record: take it over, or end if it may not be here."""
        self._spawn(self._refresh())

    async def _refresh(self) -> None:
        try:
            record = await self._gateway.lookups.charge_point(self.identity)
        except DatabaseAway as away:
            logger.warning("%s: could not read its record again: %s", self.identity, away)
            return
        self.take_record(record)

    def take_record(self, record: ChargePointRecord | None) -> None:
        """Go on by the charge point's record as it is now."""
        known = self.session.charge_point
        if record == known:
            return
        if record is None:
            self.close(1008, "not known any more")
        elif (record.security_profile, record.password_digest) != (
            known.security_profile,
            known.password_digest,
        ):
            self.close(1008, "credentials changed")
        else:
            self.session.charge_point = record
            self._budget, self._bytes_per_call = self._budget_of(record)
            self.session.sender.pump()

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_text(self, text: str) -> None:
        if self._closing is None:
            await self._send({"type": "websocket.send", "text": text})


class Budget:
    """A token bucket: `rate` frames a second on average, `burst` at once."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Take one if there is one."""
        if self._left + (now - self._at) * self._rate < 1:
            return False
        self.seconds_to_wait(now)
        return True

    def seconds_to_wait(self, now: float, count: int = 1) -> float:
        """Take `count` frames; gives the seconds to wait before them."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - count
        self._at = now
        return 0.0 if self._left >= 0 else -self._left / self._rate
