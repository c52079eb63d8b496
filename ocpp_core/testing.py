"""Two peers back to back, for tests of anything that talks OCPP."""

from collections.abc import Mapping

from ocpp_core.action import Catalogue, Role
from ocpp_core.errors import Violation
from ocpp_core.events import CallReceived, Event
from ocpp_core.payload import Payload
from ocpp_core.peer import Peer, Repair


class PeerPair:
    """A charge point and a central system without a network between them.

    Message ids count up. Deadlines are far away unless given; the clock is whatever expire() is told.
    """

    def __init__(
        self, catalogue: Catalogue, error_codes: Mapping[Violation, str], *, repair: Repair | None = None
    ) -> None:
        self.charge_point = Peer(Role.CHARGE_POINT, catalogue, error_codes, repair=repair)
        self.central_system = Peer(Role.CENTRAL_SYSTEM, catalogue, error_codes, repair=repair)
        self._calls = 0

    def peer(self, role: Role) -> Peer:
        return self.charge_point if role is Role.CHARGE_POINT else self.central_system

    def call(self, request: Payload, *, caller: Role, deadline: float = 1e9) -> tuple[str, Event]:
        """Send a request; gives the text and what the other side makes of it."""
        self._calls += 1
        text = self.peer(caller).call(request, unique_id=str(self._calls), deadline=deadline)
        return text, self.peer(caller.other).receive_text(text)

    def answer(self, call: CallReceived, response: Payload, *, caller: Role) -> tuple[str, Event]:
        """Answer a call of `caller`; gives the text and what `caller` makes of it."""
        text = self.peer(caller.other).answer(call.unique_id, response)
        return text, self.peer(caller).receive_text(text)

    def exchange(self, request: Payload, response: Payload, *, caller: Role) -> tuple[Event, Event]:
        """Call and answer; gives the event on each side."""
        _, received = self.call(request, caller=caller)
        assert isinstance(received, CallReceived), received
        _, result = self.answer(received, response, caller=caller)
        return received, result
