"""One charge point that speaks OCPP 1.6, as a pure function: `step(state, input, now) -> (state, effects)`.

A step owns the state it is given: it changes it in place and hands it back, so nobody may hold on to the old
one (a copy is `msgspec.json` there and back). What makes it pure is that nothing else goes in or out: no
clock, no chance, no wire; the same state, input and time always give the same state and effects.

The order within a step: what the input asks for; then each connector is brought in line with the facts (start
of a transaction, energy, status); then the next call goes out; at last the changed parts are stored, and that
effect is moved to the front.
"""

from collections.abc import Callable
from typing import Any

from chargepoint_sim import hardware, inputs, randomness
from chargepoint_sim.effects import AnyEffect, Connect, Disconnect, Reboot, Send, Store
from chargepoint_sim.v16 import (
    authorization,
    availability,
    certificates,
    configuration,
    delivery,
    firmware,
    local_list,
    log_upload,
    metering,
    registration,
    remote_control,
    reservations,
    security_events,
    setting_changes,
    smart_charging,
    station_certificate,
    storage,
    transactions,
)
from chargepoint_sim.v16.state import ChargePointState, Fault, Registration, WaitingCall
from chargepoint_sim.v16.turn import Turn
from ocpp_core.errors import Rejection, RemoteProtocolError, Violation, violation_of
from ocpp_core.frames import Call, CallError, parse
from ocpp_core.v16.core import ChargePointErrorCode, Reason

HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {
    **authorization.HANDLERS,
    **availability.HANDLERS,
    **certificates.HANDLERS,
    **firmware.HANDLERS,
    **local_list.HANDLERS,
    **log_upload.HANDLERS,
    **remote_control.HANDLERS,
    **reservations.HANDLERS,
    **setting_changes.HANDLERS,
    **smart_charging.HANDLERS,
    **station_certificate.HANDLERS,
}
"""Calls of the central system by action: (turn, request) -> response. Others are refused as NotSupported."""

FOLLOWERS = delivery.Followers(
    results={
        **registration.RESULTS,
        **firmware.RESULTS,
        **station_certificate.RESULTS,
        **authorization.RESULTS,
    },
    queued_results={**transactions.QUEUED_RESULTS},
    failures={**registration.FAILURES, **authorization.FAILURES},
)


def step(
    state: ChargePointState, input: inputs.AnyInput, now: float
) -> tuple[ChargePointState, list[AnyEffect]]:
    """Let one thing happen. now: seconds on the inner clock, never less than before."""
    turn = Turn(state, now)
    _INPUTS[type(input)](turn, input)
    if state.is_on:
        _bring_in_line(turn)
    effects = turn.effects
    if turn.touched:
        effects.insert(0, Store(storage.texts(state, turn.touched)))
    return state, effects


def power_off(state: ChargePointState, now: float) -> list[hardware.Socket]:
    """The power goes: contactors open, and only the sockets remain (for `storage.restore`)."""
    sockets = [connector.socket for connector in state.outlets if connector.socket is not None]
    for socket in sockets:
        hardware.offer(socket, 0.0, now)
    return sockets


def _bring_in_line(turn: Turn) -> None:
    firmware.proceed(turn)
    reservations.settle(turn)
    for connector in turn.state.connectors:
        transactions.start_if_ready(turn, connector)
    smart_charging.watch(turn)
    availability.refresh_all(turn)
    delivery.pump(turn)
    if turn.state.link.resetting and remote_control.is_drained(turn):
        _reboot(turn)


def _on_powered_on(turn: Turn, input: inputs.PoweredOn) -> None:
    state = turn.state
    state.is_on = True
    # Mixed, so that one number and its neighbour lead to different message ids.
    _, state.random = randomness.draw(input.entropy & randomness.MASK)
    state.clock.reference_now = turn.now
    state.clock.reference_utc = turn.now if input.utc is None else input.utc
    state.clock.rate = input.rate
    state.link.last_heartbeat = turn.now
    for connector in state.outlets:
        if connector.socket is not None:
            hardware.advance(connector.socket, turn.now)
    reasons = {"Soft": Reason.SOFT_RESET, "Hard": Reason.HARD_RESET}
    security_events.note(turn, "ResetOrReboot" if input.after else "StartupOfTheDevice", input.after)
    firmware.resume(turn)
    reservations.watch(turn)
    transactions.end_after_power_loss(turn, reasons.get(input.after, Reason.POWER_LOSS))
    turn.effects.append(Connect())


def _on_connected(turn: Turn, input: inputs.Connected) -> None:
    if turn.state.is_on:
        registration.on_connected(turn)


def _on_disconnected(turn: Turn, input: inputs.Disconnected) -> None:
    _fail(turn, registration.on_disconnected(turn, input.reason))


def _fail(turn: Turn, lost: list[WaitingCall]) -> None:
    """These calls will never be answered."""
    for call in lost:
        if call.action in FOLLOWERS.failures and turn.state.is_on:
            FOLLOWERS.failures[call.action](turn, call)


