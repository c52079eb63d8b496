"""Two peers and a network that delays, loses and repeats, against a model in plain words.

The model knows for each side the one call that waits and the calls that expired; from that follows what every
frame must be reported as. Hypothesis looks for an order of things in which a peer says something else.
"""

from collections import deque
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ocpp_core.action import CENTRAL_SYSTEM, CHARGE_POINT, Role
from ocpp_core.errors import LocalProtocolError, Violation
from ocpp_core.events import (
    AnswerUnexpected,
    CallExpired,
    CallReceived,
    ErrorReceived,
    Event,
    FrameRejected,
    ResultReceived,
)
from ocpp_core.payload import Payload
from ocpp_core.peer import EXPIRED_KEPT, Peer
from ocpp_core.v16 import CATALOGUE, ERROR_CODES, core

NOW = datetime(2024, 5, 1, tzinfo=UTC)
EXCHANGES: dict[Role, tuple[Payload, Payload]] = {
    CHARGE_POINT: (core.Heartbeat.Request(), core.Heartbeat.Response(current_time=NOW)),
    CENTRAL_SYSTEM: (
        core.ClearCache.Request(),
        core.ClearCache.Response(status=core.ClearCacheStatus.ACCEPTED),
    ),
}
ROLES = st.sampled_from(Role)
GARBAGE = ["", "[]", '[9,"1"]', "[3,1,{}]", '[2,"x","Frobnicate",{}]', '[2,"x"]']


class Network(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.now = 0.0
        self.calls = 0
        self.peers = {role: Peer(role, CATALOGUE, ERROR_CODES) for role in Role}
        self.on_the_way: dict[Role, deque[tuple[str, str, str]]] = {role: deque() for role in Role}  # to role
        self.received: dict[Role, list[str]] = {role: [] for role in Role}  # calls of the other side
        self.waiting: dict[Role, tuple[str, float] | None] = dict.fromkeys(Role)
        self.expired: dict[Role, list[str]] = {role: [] for role in Role}

    @rule(role=ROLES, patience=st.integers(1, 5))
    def call(self, role: Role, patience: int) -> None:
        request, _ = EXCHANGES[role]
        unique_id = str(self.calls)
        if self.waiting[role]:
            with pytest.raises(LocalProtocolError):
                self.peers[role].call(request, unique_id=unique_id, deadline=self.now)
            return
        self.calls += 1
        text = self.peers[role].call(request, unique_id=unique_id, deadline=self.now + patience)
        self.waiting[role] = (unique_id, self.now + patience)
        self.on_the_way[role.other].append(("call", unique_id, text))

    @rule(
        role=ROLES,
        kind=st.sampled_from(["result", "error", "nonsense"]),
        pick=st.integers(0, 9),
        keep=st.booleans(),
    )
    def answer(self, role: Role, kind: str, pick: int, keep: bool) -> None:
        """Answer any call received, in any order, perhaps more than once."""
        if not self.received[role]:
            return
        unique_id = self.received[role][pick % len(self.received[role])]
        if not keep:
            self.received[role].remove(unique_id)
        peer = self.peers[role]
        if kind == "result":
            text = peer.answer(unique_id, EXCHANGES[role.other][1])
        elif kind == "error":
            text = peer.refuse(unique_id, Violation.INTERNAL_ERROR, "no")
        else:
            text = f'[3,"{unique_id}",{{"nonsense":1}}]'
        self.on_the_way[role.other].append((kind, unique_id, text))

    @precondition(lambda self: any(self.on_the_way.values()))
    @rule(role=ROLES, fate=st.sampled_from(["arrives", "arrives", "arrives", "lost", "repeated", "delayed"]))
    def carry(self, role: Role, fate: str) -> None:
        if not self.on_the_way[role]:
            return
        frame = self.on_the_way[role].popleft()
        if fate == "delayed":
            self.on_the_way[role].append(frame)
        for _ in range({"arrives": 1, "repeated": 2}.get(fate, 0)):
            self.deliver(role, *frame)

    def deliver(self, role: Role, kind: str, unique_id: str, text: str) -> None:
        event = self.peers[role].receive_text(text)
        if kind == "call":
            request, _ = EXCHANGES[role.other]
            assert event == CallReceived(unique_id, CATALOGUE.action_of(request), request)
            self.received[role].append(unique_id)
            return
        waiting = self.waiting[role]
        if waiting and waiting[0] == unique_id:
            self.waiting[role] = None
            self.check_settled(role, kind, unique_id, event)
            return
        assert event == AnswerUnexpected(unique_id, late=unique_id in self.expired[role])
        if unique_id in self.expired[role]:
            self.expired[role].remove(unique_id)

    def check_settled(self, role: Role, kind: str, unique_id: str, event: Event) -> None:
        request, response = EXCHANGES[role]
        action = CATALOGUE.action_of(request)
        if kind == "result":
            assert event == ResultReceived(unique_id, action, request, response)
        elif kind == "error":
            assert event == ErrorReceived(unique_id, action, request, "InternalError", "no", {})
        else:
            assert isinstance(event, FrameRejected)
            assert (event.unique_id, event.request, event.is_answer) == (unique_id, request, True)

    @rule(role=ROLES, text=st.sampled_from(GARBAGE))
    def garbage(self, role: Role, text: str) -> None:
        event = self.peers[role].receive_text(text)
        assert isinstance(event, FrameRejected)
        assert event.request is None

    @rule(seconds=st.integers(0, 6))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        for role, peer in self.peers.items():
            waiting, event = self.waiting[role], peer.expire(self.now)
            if waiting and waiting[1] <= self.now:
                request, _ = EXCHANGES[role]
                assert event == CallExpired(waiting[0], CATALOGUE.action_of(request), request)
                self.waiting[role] = None
                self.expired[role] = [*self.expired[role], waiting[0]][-EXPIRED_KEPT:]
            else:
                assert event is None

    @invariant()
    def peers_agree_with_the_model(self) -> None:
        for role, peer in self.peers.items():
            pending = peer.pending
            assert (pending and (pending.unique_id, pending.deadline)) == self.waiting[role]
            assert peer.deadline == (self.waiting[role][1] if self.waiting[role] else None)  # type: ignore[index]


TestNetwork = Network.TestCase
TestNetwork.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
