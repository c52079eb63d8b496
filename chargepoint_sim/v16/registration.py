"""Connection, boot notification, heartbeat and clock (1.6 4.2 and 4.6, OCPP-J 5.3 and 6)."""

from collections.abc import Callable
from typing import Any

from chargepoint_sim.effects import Connect, Disconnect
from chargepoint_sim.models import Habit
from chargepoint_sim.v16 import (
    availability,
    configuration,
    delivery,
    firmware,
    metering,
    reservations,
    security_events,
)
from chargepoint_sim.v16.state import ChargePointState, Registration, WaitingCall
from chargepoint_sim.v16.turn import Turn, utc_of
from ocpp_core.payload import decode
from ocpp_core.v16 import core

BOOT_RETRY = 60.0
"""Pause (s) before the next boot notification when none is named, plus up to a quarter by chance."""
BOOT_RETRY_AFTER_FAILURE = 15.0
BACK_OFF_MINIMUM = 3.0
BACK_OFF_RANDOM = 10.0
BACK_OFF_REPEATS = 3
"""Reconnection waits minimum * 2 ** n + random, n up to this many (RetryBackOff... of OCPP 2.0.1)."""
SHORTEST_HEARTBEAT = 1.0
DAY = 86400.0


def on_connected(turn: Turn) -> None:
    link = turn.state.link
    link.is_connected = True
    link.fallback_profile = None
    link.failures = 0
    link.is_registered_anew = False
    turn.stop_timer("reconnect")
    if link.registration is Registration.ACCEPTED:
        go_online(turn)
    elif "boot" not in turn.state.timers:
        send_boot(turn)


def on_disconnected(turn: Turn, reason: str) -> list[WaitingCall]:
    """The connection is gone, or could not be opened; returns the calls that went with it."""
    link = turn.state.link
    was_connected, link.is_connected = link.is_connected, False
    lost = delivery.connection_lost(turn)
    for call in lost:
        if call.action == "StatusNotification":
            turn.state.connectors[_connector_of(call.payload)].reported = None
    if not was_connected and link.fallback_profile is not None:
        turn.log(f"no connection: back to security profile {link.fallback_profile}")
        turn.state.configuration["SecurityProfile"] = link.fallback_profile
        link.fallback_profile = None
        turn.touch("configuration")
    if was_connected:
        turn.log(f"connection lost{': ' if reason else ''}{reason}")
    if not turn.state.is_on or link.resetting:
        return lost
    doublings = min(link.failures, BACK_OFF_REPEATS)
    wait = BACK_OFF_MINIMUM * 2**doublings + BACK_OFF_RANDOM * turn.chance()
    link.failures += 1
    turn.start_timer("reconnect", turn.in_real(wait))
    return lost


def on_reconnect_timer(turn: Turn) -> None:
    if not turn.state.link.is_connected:
        turn.effects.append(Connect())


def register_anew(turn: Turn) -> list[WaitingCall]:
    """The central system has forgotten us and refuses with SecurityError: boot again, once a connection.

    The message it refused stays in the queue, uncounted. Returns the calls that are lost.
    """
    turn.log("not registered any more")
    turn.state.link.is_registered_anew = True
    turn.state.link.registration = Registration.NONE
    lost = delivery.connection_lost(turn)
    send_boot(turn)
    return lost


def serial_number(state: ChargePointState) -> str:
    return state.identity.encode("ascii", "replace").decode()[:25]


def send_boot(turn: Turn, *, is_triggered: bool = False) -> None:
    state = turn.state
    if delivery.is_on_its_way(turn, "BootNotification"):
        return
    model = state.model
    if Habit.BARE_BOOT in model.habits:
        request = core.BootNotification.Request(
            charge_point_vendor=model.vendor, charge_point_model=model.model
        )
    else:
        serial = serial_number(state)
        request = core.BootNotification.Request(
            charge_point_vendor=model.vendor,
            charge_point_model=model.model,
            charge_point_serial_number=serial,
            charge_box_serial_number=serial,
            firmware_version=firmware.version(turn),
            meter_type=model.meter_type or None,
            meter_serial_number=f"M-{serial}"[:25],
        )
    delivery.call(turn, request, is_triggered=is_triggered)


