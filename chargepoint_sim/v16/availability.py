"""Connectors as the outside sees them: status and its notification, availability (1.6 4.9 and 5.2)."""

from collections.abc import Callable
from typing import Any

from chargepoint_sim import hardware
from chargepoint_sim.models import Habit
from chargepoint_sim.v16 import configuration, delivery, smart_charging, status
from chargepoint_sim.v16.state import Connector, Fault, Report
from chargepoint_sim.v16.turn import Turn
from ocpp_core.v16 import core
from ocpp_core.v16.core import AvailabilityStatus, AvailabilityType, ChargePointErrorCode

Offers = dict[int, tuple[float, int | None]]
"""Watts and phases (None = all) by connector."""


def refresh(turn: Turn, connector: Connector, offered: Offers | None = None) -> None:
    """Bring energy and status in line with the facts, and report what changed."""
    offered = _offers(turn) if offered is None else offered
    _apply_schedule(turn, connector)
    if connector.socket is not None:
        _offer(turn, connector, connector.socket, offered)
    for next_status in status.path(connector.status, status.demand(connector)):
        connector.status = next_status
        connector.status_since_utc = turn.utc
        _changed(turn, connector)
    if current_report(connector) != connector.reported:
        _changed(turn, connector)


def refresh_all(turn: Turn) -> None:
    offered = _offers(turn)
    for connector in turn.state.connectors:
        refresh(turn, connector, offered)


def current_report(connector: Connector) -> Report:
    """What a status notification would say now."""
    fault = connector.fault
    if fault is None:
        return Report(connector.status, ChargePointErrorCode.NO_ERROR, connector.note)
    return Report(connector.status, fault.error_code, fault.info)


def report_all_that_changed(turn: Turn) -> None:
    """After acceptance or a reconnection: every present status that the central system does not know."""
    for connector in turn.state.connectors:
        if current_report(connector) != connector.reported:
            notify(turn, connector)


def notify(turn: Turn, connector: Connector, *, is_triggered: bool = False) -> None:
    """Send the present status."""
    report = current_report(connector)
    fault = connector.fault
    is_without_time = Habit.NO_STATUS_TIME in turn.state.model.habits
    request = core.StatusNotification.Request(
        connector_id=connector.number,
        error_code=report.error_code,
        info=report.info[:50] or None,
        status=report.status,
        timestamp=None if is_without_time else turn.moment,
        vendor_id=turn.state.model.vendor if fault is not None and fault.vendor_error_code else None,
        vendor_error_code=fault.vendor_error_code[:50]
        if fault is not None and fault.vendor_error_code
        else None,
    )
    connector.reported = report
    turn.stop_timer(f"status:{connector.number}")
    delivery.call(turn, request, is_triggered=is_triggered)


def warn(turn: Turn, connector: Connector, error_code: ChargePointErrorCode) -> None:
    """Tell of something odd that leaves the status as it is."""
    request = core.StatusNotification.Request(
        connector_id=connector.number,
        error_code=error_code,
        status=connector.status,
        timestamp=turn.moment,
    )
    delivery.call(turn, request)


def on_status_timer(turn: Turn, number: int) -> None:
    """A status has lasted MinimumStatusDuration."""
    connector = turn.state.connectors[number]
    if turn.state.is_online and current_report(connector) != connector.reported:
        notify(turn, connector)


def on_change_availability(
    turn: Turn, request: core.ChangeAvailability.Request
) -> core.ChangeAvailability.Response:
    """Connector 0 stands for everything; a busy connector changes after its transaction."""
    target = turn.connector(request.connector_id)
    if target is None:
        return core.ChangeAvailability.Response(status=AvailabilityStatus.REJECTED)
    wanted = request.type is AvailabilityType.OPERATIVE
    concerned = turn.state.connectors if target.number == 0 else [target]
    is_scheduled = False
    for connector in concerned:
        is_busy = connector.transaction is not None and connector.is_operative is not wanted
        connector.scheduled_operative = wanted if is_busy else None
        if not is_busy:
            _set_operative(connector, wanted)
        is_scheduled = is_scheduled or is_busy
        turn.touch(f"connector:{connector.number}")
    answer = AvailabilityStatus.SCHEDULED if is_scheduled else AvailabilityStatus.ACCEPTED
    return core.ChangeAvailability.Response(status=answer)


