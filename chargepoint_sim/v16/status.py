"""The status of a connector: one table, letters and numbers as in section 4.9 of the standard.

Theory. What a connector is follows from facts that change independently of each other: the cable, a token, a
transaction, the wishes of the vehicle, availability, faults. `demand` reads the facts and says in one word
what they ask for; the table says where that leads from the present status. Moves that the standard's table
does not have are made in two of its steps (`DETOURS`), so that the central system never sees a move outside
it. Nothing else changes `Connector.status`.
"""

import enum

from chargepoint_sim import hardware
from chargepoint_sim.v16.state import Connector
from ocpp_core import machine
from ocpp_core.v16.core import ChargePointStatus as Status


class Demand(enum.Enum):
    """What the facts of a connector ask for."""

    FREE = "nothing is going on"
    USE = "somebody has begun to use it"
    ENERGY = "a transaction runs and energy flows"
    VEHICLE_PAUSE = "a transaction runs and the vehicle takes nothing"
    SUPPLY_PAUSE = "a transaction runs and nothing is offered"
    END = "the transaction is over, the user must still act"
    RESERVE = "it is kept for somebody"
    DISABLE = "it is out of service"
    FAULT = "it cannot charge"


TRANSITIONS: dict[tuple[Status, Demand], Status] = {
    (Status.AVAILABLE, Demand.USE): Status.PREPARING,  # A2
    (Status.AVAILABLE, Demand.ENERGY): Status.CHARGING,  # A3
    (Status.AVAILABLE, Demand.VEHICLE_PAUSE): Status.SUSPENDED_EV,  # A4
    (Status.AVAILABLE, Demand.SUPPLY_PAUSE): Status.SUSPENDED_EVSE,  # A5
    (Status.AVAILABLE, Demand.RESERVE): Status.RESERVED,  # A7
    (Status.AVAILABLE, Demand.DISABLE): Status.UNAVAILABLE,  # A8
    (Status.AVAILABLE, Demand.FAULT): Status.FAULTED,  # A9
    (Status.PREPARING, Demand.FREE): Status.AVAILABLE,  # B1
    (Status.PREPARING, Demand.ENERGY): Status.CHARGING,  # B3
    (Status.PREPARING, Demand.VEHICLE_PAUSE): Status.SUSPENDED_EV,  # B4
    (Status.PREPARING, Demand.SUPPLY_PAUSE): Status.SUSPENDED_EVSE,  # B5
    (Status.PREPARING, Demand.END): Status.FINISHING,  # B6
    (Status.PREPARING, Demand.FAULT): Status.FAULTED,  # B9
    (Status.CHARGING, Demand.FREE): Status.AVAILABLE,  # C1
    (Status.CHARGING, Demand.VEHICLE_PAUSE): Status.SUSPENDED_EV,  # C4
    (Status.CHARGING, Demand.SUPPLY_PAUSE): Status.SUSPENDED_EVSE,  # C5
    (Status.CHARGING, Demand.END): Status.FINISHING,  # C6
    (Status.CHARGING, Demand.DISABLE): Status.UNAVAILABLE,  # C8
    (Status.CHARGING, Demand.FAULT): Status.FAULTED,  # C9
    (Status.SUSPENDED_EV, Demand.FREE): Status.AVAILABLE,  # D1
    (Status.SUSPENDED_EV, Demand.ENERGY): Status.CHARGING,  # D3
    (Status.SUSPENDED_EV, Demand.SUPPLY_PAUSE): Status.SUSPENDED_EVSE,  # D5
    (Status.SUSPENDED_EV, Demand.END): Status.FINISHING,  # D6
    (Status.SUSPENDED_EV, Demand.DISABLE): Status.UNAVAILABLE,  # D8
    (Status.SUSPENDED_EV, Demand.FAULT): Status.FAULTED,  # D9
    (Status.SUSPENDED_EVSE, Demand.FREE): Status.AVAILABLE,  # E1
    (Status.SUSPENDED_EVSE, Demand.ENERGY): Status.CHARGING,  # E3
    (Status.SUSPENDED_EVSE, Demand.VEHICLE_PAUSE): Status.SUSPENDED_EV,  # E4
    (Status.SUSPENDED_EVSE, Demand.END): Status.FINISHING,  # E6
    (Status.SUSPENDED_EVSE, Demand.DISABLE): Status.UNAVAILABLE,  # E8
    (Status.SUSPENDED_EVSE, Demand.FAULT): Status.FAULTED,  # E9
    (Status.FINISHING, Demand.FREE): Status.AVAILABLE,  # F1
    (Status.FINISHING, Demand.USE): Status.PREPARING,  # F2
    (Status.FINISHING, Demand.DISABLE): Status.UNAVAILABLE,  # F8
    (Status.FINISHING, Demand.FAULT): Status.FAULTED,  # F9
    (Status.RESERVED, Demand.FREE): Status.AVAILABLE,  # G1
    (Status.RESERVED, Demand.USE): Status.PREPARING,  # G2
    (Status.RESERVED, Demand.DISABLE): Status.UNAVAILABLE,  # G8
    (Status.RESERVED, Demand.FAULT): Status.FAULTED,  # G9
    (Status.UNAVAILABLE, Demand.FREE): Status.AVAILABLE,  # H1
    (Status.UNAVAILABLE, Demand.USE): Status.PREPARING,  # H2
    (Status.UNAVAILABLE, Demand.ENERGY): Status.CHARGING,  # H3
    (Status.UNAVAILABLE, Demand.VEHICLE_PAUSE): Status.SUSPENDED_EV,  # H4
    (Status.UNAVAILABLE, Demand.SUPPLY_PAUSE): Status.SUSPENDED_EVSE,  # H5
    (Status.UNAVAILABLE, Demand.FAULT): Status.FAULTED,  # H9
    (Status.FAULTED, Demand.FREE): Status.AVAILABLE,  # I1
    (Status.FAULTED, Demand.USE): Status.PREPARING,  # I2
    (Status.FAULTED, Demand.ENERGY): Status.CHARGING,  # I3
    (Status.FAULTED, Demand.VEHICLE_PAUSE): Status.SUSPENDED_EV,  # I4
    (Status.FAULTED, Demand.SUPPLY_PAUSE): Status.SUSPENDED_EVSE,  # I5
    (Status.FAULTED, Demand.END): Status.FINISHING,  # I6
    (Status.FAULTED, Demand.RESERVE): Status.RESERVED,  # I7
    (Status.FAULTED, Demand.DISABLE): Status.UNAVAILABLE,  # I8
}