def _on_frame(turn: Turn, input: inputs.FrameReceived) -> None:
    if not turn.state.is_on or not turn.state.link.is_connected:
        return
    try:
        frame = parse(input.text)
        if isinstance(frame, Call):
            _answer(turn, frame)
        elif isinstance(frame, CallError) and _is_forgotten(turn, frame):
            _fail(turn, registration.register_anew(turn))
        else:
            delivery.answered(turn, frame, FOLLOWERS)
    except RemoteProtocolError as error:
        _reject(turn, error)


def _is_forgotten(turn: Turn, frame: CallError) -> bool:
    """Was our call refused because the central system does not know of our registration?"""
    link, pending = turn.state.link, turn.state.traffic.pending
    return (
        violation_of(frame.code) is Violation.SECURITY_ERROR
        and link.registration is Registration.ACCEPTED
        and not link.is_registered_anew
        and pending is not None
        and pending.unique_id == frame.unique_id
    )


def _answer(turn: Turn, frame: Call) -> None:
    """Answer a call; what it sets off goes out after the answer. Raises RemoteProtocolError."""
    standing = turn.state.link.registration
    if standing is Registration.REJECTED:
        turn.log(f"{frame.action}: not answered, registration was rejected")
        return
    if standing is Registration.NONE:
        delivery.refuse(turn, frame.unique_id, Violation.SECURITY_ERROR, "registration is not accepted yet")
        return
    received = delivery.PEER.decode_call(frame)
    handler = HANDLERS.get(received.action.name)
    if handler is None:
        delivery.refuse(turn, frame.unique_id, Violation.NOT_SUPPORTED, f"{frame.action} is not offered here")
        return
    place = len(turn.effects)
    try:
        response = handler(turn, received.request)
    except RemoteProtocolError as error:
        delivery.refuse(turn, frame.unique_id, error.violation, error.description)
        return
    turn.effects.insert(place, Send(delivery.PEER.answer(frame.unique_id, response)))
    turn.state.link.last_sent = turn.now


def _reject(turn: Turn, error: RemoteProtocolError) -> None:
    """A frame that broke the rules: a call gets a CALLERROR, a broken answer ends the call it belongs to."""
    turn.log(f"bad frame: {error.description}")
    pending = turn.state.traffic.pending
    if error.is_answer and pending is not None and pending.unique_id == error.unique_id:
        delivery.settle(turn, None, FOLLOWERS)
    elif (
        error.is_answerable
        and error.unique_id is not None
        and error.rejection is not Rejection.UNKNOWN_MESSAGE_TYPE
    ):
        delivery.refuse(turn, error.unique_id, error.violation, error.description)


def _on_timer(turn: Turn, input: inputs.TimerFired) -> None:
    """A timer that was stopped or moved meanwhile is ignored."""
    at = turn.state.timers.get(input.name)
    if not turn.state.is_on or at is None or at > turn.now + 1e-6:
        return
    del turn.state.timers[input.name]
    name, _, number = input.name.partition(":")
    if number:
        _CONNECTOR_TIMERS[name](turn, int(number))
    else:
        _TIMERS[name](turn)


def _on_plugged_in(turn: Turn, input: inputs.PluggedIn) -> None:
    connector = turn.outlet(input.connector)
    if connector is None or connector.socket is None or connector.socket.is_plugged:
        turn.log(f"connector {input.connector}: nothing to plug into")
        return
    hardware.plug_in(connector.socket, input.vehicle, turn.now)
    connector.note = ""
    turn.stop_timer(f"connection:{input.connector}")
    turn.touch(f"hardware:{input.connector}")


def _on_unplugged(turn: Turn, input: inputs.Unplugged) -> None:
    """The cable comes out; a transaction ends or pauses (StopTransactionOnEVSideDisconnect)."""
    connector = turn.outlet(input.connector)
    if connector is None or connector.socket is None or not connector.socket.is_plugged:
        return
    if connector.transaction is not None and turn.state.is_on:
        connector.note = "EV side disconnected"
        if configuration.flag(turn.state, "StopTransactionOnEVSideDisconnect"):
            transactions.stop(turn, connector, Reason.EV_DISCONNECTED)
            if not connector.socket.type.is_cable_fixed:
                availability.refresh(turn, connector)
            connector.note = ""
    hardware.unplug(connector.socket, turn.now)
    connector.is_finishing = False
    turn.touch(f"hardware:{input.connector}")


def _on_id_token(turn: Turn, input: inputs.IdTokenPresented) -> None:
    if turn.state.is_on and not turn.state.link.resetting:
        authorization.present(turn, input.connector, input.id_token)