def on_boot_result(turn: Turn, call: WaitingCall, response: core.BootNotification.Response) -> None:
    """Accepted: interval is the heartbeat's. Otherwise: the pause before the next boot notification."""
    link = turn.state.link
    set_clock(turn, utc_of(response.current_time))
    link.registration = Registration(response.status.value)
    turn.log(f"registration {response.status.value}, interval {response.interval} s")
    if link.registration is not Registration.ACCEPTED:
        pause = float(response.interval) if response.interval > 0 else BOOT_RETRY * (1 + turn.chance() / 4)
        turn.start_timer("boot", turn.in_real(pause))
        return
    turn.stop_timer("boot")
    turn.state.counters.boots += 1
    for connector in turn.state.connectors:
        connector.reported = None  # what a trigger made us tell before counts for nothing (erratum 3.22)
    link.last_heartbeat = turn.now
    interval = str(response.interval)
    if response.interval > 0 and configuration.value(turn.state, "HeartbeatInterval") != interval:
        turn.state.configuration["HeartbeatInterval"] = interval
        turn.touch("configuration")
    go_online(turn)


def on_boot_failure(turn: Turn, call: WaitingCall) -> None:
    turn.start_timer("boot", turn.in_real(BOOT_RETRY_AFTER_FAILURE * (1 + turn.chance() / 4)))


def on_boot_timer(turn: Turn) -> None:
    if turn.state.link.is_connected and turn.state.link.registration is not Registration.ACCEPTED:
        send_boot(turn)


def go_online(turn: Turn) -> None:
    """Every kind of message may be sent from now on: statuses first, then what has waited in the queue."""
    availability.report_all_that_changed(turn)
    turn.state.traffic.backlog_until = turn.state.traffic.next_sequence
    watch_heartbeat(turn)
    metering.align_to_clock(turn)
    firmware.tell(turn)


def watch_heartbeat(turn: Turn) -> None:
    """Arm the heartbeat's timer; 0 is taken for once a day, which OCPP-J asks for in any case."""
    interval = float(configuration.number(turn.state, "HeartbeatInterval")) or DAY
    turn.start_timer("heartbeat", turn.in_real(max(SHORTEST_HEARTBEAT, interval)))


def on_heartbeat_timer(turn: Turn) -> None:
    """Due when nothing was sent for an interval, and once a day for the clock."""
    link, clock = turn.state.link, turn.state.clock
    if not turn.state.is_online:
        return
    interval = max(SHORTEST_HEARTBEAT, float(configuration.number(turn.state, "HeartbeatInterval")) or DAY)
    quiet = (turn.now - link.last_sent) * clock.rate
    is_eager = Habit.EAGER_HEARTBEAT in turn.state.model.habits
    if quiet < interval - 0.001 and not is_eager and (turn.now - link.last_heartbeat) * clock.rate < DAY:
        turn.start_timer("heartbeat", turn.in_real(interval - quiet))
        return
    if not delivery.is_on_its_way(turn, "Heartbeat"):
        send_heartbeat(turn)
    if Habit.REPEATS_STATUS in turn.state.model.habits:
        for connector in turn.state.connectors:
            availability.notify(turn, connector)
    watch_heartbeat(turn)


def send_heartbeat(turn: Turn, *, is_triggered: bool = False) -> None:
    delivery.call(turn, core.Heartbeat.Request(), is_triggered=is_triggered)


def on_heartbeat_result(turn: Turn, call: WaitingCall, response: core.Heartbeat.Response) -> None:
    turn.state.link.last_heartbeat = turn.now
    set_clock(turn, utc_of(response.current_time))


def set_clock(turn: Turn, utc: float) -> None:
    """Step the calendar when it is off by more than a second; timers run on and do not notice."""
    change = utc - turn.utc
    if abs(change) > 1.0 and Habit.IGNORES_TIME not in turn.state.model.habits:
        turn.log(f"clock set by {change:+.0f} s")
        move_clock(turn, change)
        security_events.note(turn, "SettingSystemTime", f"{change:+.0f} s")


def move_clock(turn: Turn, change: float) -> None:
    """The calendar shows another time from now on; what waits for a time of day waits anew."""
    utc = max(0.0, turn.utc + change)
    turn.state.clock.reference_utc = utc
    turn.state.clock.reference_now = turn.now
    metering.align_to_clock(turn)
    reservations.watch(turn)
    turn.stop_timer("profiles")  # armed anew at the end of the step


def close(turn: Turn, reason: str) -> None:
    """Close the connection on our own account."""
    if turn.state.link.is_connected:
        turn.effects.append(Disconnect(reason))


def _connector_of(payload: str) -> int:
    """The connector of a status notification that was never sent."""
    return int(decode(core.StatusNotification.Request, payload).connector_id)


RESULTS: dict[str, Callable[[Turn, WaitingCall, Any], None]] = {
    "BootNotification": on_boot_result,
    "Heartbeat": on_heartbeat_result,
}
FAILURES: dict[str, Callable[[Turn, WaitingCall], None]] = {"BootNotification": on_boot_failure}