DETOURS: dict[tuple[Status, Demand], Demand] = {
    (Status.AVAILABLE, Demand.END): Demand.USE,
    (Status.PREPARING, Demand.RESERVE): Demand.FREE,
    (Status.PREPARING, Demand.DISABLE): Demand.FREE,
    (Status.CHARGING, Demand.USE): Demand.END,
    (Status.CHARGING, Demand.RESERVE): Demand.FREE,
    (Status.SUSPENDED_EV, Demand.USE): Demand.END,
    (Status.SUSPENDED_EV, Demand.RESERVE): Demand.FREE,
    (Status.SUSPENDED_EVSE, Demand.USE): Demand.END,
    (Status.SUSPENDED_EVSE, Demand.RESERVE): Demand.FREE,
    (Status.FINISHING, Demand.ENERGY): Demand.USE,
    (Status.FINISHING, Demand.VEHICLE_PAUSE): Demand.USE,
    (Status.FINISHING, Demand.SUPPLY_PAUSE): Demand.USE,
    (Status.FINISHING, Demand.RESERVE): Demand.FREE,
    (Status.RESERVED, Demand.ENERGY): Demand.USE,
    (Status.RESERVED, Demand.VEHICLE_PAUSE): Demand.USE,
    (Status.RESERVED, Demand.SUPPLY_PAUSE): Demand.USE,
    (Status.RESERVED, Demand.END): Demand.USE,
    (Status.UNAVAILABLE, Demand.END): Demand.USE,
    (Status.UNAVAILABLE, Demand.RESERVE): Demand.FREE,
}

SHOWN_BY: dict[Status, Demand] = {
    Status.AVAILABLE: Demand.FREE,
    Status.PREPARING: Demand.USE,
    Status.CHARGING: Demand.ENERGY,
    Status.SUSPENDED_EV: Demand.VEHICLE_PAUSE,
    Status.SUSPENDED_EVSE: Demand.SUPPLY_PAUSE,
    Status.FINISHING: Demand.END,
    Status.RESERVED: Demand.RESERVE,
    Status.UNAVAILABLE: Demand.DISABLE,
    Status.FAULTED: Demand.FAULT,
}
"""The demand that each status satisfies."""


def demand(connector: Connector) -> Demand:
    """Read the facts of a connector; the first that applies counts."""
    if connector.fault is not None and not connector.fault.is_warning:
        return Demand.FAULT
    socket = connector.socket
    if socket is not None and connector.transaction is not None:
        if connector.is_withheld or socket.offered_w <= 0:
            return Demand.SUPPLY_PAUSE
        return Demand.ENERGY if hardware.power(socket) > 0 else Demand.VEHICLE_PAUSE
    if connector.is_finishing and connector.authorization is None:
        return Demand.END
    if not connector.is_operative or connector.is_held:
        return Demand.DISABLE
    if connector.reservation is not None and connector.authorization is None:
        return Demand.RESERVE  # the cable of somebody else does not change that
    if connector.authorization is not None or (socket is not None and socket.is_plugged):
        return Demand.USE
    return Demand.FREE


def path(status: Status, wanted: Demand) -> list[Status]:
    """The statuses to pass through until the demand is satisfied; empty when it already is.

    Raises IllegalInput for a demand that no row leads to; the tests walk all pairs.
    """
    steps: list[Status] = []
    while SHOWN_BY[status] is not wanted:
        status = machine.step(TRANSITIONS, status, DETOURS.get((status, wanted), wanted))
        steps.append(status)
    return steps