def _on_fault(turn: Turn, input: inputs.FaultAppeared) -> None:
    connector = turn.connector(input.connector)
    if connector is not None:
        fault = Fault(
            error_code=ChargePointErrorCode(input.error_code),
            info=input.info,
            vendor_error_code=input.vendor_error_code,
            is_warning=input.is_warning,
        )
        availability.set_fault(turn, connector, fault)


def _on_fault_cleared(turn: Turn, input: inputs.FaultCleared) -> None:
    connector = turn.connector(input.connector)
    if connector is not None:
        availability.set_fault(turn, connector, None)


def _on_vehicle_paused(turn: Turn, input: inputs.VehiclePaused) -> None:
    connector = turn.outlet(input.connector)
    if connector is not None and connector.socket is not None and connector.socket.vehicle is not None:
        hardware.advance(connector.socket, turn.now)
        connector.socket.vehicle.is_paused = input.is_paused


def _on_lock_stuck(turn: Turn, input: inputs.LockStuck) -> None:
    connector = turn.outlet(input.connector)
    if connector is not None and connector.socket is not None:
        connector.socket.lock_is_stuck = input.is_stuck


def _on_local_stop(turn: Turn, input: inputs.LocalStop) -> None:
    connector = turn.outlet(input.connector)
    if connector is not None and turn.state.is_on:
        transactions.stop(turn, connector, Reason.EMERGENCY_STOP if input.is_emergency else Reason.LOCAL)


def _on_downloaded(turn: Turn, input: inputs.Downloaded) -> None:
    if turn.state.is_on:
        firmware.on_downloaded(turn, input)


def _on_key_pair_made(turn: Turn, input: inputs.KeyPairMade) -> None:
    if turn.state.is_on:
        station_certificate.on_key_pair_made(turn, input)


def _on_uploaded(turn: Turn, input: inputs.Uploaded) -> None:
    if turn.state.is_on:
        log_upload.on_uploaded(turn, input)


def _on_clock_jumped(turn: Turn, input: inputs.ClockJumped) -> None:
    if turn.state.is_on:
        registration.move_clock(turn, input.seconds)


def _on_meter_tick(turn: Turn, input: inputs.MeterTick) -> None:
    for connector in turn.state.outlets:
        if connector.socket is not None:
            hardware.advance(connector.socket, turn.now)


def _on_full(turn: Turn, number: int) -> None:
    """The vehicle asks for no more; `_bring_in_line` sees it."""


def _on_call_timer(turn: Turn) -> None:
    pending = turn.state.traffic.pending
    if pending is not None:
        turn.log(f"{pending.action}: no answer in time")
        delivery.settle(turn, None, FOLLOWERS)


def _on_queue_timer(turn: Turn) -> None:
    """The pause before the next attempt is over; `delivery.pump` sees it."""


def _reboot(turn: Turn) -> None:
    """Switch off: nothing is left but storage and hardware."""
    state = turn.state
    kind = state.link.resetting
    for name in list(state.timers):
        turn.stop_timer(name)
    power_off(state, turn.now)
    state.is_on = False
    if state.link.is_connected:
        turn.effects.append(Disconnect(f"{kind} reset"))
    turn.effects.append(Reboot(kind, state.model.boot_seconds))


_INPUTS: dict[type, Callable[[Turn, Any], None]] = {
    inputs.PoweredOn: _on_powered_on,
    inputs.Connected: _on_connected,
    inputs.Disconnected: _on_disconnected,
    inputs.FrameReceived: _on_frame,
    inputs.TimerFired: _on_timer,
    inputs.PluggedIn: _on_plugged_in,
    inputs.Unplugged: _on_unplugged,
    inputs.IdTokenPresented: _on_id_token,
    inputs.FaultAppeared: _on_fault,
    inputs.FaultCleared: _on_fault_cleared,
    inputs.VehiclePaused: _on_vehicle_paused,
    inputs.LockStuck: _on_lock_stuck,
    inputs.MeterTick: _on_meter_tick,
    inputs.LocalStop: _on_local_stop,
    inputs.ClockJumped: _on_clock_jumped,
    inputs.Downloaded: _on_downloaded,
    inputs.Uploaded: _on_uploaded,
    inputs.KeyPairMade: _on_key_pair_made,
}

_TIMERS: dict[str, Callable[[Turn], None]] = {
    "call": _on_call_timer,
    "boot": registration.on_boot_timer,
    "heartbeat": registration.on_heartbeat_timer,
    "reconnect": registration.on_reconnect_timer,
    "queue": _on_queue_timer,
    "aligned": metering.on_aligned_timer,
    "reset": _reboot,
    "firmware": firmware.on_timer,
    "upload": log_upload.on_timer,
    "profiles": smart_charging.on_timer,
    "reservation": reservations.on_expiry_timer,
}

_CONNECTOR_TIMERS: dict[str, Callable[[Turn, int], None]] = {
    "connection": authorization.on_connection_timer,
    "sample": metering.on_sample_timer,
    "status": availability.on_status_timer,
    "full": _on_full,
}
