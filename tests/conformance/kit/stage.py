"""What a case plays on: charge points that connect, an operator, and what the system believes in the end."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.kit.target import Asked, Door, Session, Shown, Target
from tests.conformance.kit.wire import SUBPROTOCOL, ChargePoint, Failed, Refused, Trace

TIDY_METER = 1_000_000


class Stage:
    def __init__(self, target: Target, trace: Trace, *, answer_within_s: float) -> None:
        self.target = target
        self.trace = trace
        self.answer_within_s = answer_within_s
        self.unexercised: list[str] = []
        self._open: list[ChargePoint] = []

    # --- charge points

    def connect(
        self,
        door: Door | None = None,
        *,
        subprotocols: tuple[str, ...] = (SUBPROTOCOL,),
        password: str | None = None,
    ) -> ChargePoint:
        """A charge point that must be let in; without a door, a new one. password: instead of its own."""
        try:
            return self._connected(door or self.target.door(), subprotocols, password)
        except Refused as refused:
            raise Failed(f"expected to be let in, but {refused}") from None

    def turned_away(
        self,
        door: Door,
        *,
        subprotocols: tuple[str, ...] = (SUBPROTOCOL,),
        with_password: str | None = None,
    ) -> int:
        """A charge point that must not be let in. Gives the HTTP status; 101: let in, then closed."""
        try:
            charge_point = self._connected(door, subprotocols, with_password, own=False)
        except Refused as refused:
            return refused.status
        charge_point.expect_end(within_s=min(3, self.answer_within_s))
        return 101

    def _connected(
        self, door: Door, subprotocols: tuple[str, ...], password: str | None, own: bool = True
    ) -> ChargePoint:
        charge_point = ChargePoint(
            door,
            self.trace,
            subprotocols=subprotocols,
            password=door.password if own and password is None else password,
            answer_within_s=self.answer_within_s,
        )
        self._open.append(charge_point)
        return charge_point

    def leave(self) -> None:
        """Leave nothing running: the next case may have to use the same charge point and the same idTag."""
        if self._open and self._open[-1].is_open:
            stopped = {id_ for charge_point in self._open for id_ in charge_point.stopped}
            for id_ in {id_ for charge_point in self._open for id_ in charge_point.started} - stopped:
                self._open[-1].answer_within_s = min(2, self.answer_within_s)
                stop = {"transactionId": id_, "meterStop": TIDY_METER, "timestamp": moments(1)[0]}
                with contextlib.suppress(Failed):
                    self._open[-1].ask("StopTransaction", stop)
        while self._open:
            self._open.pop().close()

    def settle(self) -> None:
        """At the end of a script: the connection made last must still be served, if it was left open."""
        if self._open and self._open[-1].is_open:
            self._open[-1].ask("Heartbeat")

    # --- idTags, the operator, the sessions

    def id_tag(self, standing: str = "Accepted") -> str:
        return self.target.id_tag(standing)

    def can(self, need: str, duty: str) -> bool:
        """False when the target lacks it: then this duty was not exercised, and the case is PARTIAL."""
        reason = self.target.lacks(need)
        if reason:
            self.unexercised.append(f"not exercised: {duty} ({reason})")
        return not reason

    def operator(
        self, charge_point: ChargePoint, action: str, payload: dict[str, Any] | None = None
    ) -> Asked:
        self.trace.add("op", f"{action} {payload or {}}")
        return self.target.ask(charge_point.door, action, payload or {})

    def shows(self, asked: Asked, *, status: str = "", error: str = "") -> Shown:
        """The operator must be shown just this."""
        try:
            shown = asked.shown(self.answer_within_s)
        except TimeoutError:
            raise Failed(f"expected the operator to see {status or error}, but he sees nothing") from None
        self.trace.add("op", f"is shown {shown}")
        if (shown.status, shown.error) != (status, error):
            raise Failed(f"expected the operator to see {status or error}, but he sees {shown}")
        return shown

    def sessions(self, charge_point: ChargePoint, duty: str) -> list[Session] | None:
        """What the system believes of this charge point's transactions; None when it cannot be read."""
        if not self.can("sessions", duty):
            return None
        found = self.target.sessions(charge_point.door)
        self.trace.add("op", f"sessions {found}")
        return found


def check(is_so: bool, expected: str, came: Any) -> None:
    """Raises Failed unless it is so."""
    if not is_so:
        raise Failed(f"expected {expected}, but got {came!r}")


def moments(count: int, *, ago_s: int = 0, apart_s: int = 1) -> list[str]:
    """Times as charge points write them, the first one so many seconds ago."""
    first = datetime.now(UTC) - timedelta(seconds=ago_s)
    times = [first + timedelta(seconds=apart_s * number) for number in range(count)]
    return [at.isoformat(timespec="milliseconds").replace("+00:00", "Z") for at in times]
