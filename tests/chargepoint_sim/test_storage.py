"""What survives a power cut, at whatever moment it comes."""

import itertools

import msgspec
import pytest

from chargepoint_sim import effects
from chargepoint_sim.hardware import Vehicle
from chargepoint_sim.models import MODELS
from chargepoint_sim.shell import MemoryStorage
from chargepoint_sim.testing import VirtualCentralSystem, VirtualChargePoint
from chargepoint_sim.v16.state import ChargePointState, Phase
from chargepoint_sim.v16.storage import restore
from tests.chargepoint_sim.stage import Stage, check_frames


class PowerCut(Exception):
    """The power went."""


class Fragile(VirtualChargePoint):
    """Loses its power right after its n-th effect; a frame that was being sent then may have got through."""

    def __init__(self, *arguments, dies_after=None, frame_gets_through=False, **options):
        super().__init__(*arguments, **options)
        self.performed = 0
        self.sends = []
        """Of each effect so far: was it a frame?"""
        self.dies_after = dies_after
        self.frame_gets_through = frame_gets_through

    def perform(self, effect):
        super().perform(effect)
        self.performed += 1
        self.sends.append(isinstance(effect, effects.Send))
        if self.performed == self.dies_after:
            if self.frame_gets_through and self.sends[-1]:
                self.central_system.receive(effect.text, self.clock.now)
            raise PowerCut


def script(cp):
    """Two sessions online, one of them through an outage, one cut short by the central system."""
    central_system, run = cp.central_system, cp.clock.run_for
    yield lambda: (cp.power_on(), run(1))
    yield lambda: (cp.plug_in(1, Vehicle()), run(5))
    yield lambda: (cp.present(1, "ONE"), run(125))
    yield lambda: (cp.plug_in(2, Vehicle()), cp.present(2, "TWO"), run(60))
    yield lambda: (setattr(central_system, "is_reachable", False), cp.drop_connection(), run(130))
    yield lambda: (cp.present(1, "ONE"), run(5))
    yield lambda: (cp.unplug(1), cp.plug_in(1, Vehicle()), cp.present(1, "ONE"), run(70))
    yield lambda: (setattr(central_system, "is_reachable", True), run(60))
    yield lambda: (central_system.call(cp, "RemoteStopTransaction", {"transactionId": 2}), run(5))
    yield lambda: (cp.unplug(2), run(5))


def the_end(cp):
    """Everybody goes home, and there is time to deliver what is left."""
    yield lambda: (setattr(cp.central_system, "is_reachable", True), cp.clock.run_for(120))
    yield lambda: [(cp.press_stop(number), cp.unplug(number)) for number in (1, 2)]
    yield lambda: cp.clock.run_for(600)
    yield lambda: cp.clock.run_for(600)


def run_script(cp):
    """Run it; after a power cut the charge point starts again and life goes on with the next line."""
    for line in itertools.chain(script(cp), the_end(cp)):
        try:
            line()
        except PowerCut:
            cp.cut_power()
            cp.clock.run_for(10)
            cp.power_on()
            cp.clock.run_for(60)


SETTINGS = {"AllowOfflineTxForUnknownId": "true", "StopTxnSampledData": "Energy.Active.Import.Register"}


def life(**options):
    cp = Fragile(VirtualCentralSystem(), configuration=SETTINGS, **options)
    run_script(cp)
    return cp


IS_SEND = life().sends
EFFECTS = len(IS_SEND)


def test_the_script_is_worth_cutting():
    cp = life()
    assert cp.state.counters.transactions_started == 3
    assert cp.performed == len(cp.sends) > 120
    assert sum(cp.sends) > 25


@pytest.mark.parametrize("gets_through", [False, True], ids=["frame lost", "frame got through"])
@pytest.mark.parametrize("decade", range(0, EFFECTS, 10))
def test_a_power_cut_after_any_effect_neither_loses_nor_doubles_a_transaction(decade, gets_through):
    for dies_after in range(decade + 1, min(decade + 10, EFFECTS) + 1):
        if gets_through and not IS_SEND[dies_after - 1]:
            continue
        cp = life(dies_after=dies_after, frame_gets_through=gets_through)
        where = f"cut after effect {dies_after}"
        central_system = cp.central_system
        assert cp.state.traffic.queue == [], where
        assert cp.state.transactions == {}, where
        assert not [p for p in cp.storage.read() if p.startswith(("queue:", "transaction:"))], where
        assert len(central_system.transactions) == cp.state.counters.transactions_started, where
        stops = {}
        for stop in central_system.of("StopTransaction"):
            assert stops.setdefault(stop["transactionId"], stop) == stop, where
        assert sorted(stops) == sorted(central_system.transactions.values()), where
        register = {1: 0, 2: 0}
        for (connector, _, timestamp, meter_start), transaction_id in sorted(
            central_system.transactions.items(), key=lambda item: item[0][2]
        ):
            stop = stops[transaction_id]
            assert register[connector] <= meter_start <= stop["meterStop"], where
            assert timestamp <= stop["timestamp"], where
            register[connector] = stop["meterStop"]
        check_frames(cp.frames)