def set_fault(turn: Turn, connector: Connector, fault: Fault | None) -> None:
    """A fault comes or goes. Faulted never goes with NoError: whoever names no code gets OtherError."""
    if fault is not None and fault.error_code is ChargePointErrorCode.NO_ERROR:
        fault = Fault(
            error_code=ChargePointErrorCode.OTHER_ERROR, info=fault.info, is_warning=fault.is_warning
        )
    connector.fault = fault
    if fault is not None and not fault.is_warning:
        connector.authorization = None
        turn.stop_timer(f"connection:{connector.number}")


def is_usable(turn: Turn, connector: Connector) -> bool:
    """May a transaction begin here: in service, no fault, nothing running, nobody else about to begin?"""
    return (
        is_in_service(turn, connector)
        and not connector.is_held
        and connector.transaction is None
        and connector.authorization is None
        and not turn.state.link.resetting
    )


def is_in_service(turn: Turn, connector: Connector) -> bool:
    """Neither it nor the charge point as a whole is broken or inoperative."""
    station = turn.state.connectors[0]
    return (
        connector.is_operative
        and station.is_operative
        and not is_broken(connector)
        and not is_broken(station)
    )


def is_broken(connector: Connector) -> bool:
    """Does a fault keep it from charging?"""
    return connector.fault is not None and not connector.fault.is_warning


def _set_operative(connector: Connector, wanted: bool) -> None:
    connector.is_operative = wanted
    if not wanted:
        connector.is_finishing = False
        connector.authorization = None


def _apply_schedule(turn: Turn, connector: Connector) -> None:
    """A change that waited for the end of a transaction (and for the user to take the cable out)."""
    scheduled = connector.scheduled_operative
    if scheduled is None or connector.transaction is not None or connector.is_finishing:
        return
    connector.scheduled_operative = None
    _set_operative(connector, scheduled)
    turn.touch(f"connector:{connector.number}")


def _offers(turn: Turn) -> Offers:
    """What profiles and the grid leave for connectors where energy may flow; empty when nothing limits."""
    if not turn.state.profiles and turn.state.model.grid_a is None:
        return {}
    return smart_charging.offers(turn, [c for c in turn.state.outlets if _may_flow(turn, c)])


def _may_flow(turn: Turn, connector: Connector) -> bool:
    return (
        connector.transaction is not None
        and not connector.is_withheld
        and not is_broken(connector)
        and not is_broken(turn.state.connectors[0])
    )


def _offer(turn: Turn, connector: Connector, socket: hardware.Socket, offered: Offers) -> None:
    """Close or open the contactor, and set an alarm for the moment when the vehicle is full."""
    most = socket.type.max_power_w if _may_flow(turn, connector) else 0.0
    watts, phases = offered.get(connector.number, (most, None))
    hardware.offer(socket, min(most, watts), turn.now, phases=phases)
    done_in = hardware.seconds_until_done(socket)
    alarm = f"full:{connector.number}"
    if done_in is None:
        turn.stop_timer(alarm)
    elif abs(turn.state.timers.get(alarm, 0.0) - (turn.now + done_in)) > 0.01:
        turn.start_timer(alarm, turn.now + done_in + 0.001)


def _changed(turn: Turn, connector: Connector) -> None:
    """The status (or its error code) is new: report it now, or when it has lasted MinimumStatusDuration."""
    if not turn.state.is_online:
        return
    duration = configuration.number(turn.state, "MinimumStatusDuration")
    if duration == 0:
        notify(turn, connector)
    elif current_report(connector) == connector.reported:
        turn.stop_timer(f"status:{connector.number}")
    elif f"status:{connector.number}" not in turn.state.timers:
        turn.start_timer(f"status:{connector.number}", turn.now + duration)


HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {"ChangeAvailability": on_change_availability}
