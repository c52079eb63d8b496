"""Who may charge: the decision on a presented token (sections 3.4, 3.5, 4.1 and 5.4 of the standard)."""

from collections.abc import Callable, Iterable
from typing import Any

from chargepoint_sim.v16 import availability, configuration, delivery, reservations, tokens, transactions
from chargepoint_sim.v16.charging_profiles import Profile
from chargepoint_sim.v16.state import Authorization, Connector, Inquiry, TokenInfo, Transaction, WaitingCall
from chargepoint_sim.v16.turn import Turn
from ocpp_core.v16 import core
from ocpp_core.v16.core import Reason
from ocpp_core.v16.types import AuthorizationStatus


def present(turn: Turn, number: int, id_token: str) -> None:
    """Somebody holds a token against the reader of a connector; 0 is the reader all connectors share."""
    connector = turn.outlet(number) if number else _choose(turn, id_token)
    if connector is None:
        turn.log(f"token {id_token}: no connector for it")
        return
    if connector.transaction is not None:
        _ask_to_stop(turn, connector, turn.state.transactions[connector.transaction], id_token)
    elif connector.authorization is not None:
        if tokens.is_same(connector.authorization.id_token, id_token):
            turn.log(f"connector {connector.number}: presented again, given up")
            withdraw(turn, connector)
    elif not availability.is_usable(turn, connector):
        turn.log(f"connector {connector.number}: cannot be used now ({connector.status})")
    else:
        ask_to_start(turn, connector, id_token)


def ask_to_start(
    turn: Turn,
    connector: Connector,
    id_token: str,
    *,
    is_remote: bool = False,
    profile: Profile | None = None,
) -> None:
    """Decide on a start: local list, cache, central system; or what is allowed while offline."""
    if _is_asking(turn, connector):
        return
    info, is_from_list = tokens.look_up(turn, id_token)
    is_valid = info is not None and info.is_valid(turn.utc)
    may_use = reservations.may_use(turn, connector, id_token, info.parent if info is not None else None)
    is_worth_asking = info is None and turn.state.is_online and reservations.might_use(turn, connector)
    if not may_use and not is_worth_asking:
        turn.log(f"token {id_token}: connector {connector.number} is kept for somebody else")
        return
    if turn.state.is_online:
        prefers_local = configuration.flag(turn.state, "LocalPreAuthorize") or is_remote
        if is_valid and prefers_local:
            grant(turn, connector, id_token, info, is_remote=is_remote, profile=profile)
        elif is_from_list and not is_valid and prefers_local:
            turn.log(f"token {id_token}: refused by the local list")
        else:
            inquiry = Inquiry(
                connector=connector.number, id_token=id_token, is_remote=is_remote, profile=profile
            )
            delivery.call(turn, core.Authorize.Request(id_tag=id_token), inquiry=inquiry)
    elif info is not None:
        if is_valid and configuration.flag(turn.state, "LocalAuthorizeOffline"):
            grant(turn, connector, id_token, info)
        else:
            turn.log(f"token {id_token}: refused offline")
    elif configuration.flag(turn.state, "AllowOfflineTxForUnknownId"):
        grant(turn, connector, id_token, None)
    else:
        turn.log(f"token {id_token}: unknown, refused offline")


def grant(
    turn: Turn,
    connector: Connector,
    id_token: str,
    info: TokenInfo | None,
    *,
    is_remote: bool = False,
    profile: Profile | None = None,
) -> None:
    """Charging may begin; without a cable ConnectionTimeOut runs."""
    connector.authorization = Authorization(
        id_token=id_token,
        parent=info.parent if info is not None else None,
        is_remote=is_remote,
        profile=profile,
    )
    if connector.socket is not None and not connector.socket.is_plugged:
        timeout = configuration.number(turn.state, "ConnectionTimeOut")
        turn.start_timer(f"connection:{connector.number}", turn.now + timeout)


def withdraw(turn: Turn, connector: Connector) -> None:
    connector.authorization = None
    turn.stop_timer(f"connection:{connector.number}")


def on_connection_timer(turn: Turn, number: int) -> None:
    """Nobody plugged in after the authorization."""
    connector = turn.state.connectors[number]
    if connector.transaction is None and connector.authorization is not None:
        turn.log(f"connector {number}: no cable in time")
        withdraw(turn, connector)