def test_a_power_cut_with_the_process_restores_the_hardware_from_storage():
    storage = MemoryStorage()
    stage = Stage(storage=storage)
    stage.charge()
    stage.clock.run_for(125)
    reborn = Stage(storage=MemoryStorage(), booted=False)
    reborn.cp.storage.write(storage.read())
    reborn.clock.run_for(500)
    reborn.cp.power_on()
    reborn.clock.run_for()
    stop = reborn.of("StopTransaction")[0]
    assert stop["reason"] == "PowerLoss"
    assert stop["meterStop"] == int(11_000 * 120 / 3600), "as of the last sample"
    assert reborn.cp.status(1) == "Finishing"


@pytest.mark.parametrize("model", MODELS)
def test_the_state_goes_to_json_and_back(model):
    stage = Stage(model=model)
    stage.charge()
    stage.clock.run_for(100)
    stage.cp.fault(0, "WeakSignal", "one bar", is_warning=True)
    stage.central_system.answers["Heartbeat"] = None
    stage.clock.run_for(1000)
    text = msgspec.json.encode(stage.cp.state)
    assert msgspec.json.decode(text, type=ChargePointState) == stage.cp.state


def test_numbers_go_on_after_a_restart():
    stage = Stage()
    stage.charge()
    stored = stage.cp.storage.read()
    state = restore("CP1", stage.cp.model, stored)
    assert state.next_transaction == stage.cp.state.next_transaction == 2
    assert state.traffic.next_sequence <= stage.cp.state.traffic.next_sequence
    assert restore("CP1", stage.cp.model, {}).next_transaction == 1


def update_script(cp, url="http://files/fw-2.0.bin"):
    """A reservation, a profile, new firmware while somebody charges, and the reboot into it."""
    central_system, run = cp.central_system, cp.clock.run_for
    central_system.files[url] = b"x"
    period = {"startPeriod": 0, "limit": 10}
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]},
    }
    reservation = {"connectorId": 2, "expiryDate": "2027-01-01T00:00:00Z", "idTag": "A", "reservationId": 4}
    update = {"location": url, "retrieveDate": "2026-01-01T00:00:00Z"}
    yield lambda: (cp.power_on(), run(1))
    yield lambda: central_system.call(cp, "ReserveNow", reservation)
    yield lambda: central_system.call(
        cp, "SetChargingProfile", {"connectorId": 0, "csChargingProfiles": profile}
    )
    yield lambda: (cp.plug_in(1, Vehicle()), cp.present(1, "ONE"), run(60))
    yield lambda: central_system.call(cp, "UpdateFirmware", update)
    yield lambda: run(100)
    yield lambda: (cp.press_stop(1), cp.unplug(1), run(200))


PARTS = {"ReserveNow": "reservation:4", "SetChargingProfile": "profile:1", "UpdateFirmware": "firmware"}


def answered(cp):
    """Actions whose answers have left the charge point."""
    calls = {f.message[1]: f.action for f in cp.frames if f.direction == "in" and f.is_call}
    sent = (f.message for f in cp.frames if f.direction == "out")
    return {calls[message[1]] for message in sent if message[0] == 3}


def update_life(dies_after=None):
    cp = Fragile(VirtualCentralSystem(), dies_after=dies_after)
    for line in update_script(cp):
        try:
            line()
        except PowerCut:
            missing = {PARTS[action] for action in answered(cp)} - cp.storage.read().keys()
            assert not missing, f"answered and forgotten after effect {dies_after}"
            cp.cut_power()
            cp.clock.run_for(10)
            cp.power_on()
            cp.clock.run_for(60)
    cp.dies_after = None
    cp.clock.run_for(600)
    return cp


@pytest.mark.parametrize("decade", range(0, update_life().performed, 20))
def test_a_power_cut_after_any_effect_leaves_no_update_half_done(decade):
    for dies_after in range(decade + 1, decade + 21):
        cp = update_life(dies_after)
        state = cp.state
        asked = [frame for frame in cp.frames if frame.direction == "in" and frame.action == "UpdateFirmware"]
        if asked and state.firmware is not None:
            assert state.firmware.phase is Phase.OVER, dies_after
            assert state.firmware_version == "2.0", dies_after
            told = [p["status"] for p in cp.sent("FirmwareStatusNotification")]
            assert told.count("Installed") >= 1, dies_after
            assert cp.sent("BootNotification")[-1]["firmwareVersion"] == "2.0", dies_after
            assert not any(connector.is_held for connector in state.outlets), dies_after
        assert state.traffic.queue == [], dies_after
        assert state.transactions == {}, dies_after
        check_frames(cp.frames)
