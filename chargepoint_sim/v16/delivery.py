"""Getting calls to the central system: one at a time, transaction-related ones in order and never lost.

Two lines wait for the wire. `waiting` holds calls that are worth nothing later; they go with the connection.
`queue` holds StartTransaction, MeterValues and StopTransaction; it is stored, and a message leaves it only
when it was answered or when TransactionMessageAttempts are used up. Both lines share one sequence, so that in
ordinary times messages leave in the order of what happened; a backlog from before the connection lets the
statuses pass first.

The pending call is part of the state, to be found again after JSON and back. That is why this module works
with frames and payloads of `ocpp_core` and not with a `Peer`, which keeps its pending call to itself.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from msgspec.structs import replace

from chargepoint_sim.v16 import configuration
from chargepoint_sim.v16.state import Inquiry, PendingCall, QueuedMessage, Registration, WaitingCall
from chargepoint_sim.v16.turn import Turn
from ocpp_core.action import Role
from ocpp_core.errors import PayloadError, Violation
from ocpp_core.frames import CallError, CallResult, render_call
from ocpp_core.payload import Payload, decode, encode
from ocpp_core.peer import Peer
from ocpp_core.v16 import CATALOGUE, ERROR_CODES, core, security

PEER = Peer(Role.CHARGE_POINT, CATALOGUE, ERROR_CODES)
"""Used for what needs no memory: reading calls, answering, refusing."""

UNCONFIRMED = -1
"""transactionId of a transaction whose start was given up (erratum 3.18)."""

QUEUE_LIMIT = 2000
"""Messages kept before the older meter values are thinned out."""


class Followers(NamedTuple):
    """What to do when a call is over, by action; an action that is not there needs nothing."""

    results: dict[str, Callable[[Turn, WaitingCall, Any], None]]
    queued_results: dict[str, Callable[[Turn, QueuedMessage, Any], None]]
    failures: dict[str, Callable[[Turn, WaitingCall], None]]


def call(turn: Turn, request: Payload, *, inquiry: Inquiry | None = None, is_triggered: bool = False) -> None:
    """Put a call in line that is not transaction-related."""
    traffic = turn.state.traffic
    traffic.waiting.append(
        WaitingCall(
            sequence=traffic.next_sequence,
            unique_id=turn.new_id(),
            action=CATALOGUE.action_of(request).name,
            payload=encode(request).decode(),
            inquiry=inquiry,
            is_triggered=is_triggered,
        )
    )
    traffic.next_sequence += 1


def enqueue(turn: Turn, request: Payload, transaction: int | None) -> None:
    """Put a transaction-related message in the queue; its transactionId is filled in when it is sent."""
    traffic = turn.state.traffic
    traffic.queue.append(
        QueuedMessage(
            sequence=traffic.next_sequence,
            unique_id=turn.new_id(),
            action=CATALOGUE.action_of(request).name,
            payload=encode(request).decode(),
            transaction=transaction,
        )
    )
    turn.touch(f"queue:{traffic.next_sequence}")
    traffic.next_sequence += 1
    if len(traffic.queue) > QUEUE_LIMIT:
        _thin_out(turn)


def is_on_its_way(turn: Turn, action: str) -> bool:
    """Is such a call waiting, or waiting for its answer?"""
    traffic = turn.state.traffic
    pending = traffic.pending
    return (pending is not None and pending.action == action) or any(
        c.action == action for c in traffic.waiting
    )


def pump(turn: Turn) -> None:
    """Send the next call, if the wire is free and there is one that may go."""
    traffic = turn.state.traffic
    if traffic.pending is not None or not turn.state.link.is_connected:
        return
    waiting = _next_waiting(turn)
    queued = _next_queued(turn)
    if waiting is not None and (
        queued is None or waiting.sequence < max(queued.sequence, traffic.backlog_until)
    ):
        traffic.waiting.remove(waiting)
        traffic.pending = PendingCall(unique_id=waiting.unique_id, action=waiting.action, waiting=waiting)
        _send(turn, waiting.unique_id, waiting.action, waiting.payload)
    elif queued is not None:
        traffic.pending = PendingCall(
            unique_id=queued.unique_id, action=queued.action, queued=queued.sequence
        )
        _send(turn, queued.unique_id, queued.action, _with_transaction_id(turn, queued))


def answered(turn: Turn, frame: CallResult | CallError, followers: Followers) -> None:
    """Settle the pending call with its answer; an answer that nobody waits for changes nothing."""
    pending = turn.state.traffic.pending
    if pending is None or pending.unique_id != frame.unique_id:
        turn.log(f"an answer nobody waits for: {frame.unique_id}")
        return
    response: Payload | None = None
    if isinstance(frame, CallError):
        turn.log(f"{pending.action} was refused: {frame.code} {frame.description}".rstrip())
        if pending.action == "SecurityEventNotification":
            response = security.SecurityEventNotification.Response()  # it has arrived, and that is all
    else:
        try:
            response = decode(CATALOGUE[pending.action].Response, frame.payload)
        except PayloadError as error:
            turn.log(f"the answer to {pending.action} is not valid: {error.description}")
    settle(turn, response, followers)


def settle(turn: Turn, response: Payload | None, followers: Followers) -> None:
    """End the pending call, with its response or (None) as failed."""
    traffic = turn.state.traffic
    pending, traffic.pending = traffic.pending, None
    turn.stop_timer("call")
    if pending is None:
        return
    if response is None:
        turn.state.counters.calls_failed += 1
    if pending.waiting is not None:
        if response is None:
            if pending.action in followers.failures:
                followers.failures[pending.action](turn, pending.waiting)
        elif pending.action in followers.results:
            followers.results[pending.action](turn, pending.waiting, response)
        return
    message = next((m for m in traffic.queue if m.sequence == pending.queued), None)
    if message is None:
        return
    if response is None:
        _failed(turn, message)
    else:
        _remove(turn, message)
        if message.action in followers.queued_results:
            followers.queued_results[message.action](turn, message, response)
        _forget_if_over(turn, message)


def connection_lost(turn: Turn) -> list[WaitingCall]:
    """Put the unanswered message back without counting an attempt; give back the calls that are lost."""
    traffic = turn.state.traffic
    pending, traffic.pending = traffic.pending, None
    turn.stop_timer("call")
    lost, traffic.waiting = traffic.waiting, []
    return [pending.waiting, *lost] if pending is not None and pending.waiting is not None else lost


def _next_waiting(turn: Turn) -> WaitingCall | None:
    state = turn.state
    if state.is_online:
        return state.traffic.waiting[0] if state.traffic.waiting else None
    is_pending = state.link.registration is Registration.PENDING
    allowed = (
        w for w in state.traffic.waiting if w.action == "BootNotification" or (is_pending and w.is_triggered)
    )
    return next(allowed, None)


def _next_queued(turn: Turn) -> QueuedMessage | None:
    state = turn.state
    if not state.is_online or not state.traffic.queue or "queue" in state.timers:
        return None
    return state.traffic.queue[0]


def _send(turn: Turn, unique_id: str, action: str, payload: str) -> None:
    turn.start_timer("call", turn.in_real(configuration.number(turn.state, "MessageTimeout")))
    turn.send(render_call(unique_id, action, payload))


def _with_transaction_id(turn: Turn, message: QueuedMessage) -> str:
    """The payload, with the transactionId that the central system gave (or -1 when it never did)."""
    if message.transaction is None or message.action == "StartTransaction":
        return message.payload
    transaction = turn.state.transactions.get(message.transaction)
    transaction_id = transaction.transaction_id if transaction is not None else None
    request = cast(
        core.MeterValues.Request | core.StopTransaction.Request,
        decode(CATALOGUE[message.action].Request, message.payload),
    )
    return encode(
        replace(request, transaction_id=UNCONFIRMED if transaction_id is None else transaction_id)
    ).decode()


def _failed(turn: Turn, message: QueuedMessage) -> None:
    """A CALLERROR, a timeout or nonsense: try again later, in the end give up (1.6 section 3.7.1)."""
    message.attempts += 1
    turn.touch(f"queue:{message.sequence}")
    if message.action == "SecurityEventNotification":
        _to_the_end(turn, message)
        return
    if message.attempts < max(1, configuration.number(turn.state, "TransactionMessageAttempts")):
        pause = message.attempts * configuration.number(turn.state, "TransactionMessageRetryInterval")
        turn.start_timer("queue", turn.in_real(pause))
        return
    turn.log(f"{message.action} given up after {message.attempts} attempts")
    turn.state.counters.messages_discarded += 1
    _remove(turn, message)
    if message.action == "StartTransaction" and message.transaction in turn.state.transactions:
        turn.state.transactions[message.transaction].transaction_id = UNCONFIRMED
        turn.touch(f"transaction:{message.transaction}")
    _forget_if_over(turn, message)


def _to_the_end(turn: Turn, message: QueuedMessage) -> None:
    """What must arrive in any case, but need not hold up transactions."""
    traffic = turn.state.traffic
    traffic.queue.remove(message)
    message.sequence = traffic.next_sequence
    traffic.next_sequence += 1
    traffic.queue.append(message)
    turn.touch(f"queue:{message.sequence}")


def _thin_out(turn: Turn) -> None:
    """Memory is short: drop every second MeterValues but the newest, never a start or stop (erratum 3.91)."""
    traffic = turn.state.traffic
    pending = traffic.pending.queued if traffic.pending is not None else None
    values = [m for m in traffic.queue[:-1] if m.action == "MeterValues" and m.sequence != pending]
    dropped = {message.sequence for message in values[1::2]}
    traffic.queue = [message for message in traffic.queue if message.sequence not in dropped]
    turn.state.counters.messages_discarded += len(dropped)
    turn.touch(*(f"queue:{sequence}" for sequence in dropped), "counters")


def _remove(turn: Turn, message: QueuedMessage) -> None:
    turn.state.traffic.queue.remove(message)
    turn.touch(f"queue:{message.sequence}")


def _forget_if_over(turn: Turn, message: QueuedMessage) -> None:
    """A transaction is kept until its stop has left the queue."""
    if message.action == "StopTransaction" and message.transaction is not None:
        turn.state.transactions.pop(message.transaction, None)
        turn.touch(f"transaction:{message.transaction}")


def refuse(turn: Turn, unique_id: str, violation: Violation, description: str) -> None:
    turn.send(PEER.refuse(unique_id, violation, description))