def on_authorize_result(turn: Turn, call: WaitingCall, response: core.Authorize.Response) -> None:
    inquiry, info = call.inquiry, response.id_tag_info
    if inquiry is None:
        return
    tokens.learn(turn, inquiry.id_token, info)
    connector = turn.state.connectors[inquiry.connector]
    is_accepted = info.status is AuthorizationStatus.ACCEPTED
    if inquiry.transaction is not None:
        transaction = turn.state.transactions.get(inquiry.transaction)
        is_running = transaction is not None and connector.transaction == transaction.number
        if (
            transaction is not None
            and is_running
            and is_accepted
            and _share_parent(transaction, info.parent_id_tag)
        ):
            transactions.stop(turn, connector, Reason.LOCAL, id_token=inquiry.id_token)
        else:
            turn.log(f"token {inquiry.id_token}: may not stop this transaction")
    elif not is_accepted:
        turn.log(f"token {inquiry.id_token}: {info.status.value}")
    elif not reservations.may_use(turn, connector, inquiry.id_token, info.parent_id_tag):
        turn.log(f"token {inquiry.id_token}: connector {connector.number} is kept for somebody else")
    elif availability.is_usable(turn, connector):
        grant(
            turn,
            connector,
            inquiry.id_token,
            tokens.to_info(turn, inquiry.id_token, info),
            is_remote=inquiry.is_remote,
            profile=inquiry.profile,
        )


def on_authorize_failure(turn: Turn, call: WaitingCall) -> None:
    """No answer: nothing happens while online; when the connection broke, the rules for offline apply."""
    inquiry = call.inquiry
    if inquiry is None or turn.state.is_online or inquiry.transaction is not None:
        return
    connector = turn.state.connectors[inquiry.connector]
    if availability.is_usable(turn, connector):
        ask_to_start(turn, connector, inquiry.id_token, profile=inquiry.profile)


def on_clear_cache(turn: Turn, request: core.ClearCache.Request) -> core.ClearCache.Response:
    """A cache that is switched off is cleared all the same."""
    turn.touch(*(f"token:{key}" for key in turn.state.cache))
    turn.state.cache.clear()
    return core.ClearCache.Response(status=core.ClearCacheStatus.ACCEPTED)


def _ask_to_stop(turn: Turn, connector: Connector, transaction: Transaction, id_token: str) -> None:
    """The token that started stops; another one when both have the same parent."""
    if tokens.is_same(transaction.id_token, id_token):
        transactions.stop(turn, connector, Reason.LOCAL, id_token=id_token)
        return
    info, _ = tokens.look_up(turn, id_token)
    if info is not None and info.is_valid(turn.utc) and _share_parent(transaction, info.parent):
        transactions.stop(turn, connector, Reason.LOCAL, id_token=id_token)
    elif turn.state.is_online and not _is_asking(turn, connector):
        inquiry = Inquiry(connector=connector.number, id_token=id_token, transaction=transaction.number)
        delivery.call(turn, core.Authorize.Request(id_tag=id_token), inquiry=inquiry)


def _share_parent(transaction: Transaction, parent: str | None) -> bool:
    return tokens.is_same(transaction.parent, parent)


def _is_asking(turn: Turn, connector: Connector) -> bool:
    """Is an Authorize for this connector on its way?"""
    traffic = turn.state.traffic
    pending = traffic.pending.waiting if traffic.pending is not None else None
    calls = [*traffic.waiting, pending] if pending is not None else traffic.waiting
    return any(call.inquiry is not None and call.inquiry.connector == connector.number for call in calls)


def _choose(turn: Turn, id_token: str) -> Connector | None:
    """For the shared reader: where this token charges, else where a cable waits, else any free connector."""
    for connector in turn.state.outlets:
        transaction = turn.state.transactions.get(connector.transaction or 0)
        holder = transaction.id_token if transaction is not None else None
        if connector.authorization is not None:
            holder = connector.authorization.id_token
        if tokens.is_same(holder, id_token):
            return connector
    return best_of(turn, turn.state.outlets, id_token)


def best_of(turn: Turn, connectors: Iterable[Connector], id_token: str) -> Connector | None:
    """Where a token should begin: on its reservation, where a cable waits, or on any free connector.

    One that is kept for others comes last: the central system may know that this token is one of them.
    """
    info, _ = tokens.look_up(turn, id_token)
    parent = info.parent if info is not None else None
    usable = [c for c in connectors if availability.is_usable(turn, c)]
    open_to_us = [c for c in usable if reservations.may_use(turn, c, id_token, parent)]
    open_to_us.sort(key=lambda c: (c.reservation is None, c.socket is None or not c.socket.is_plugged))
    return next(iter(open_to_us or usable), None)


HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {"ClearCache": on_clear_cache}
RESULTS: dict[str, Callable[[Turn, WaitingCall, Any], None]] = {"Authorize": on_authorize_result}
FAILURES: dict[str, Callable[[Turn, WaitingCall], None]] = {"Authorize": on_authorize_failure}
