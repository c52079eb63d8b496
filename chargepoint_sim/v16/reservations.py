"""Reservations: a connector, or any one of them, kept for somebody (sections 3.12, 5.1 and 5.13).

Theory. A reservation of connector n shows as Reserved there. One of connector 0 shows nowhere: it counts. A
connector may be used by others only while enough free ones are left for those that such reservations wait
for. `may_use` is the one gate that every start passes; `settle` ends what has no ground any more.
"""

from collections.abc import Callable
from typing import Any

from chargepoint_sim.v16 import availability, configuration, tokens
from chargepoint_sim.v16.state import Connector, Reservation
from chargepoint_sim.v16.turn import Turn, utc_of
from ocpp_core.v16 import reservation
from ocpp_core.v16.reservation import CancelReservationStatus, ReservationStatus


def on_reserve_now(turn: Turn, request: reservation.ReserveNow.Request) -> reservation.ReserveNow.Response:
    """The same reservationId replaces; a reservation that cannot be replaced stays as it is."""
    status = _verdict(turn, request)
    if status is ReservationStatus.ACCEPTED:
        end(turn, request.reservation_id)
        kept = Reservation(
            reservation_id=request.reservation_id,
            connector=request.connector_id,
            id_token=request.id_tag,
            parent=request.parent_id_tag,
            expires_utc=utc_of(request.expiry_date),
        )
        turn.state.reservations[kept.reservation_id] = kept
        turn.touch(f"reservation:{kept.reservation_id}")
        if kept.connector:
            turn.state.connectors[kept.connector].reservation = kept.reservation_id
        watch(turn)
    return reservation.ReserveNow.Response(status=status)


def on_cancel_reservation(
    turn: Turn, request: reservation.CancelReservation.Request
) -> reservation.CancelReservation.Response:
    if request.reservation_id not in turn.state.reservations:
        return reservation.CancelReservation.Response(status=CancelReservationStatus.REJECTED)
    end(turn, request.reservation_id)
    return reservation.CancelReservation.Response(status=CancelReservationStatus.ACCEPTED)


def end(turn: Turn, reservation_id: int) -> None:
    """Forget a reservation, if there is one of this id; its connector's status follows by itself."""
    gone = turn.state.reservations.pop(reservation_id, None)
    if gone is None:
        return
    turn.touch(f"reservation:{reservation_id}")
    if gone.connector:
        turn.state.connectors[gone.connector].reservation = None
    watch(turn)


def settle(turn: Turn) -> None:
    """End the reservations of what is broken or out of service."""
    if not turn.state.reservations:
        return
    for kept in list(turn.state.reservations.values()):
        if not availability.is_in_service(turn, turn.state.connectors[kept.connector]):
            turn.log(f"reservation {kept.reservation_id}: ended, connector {kept.connector} cannot serve it")
            end(turn, kept.reservation_id)


def watch(turn: Turn) -> None:
    """Arm the timer of the next expiry; also after the calendar was set."""
    expiries = [kept.expires_utc for kept in turn.state.reservations.values()]
    if expiries:
        turn.start_timer("reservation", turn.in_real(max(0.0, min(expiries) - turn.utc) + 0.001))
    else:
        turn.stop_timer("reservation")


def on_expiry_timer(turn: Turn) -> None:
    for kept in list(turn.state.reservations.values()):
        if kept.expires_utc <= turn.utc:
            turn.log(f"reservation {kept.reservation_id}: expired")
            end(turn, kept.reservation_id)
    watch(turn)


def may_use(turn: Turn, connector: Connector, id_token: str, parent: str | None = None) -> bool:
    """Is the connector free of the claims of others?"""
    if not turn.state.reservations:
        return True
    own = turn.state.reservations.get(connector.reservation or 0)
    if connector.reservation is not None and own is not None:
        return _is_for(own, id_token, parent)
    floating = [kept for kept in turn.state.reservations.values() if kept.connector == 0]
    if any(_is_for(kept, id_token, parent) for kept in floating):
        return True
    return _free_besides(turn, connector) >= len(floating)


def might_use(turn: Turn, connector: Connector) -> bool:
    """Could a token that we do not know be let in by its parent, which the central system would tell?"""
    own = turn.state.reservations.get(connector.reservation or 0)
    if connector.reservation is not None and own is not None:
        return own.parent is not None
    return any(kept.parent is not None for kept in turn.state.reservations.values() if not kept.connector)


def use(turn: Turn, connector: Connector, id_token: str, parent: str | None) -> int | None:
    """A transaction begins: the id of the reservation that it ends, if any.

    A reservation of another connector stays; one of connector 0 is used up wherever its holder charges.
    """
    mine = [
        kept
        for kept in turn.state.reservations.values()
        if kept.connector in (connector.number, 0) and _is_for(kept, id_token, parent)
    ]
    if not mine:
        return None
    used = max(mine, key=lambda kept: (kept.connector, -kept.expires_utc)).reservation_id
    end(turn, used)
    return used


def _verdict(turn: Turn, request: reservation.ReserveNow.Request) -> ReservationStatus:
    connector = turn.connector(request.connector_id)
    if (
        not configuration.offers(turn.state, reservation.PROFILE)
        or connector is None
        or utc_of(request.expiry_date) <= turn.utc
        or turn.state.link.resetting
        or (not connector.number and not configuration.flag(turn.state, "ReserveConnectorZeroSupported"))
    ):
        return ReservationStatus.REJECTED
    candidates = [connector] if connector.number else turn.state.outlets
    station = turn.state.connectors[0]
    if availability.is_broken(station) or all(map(availability.is_broken, candidates)):
        return ReservationStatus.FAULTED
    if not any(availability.is_in_service(turn, c) for c in candidates):
        return ReservationStatus.UNAVAILABLE
    replaced = request.reservation_id
    others = [r for r in turn.state.reservations.values() if r.reservation_id != replaced]
    floating = sum(1 for kept in others if kept.connector == 0) + (connector.number == 0)
    free = sum(1 for c in turn.state.outlets if _is_free(turn, c, besides=replaced))
    if connector.number:
        is_free = _is_free(turn, connector, besides=replaced) and free - 1 >= floating
    else:
        is_free = free >= floating
    return ReservationStatus.ACCEPTED if is_free else ReservationStatus.OCCUPIED


def _is_free(turn: Turn, connector: Connector, *, besides: int | None = None) -> bool:
    """Nobody is using it and nobody has reserved it (but for one reservation, about to be replaced)."""
    socket = connector.socket
    return (
        availability.is_usable(turn, connector)
        and socket is not None
        and not socket.is_plugged
        and (connector.reservation is None or connector.reservation == besides)
    )


def _free_besides(turn: Turn, connector: Connector) -> int:
    return sum(1 for other in turn.state.outlets if other is not connector and _is_free(turn, other))


def _is_for(kept: Reservation, id_token: str, parent: str | None) -> bool:
    """Tokens compare with tokens, parents with parents."""
    return tokens.is_same(kept.id_token, id_token) or tokens.is_same(kept.parent, parent)


HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {
    "ReserveNow": on_reserve_now,
    "CancelReservation": on_cancel_reservation,
}
