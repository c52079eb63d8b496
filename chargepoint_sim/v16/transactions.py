"""Transactions: start, stop, and what the central system answers (sections 4.8 and 4.10 of the standard)."""

from collections.abc import Callable
from typing import Any

from chargepoint_sim.v16 import (
    availability,
    configuration,
    delivery,
    metering,
    reservations,
    smart_charging,
    tokens,
)
from chargepoint_sim.v16.state import Connector, QueuedMessage, Transaction
from chargepoint_sim.v16.turn import Turn, moment_of
from ocpp_core.v16 import core
from ocpp_core.v16.core import ChargePointErrorCode, Reason
from ocpp_core.v16.types import AuthorizationStatus, ReadingContext


def start_if_ready(turn: Turn, connector: Connector) -> None:
    """A transaction begins when a token is authorized and the cable is in."""
    socket, leave = connector.socket, connector.authorization
    if leave is None or socket is None or not socket.is_plugged or connector.transaction is not None:
        return
    connector.authorization = None
    connector.is_finishing = False
    turn.stop_timer(f"connection:{connector.number}")
    if not availability.is_usable(turn, connector):
        return
    state = turn.state
    used = reservations.use(turn, connector, leave.id_token, leave.parent)
    transaction = Transaction(
        number=state.next_transaction,
        connector=connector.number,
        id_token=leave.id_token,
        parent=leave.parent,
        started_utc=turn.utc,
        meter_start_wh=metering.register_wh(turn, connector),
        reservation=used,
        last_seen_utc=turn.utc,
    )
    state.next_transaction += 1
    state.transactions[transaction.number] = transaction
    connector.transaction = transaction.number
    connector.is_withheld = False
    if leave.profile is not None:
        smart_charging.bind(turn, leave.profile, transaction)
    socket.is_locked = not socket.lock_is_stuck
    state.counters.transactions_started += 1
    turn.touch(f"transaction:{transaction.number}", f"hardware:{connector.number}", "counters")
    delivery.enqueue(
        turn,
        core.StartTransaction.Request(
            connector_id=connector.number,
            id_tag=leave.id_token,
            meter_start=transaction.meter_start_wh,
            reservation_id=used,
            timestamp=turn.moment,
        ),
        transaction.number,
    )
    metering.keep(turn, connector, "StopTxnSampledData", ReadingContext.TRANSACTION_BEGIN)
    metering.sample_periodically(turn, connector)


def stop(turn: Turn, connector: Connector, reason: Reason, *, id_token: str | None = None) -> None:
    """End the transaction of a connector; id_token: who stopped it, when somebody did."""
    transaction = turn.state.transactions.get(connector.transaction or 0)
    if transaction is None:
        return
    metering.keep(turn, connector, "StopTxnSampledData", ReadingContext.TRANSACTION_END)
    end(
        turn,
        transaction,
        reason,
        meter_wh=metering.register_wh(turn, connector),
        utc=turn.utc,
        id_token=id_token,
    )
    connector.transaction = None
    connector.is_withheld = False
    socket = connector.socket
    if socket is not None:
        connector.is_finishing = socket.is_plugged
        socket.is_locked = socket.is_locked and socket.lock_is_stuck
    turn.stop_timer(f"sample:{connector.number}")
    turn.touch(f"hardware:{connector.number}")


def end(
    turn: Turn,
    transaction: Transaction,
    reason: Reason,
    *,
    meter_wh: int,
    utc: float,
    id_token: str | None = None,
) -> None:
    """Queue the StopTransaction of a transaction, whether or not its connector still knows of it."""
    transaction.is_stopped = True
    smart_charging.forget(turn, transaction)
    turn.state.counters.transactions_stopped += 1
    delivery.enqueue(
        turn,
        core.StopTransaction.Request(
            id_tag=id_token or transaction.id_token,
            meter_stop=max(meter_wh, transaction.meter_start_wh),
            timestamp=moment_of(max(utc, transaction.started_utc)),
            transaction_id=delivery.UNCONFIRMED,
            reason=reason,
            transaction_data=metering.kept(transaction.data),
        ),
        transaction.number,
    )
    transaction.data = []
    turn.touch(f"transaction:{transaction.number}", "counters")


def stop_all(turn: Turn, reason: Reason) -> None:
    for connector in turn.state.outlets:
        stop(turn, connector, reason)


def on_start_result(turn: Turn, message: QueuedMessage, response: core.StartTransaction.Response) -> None:
    """The transaction gets its id; when the token was refused, charging ends one way or the other (4.8)."""
    transaction = turn.state.transactions.get(message.transaction or 0)
    if transaction is None:
        return
    info = response.id_tag_info
    transaction.transaction_id = response.transaction_id
    transaction.parent = info.parent_id_tag or transaction.parent
    turn.touch(f"transaction:{transaction.number}")
    tokens.learn(turn, transaction.id_token, info)
    if tokens.contradicts_list(turn, transaction.id_token, info):
        availability.warn(turn, turn.state.connectors[0], ChargePointErrorCode.LOCAL_LIST_CONFLICT)
    connector = turn.state.connectors[transaction.connector]
    if info.status is AuthorizationStatus.ACCEPTED or connector.transaction != transaction.number:
        return
    turn.log(f"connector {connector.number}: {transaction.id_token} refused: {info.status.value}")
    if configuration.flag(turn.state, "StopTransactionOnInvalidId"):
        stop(turn, connector, Reason.DE_AUTHORIZED)
    else:
        connector.is_withheld = True


def on_stop_result(turn: Turn, message: QueuedMessage, response: core.StopTransaction.Response) -> None:
    transaction = turn.state.transactions.get(message.transaction or 0)
    if transaction is not None and response.id_tag_info is not None:
        tokens.learn(turn, transaction.id_token, response.id_tag_info)


def end_after_power_loss(turn: Turn, reason: Reason) -> None:
    """After a start-up: stop what was running when the power went, as of when it was last seen alive."""
    for transaction in list(turn.state.transactions.values()):
        if transaction.is_stopped:
            continue
        connector = turn.state.connectors[transaction.connector]
        end(
            turn,
            transaction,
            reason,
            meter_wh=metering.register_wh(turn, connector),
            utc=transaction.last_seen_utc,
        )
        connector.is_finishing = connector.socket is not None and connector.socket.is_plugged


QUEUED_RESULTS: dict[str, Callable[[Turn, QueuedMessage, Any], None]] = {
    "StartTransaction": on_start_result,
    "StopTransaction": on_stop_result,
}
