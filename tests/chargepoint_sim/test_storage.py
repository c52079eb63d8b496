"""What survives a power cut, at whatever moment it comes."""

import itertools

import msgspec
import pytest

from chargepoint_sim import effects
from chargepoint_sim.hardware import Vehicle
from chargepoint_sim.models import MODELS
from chargepoint_sim.shell import MemoryStorage
from chargepoint_sim.testing import VirtualCentralSystem, VirtualChargePoint
from chargepoint_sim.v16.state import ChargePointState
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
