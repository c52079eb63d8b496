"""Visitors, in virtual time."""

import pytest

from chargepoint_sim.driver import Driver, Habits
from chargepoint_sim.models import MODELS
from tests.chargepoint_sim.stage import Stage


@pytest.mark.parametrize("model", MODELS)
def test_a_night_of_visitors(model):
    stage = Stage(model=model)
    driver = Driver(stage.cp, ["A", "B", "C"], seed=1)
    driver.start()
    stage.clock.run_for(10 * 3600)
    driver.stop()
    stage.clock.run_for(60)
    counters = stage.cp.state.counters
    assert counters.transactions_started == counters.transactions_stopped > 5
    assert len(stage.of("StopTransaction")) == counters.transactions_stopped
    assert {s["idTag"] for s in stage.of("StartTransaction")} == {"A", "B", "C"}
    assert {"Local", "EVDisconnected"} <= {s["reason"] for s in stage.of("StopTransaction")}
    assert all(stage.cp.status(c.number) == "Available" for c in stage.cp.state.outlets)
    assert stage.cp.state.counters.calls_failed == 0
    stage.check()


def test_the_same_seed_gives_the_same_night_to_the_byte():
    nights = []
    for _ in range(2):
        stage = Stage()
        Driver(stage.cp, ["A", "B"], seed=7).start()
        stage.clock.run_for(5 * 3600)
        nights.append([frame.text for frame in stage.cp.frames])
    assert nights[0] == nights[1]
    assert len(nights[0]) > 500


def test_those_who_are_refused_leave():
    stage = Stage({"Authorize": {"idTagInfo": {"status": "Invalid"}}})
    Driver(stage.cp, ["A"], habits=Habits(patience=10)).start()
    stage.clock.run_for(3600)
    assert not stage.of("StartTransaction")
    assert stage.statuses(1)[:4] == ["Preparing", "Available", "Preparing", "Available"]


def test_nobody_comes_while_the_power_is_off_and_they_come_again_afterwards():
    stage = Stage()
    Driver(stage.cp, ["A"]).start()
    stage.clock.run_for(3600)
    stage.cp.cut_power()
    stage.forget()
    stage.clock.run_for(7200)
    assert stage.actions() == []
    stage.cp.power_on()
    stage.clock.run_for(7200)
    assert stage.of("StartTransaction")


def test_those_who_are_refused_after_the_start_leave_too():
    refused = {"idTagInfo": {"status": "ConcurrentTx"}, "transactionId": 1}
    stage = Stage({"StartTransaction": refused}, connectors=1)
    Driver(stage.cp, ["A"], habits=Habits(first_arrival=1, pause=600)).start()
    stage.clock.run_for(300)
    assert [p["reason"] for p in stage.of("StopTransaction")] == ["DeAuthorized"]
    assert stage.cp.status(1) == "Available"


def test_nobody_carries_the_token_of_another_while_one_is_free():
    stage = Stage()
    Driver(stage.cp, ["A", "B"]).start()

    for _ in range(2000):
        stage.clock.run_for(10)
        running = {t.id_token for t in stage.cp.state.transactions.values() if not t.is_stopped}
        assert len(running) == sum(c.transaction is not None for c in stage.cp.state.outlets)
