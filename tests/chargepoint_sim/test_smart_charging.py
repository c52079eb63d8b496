"""Charging profiles on a charge point: taken in, cleared, told, obeyed (1.6 3.13, 5.5, 5.7, 5.16)."""

import itertools
from datetime import UTC, datetime

import msgspec
import pytest

from chargepoint_sim import hardware
from chargepoint_sim.models import MODELS
from tests.chargepoint_sim.stage import Stage


def at(stage, seconds):
    return datetime.fromtimestamp(stage.clock.now + seconds, UTC).isoformat().replace("+00:00", "Z")


def profile(
    *limits, number=1, purpose="TxDefaultProfile", level=0, kind="Absolute", unit="A", start=None, **more
):
    """limits: one for ever, or (startPeriod, limit[, phases]) each."""
    periods = [
        dict(zip(("startPeriod", "limit", "numberPhases"), period, strict=False))
        for period in (limits if isinstance(limits[0], tuple) else [(0, limits[0])])
    ]
    schedule = {"chargingRateUnit": unit, "chargingSchedulePeriod": periods}
    if start:
        schedule["startSchedule"] = start
    if "duration" in more:
        schedule["duration"] = more.pop("duration")
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    } | more


def install(stage, connector, *limits, **more):
    answer = stage.ask(
        "SetChargingProfile", connectorId=connector, csChargingProfiles=profile(*limits, **more)
    )
    return answer if isinstance(answer, str) else answer["status"]


def clear(stage, **which):
    return stage.ask("ClearChargingProfile", **which)["status"]


def drawn(stage, connector=1):
    return hardware.power(stage.cp.connector(connector).socket)


def installed(stage):
    return sorted(stage.cp.state.profiles)


def schedule(stage, connector=1, duration=3600, **more):
    return stage.ask("GetCompositeSchedule", connectorId=connector, duration=duration, **more)


# Taking in


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_default_limits_transactions_to_come_and_those_that_run(when):
    stage = Stage()
    if when == "before":
        install(stage, 0, 10.0, start=at(stage, 0))
    stage.charge()
    if when == "during":
        assert drawn(stage) == 11_000
        assert install(stage, 0, 10.0, start=at(stage, 0)) == "Accepted"
    assert drawn(stage) == 3 * 230 * 10
    assert clear(stage) == "Accepted"
    assert drawn(stage) == 11_000
    stage.check()


@pytest.mark.parametrize(
    ("connector", "changed", "expected"),
    [
        (0, {"purpose": "ChargePointMaxProfile"}, "Accepted"),
        (1, {"purpose": "ChargePointMaxProfile"}, "Rejected"),
        (1, {"purpose": "TxDefaultProfile"}, "Accepted"),
        (1, {"purpose": "TxProfile"}, "Accepted"),
        (1, {"purpose": "TxProfile", "transactionId": 1}, "Accepted"),
        (1, {"purpose": "TxProfile", "transactionId": 2}, "Rejected"),
        (2, {"purpose": "TxProfile"}, "Rejected"),
        (0, {"purpose": "TxProfile"}, "Rejected"),
        (3, {}, "PropertyConstraintViolation"),
        (-1, {}, "PropertyConstraintViolation"),
        (0, {"level": 10}, "Accepted"),
        (0, {"level": 11}, "Rejected"),
        (0, {"level": -1}, "Rejected"),
        (0, {"kind": "Recurring"}, "Rejected"),
        (0, {"kind": "Recurring", "recurrencyKind": "Daily"}, "Rejected"),
        (0, {"kind": "Recurring", "recurrencyKind": "Daily", "start": "2026-01-01T00:00:00Z"}, "Accepted"),
        (0, {"validFrom": "2026-01-02T00:00:00Z", "validTo": "2026-01-01T00:00:00Z"}, "Rejected"),
        (0, {"duration": -1}, "Rejected"),
        (0, {"purpose": "Nonsense"}, "PropertyConstraintViolation"),
    ],
)
def test_what_is_taken(connector, changed, expected):
    stage = Stage()
    stage.charge()
    assert install(stage, connector, 16, **changed) == expected
    assert installed(stage) == ([1] if expected == "Accepted" else [])
    stage.check()


@pytest.mark.parametrize(
    "limits",
    [[(5, 16)], [(0, 16), (60, 10), (30, 8)], [(0, 16), (0, 8)], [(0, -1)], [(0, 16, 4)], [(0, 16, 0)]],
    ids=["first not 0", "not ascending", "twice", "negative", "4 phases", "0 phases"],
)
def test_periods_that_cannot_be(limits):
    assert install(Stage(), 0, *limits) == "Rejected"


def test_there_are_limits_to_what_is_kept():
    stage = Stage(settings={"MaxChargingProfilesInstalled": "2", "ChargingScheduleMaxPeriods": "2"})
    assert install(stage, 0, (0, 16), (10, 15), (20, 14)) == "Rejected"
    assert [install(stage, 0, 16, number=n, level=n) for n in (1, 2, 3)] == ["Accepted"] * 2 + ["Rejected"]
    assert install(stage, 0, 10, number=2, level=5) == "Accepted", "the same id replaces"


def test_the_same_level_and_purpose_replaces_on_its_connector():
    stage = Stage()
    for number, connector in ((1, 1), (2, 2), (3, 1)):
        install(stage, connector, 16, number=number)
    assert installed(stage) == [2, 3]


def test_direct_current_takes_watts_only():
    stage = Stage(model="dc50")
    assert install(stage, 0, 16) == "Rejected"
    assert install(stage, 0, 20_000, unit="W") == "Accepted"
    stage.charge()
    assert drawn(stage) == 20_000


def test_a_product_without_smart_charging_says_so():
    stage = Stage(model="grumpy")
    assert install(stage, 0, 16) == "NotSupported"
    assert stage.ask("ClearChargingProfile") == "NotSupported"
    assert schedule(stage) == "NotSupported"
    stage.plug_in()
    own = profile(16, purpose="TxDefaultProfile")
    answer = stage.ask("RemoteStartTransaction", idTag="A", connectorId=1, chargingProfile=own)
    assert answer == {"status": "Accepted"}


@pytest.mark.parametrize(
    ("which", "left"),
    [
        ({}, []),
        ({"id": 2}, [1, 3, 4]),
        ({"id": 2, "connectorId": 0, "stackLevel": 9}, [1, 3, 4]),
        ({"id": 9}, None),
        ({"connectorId": 0}, [3, 4]),
        ({"connectorId": 1}, [1, 2, 4]),
        ({"chargingProfilePurpose": "ChargePointMaxProfile"}, [2, 3, 4]),
        ({"stackLevel": 0}, []),
        ({"connectorId": 0, "chargingProfilePurpose": "TxDefaultProfile"}, [1, 3, 4]),
        ({"connectorId": 1, "stackLevel": 1}, None),
    ],
)
def test_clearing(which, left):
    stage = Stage()
    install(stage, 0, 16, number=1, purpose="ChargePointMaxProfile")
    for number, connector in ((2, 0), (3, 1), (4, 2)):
        install(stage, connector, 16, number=number)
    assert clear(stage, **which) == ("Unknown" if left is None else "Accepted")
    assert installed(stage) == ([1, 2, 3, 4] if left is None else left)
    stage.check()


# Obeying


def test_the_meter_follows_the_periods():
    stage = Stage(settings={"MeterValueSampleInterval": "0"})
    stage.charge(charge_wh=0)
    install(stage, 1, (0, 16.0), (600, 8.0), (1200, 0.0), (1800, 32.0), purpose="TxProfile", kind="Relative")
    register = [stage.cp.energy_wh]
    for _ in range(4):
        stage.clock.run_for(600)
        register.append(stage.cp.energy_wh)
    gained = [round(b - a) for a, b in itertools.pairwise(register)]
    assert gained == pytest.approx([11_000 / 6, 3 * 230 * 8 / 6, 0, 11_000 / 6], abs=2)
    assert stage.statuses() == ["Preparing", "Charging", "SuspendedEVSE", "Charging"]


def test_a_pause_for_the_night_and_a_daily_limit():
    stage = Stage()
    start = "2026-01-01T19:00:00Z"
    install(stage, 0, 0, kind="Recurring", recurrencyKind="Daily", start=start, duration=3600)
    stage.charge(battery_wh=900_000)
    for _ in range(3):
        stage.forget()
        stage.clock.run_for(86400)
        assert stage.statuses() == ["SuspendedEVSE", "Charging"]


def test_validity_ends_a_limit_by_itself():
    stage = Stage()
    stage.charge()
    install(stage, 1, 10, start=at(stage, 0), validFrom=at(stage, 100), validTo=at(stage, 200))
    stage.clock.run_for(99)
    assert drawn(stage) == 11_000
    stage.clock.run_for(2)
    assert drawn(stage) == 6900
    stage.clock.run_for(100)
    assert drawn(stage) == 11_000


def test_levels_and_purposes_stack():
    stage = Stage()
    stage.charge()
    install(stage, 0, 12, number=1, level=0)
    install(stage, 0, 10, number=2, level=1, start=at(stage, 0), duration=60)
    assert drawn(stage) == 690 * 10
    install(stage, 1, 14, number=3, purpose="TxProfile", kind="Relative", duration=1000)
    assert drawn(stage) == 690 * 14, "the transaction's own goes before the defaults"
    install(stage, 0, 8, number=4, purpose="ChargePointMaxProfile", start=at(stage, 0))
    assert drawn(stage) == 690 * 8
    clear(stage, id=4)
    clear(stage, id=3)
    stage.clock.run_for(61)
    assert drawn(stage) == 690 * 12


@pytest.mark.parametrize(
    ("limits", "unit", "vehicle", "expected"),
    [
        ((9000,), "W", {}, 9000),
        ((16,), "A", {"ac_phases": 1, "ac_power_w": 7400}, 230 * 16),
        ((3680,), "W", {"ac_phases": 1, "ac_power_w": 7400}, 3680),
        (((0, 16, 1),), "A", {}, 11_000 / 3),
        (((0, 10, 1),), "A", {}, 2300),
        ((5.9,), "A", {}, 0),
        ((6,), "A", {}, 4140),
        ((4000,), "W", {}, 0),
    ],
    ids=[
        "watts",
        "1 phase",
        "1 phase watts",
        "to 1 phase",
        "to 1 phase less",
        "below 6 A",
        "6 A",
        "below 6 A in W",
    ],
)
def test_units_and_phases(limits, unit, vehicle, expected):
    stage = Stage()
    install(stage, 0, *limits, unit=unit)
    stage.charge(**vehicle)
    assert drawn(stage) == pytest.approx(expected)
    assert stage.cp.status(1) == ("Charging" if expected else "SuspendedEVSE")


def test_measured_and_offered_agree_with_the_limit():
    stage = Stage(
        settings={
            "MeterValuesSampledData": "Current.Import,Current.Offered,Power.Offered,Power.Active.Import"
        }
    )
    install(stage, 0, (0, 10, 1))
    stage.charge()
    stage.ask("TriggerMessage", requestedMessage="MeterValues", connectorId=1)
    values = {
        (v["measurand"], v.get("phase")): float(v["value"])
        for v in stage.of("MeterValues")[0]["meterValue"][0]["sampledValue"]
    }
    assert values["Power.Offered", None] == values["Power.Active.Import", None] == 2300
    assert values["Current.Import", "L1"] == pytest.approx(10, abs=0.2)
    assert values["Current.Import", "L2"] == values["Current.Import", "L3"] == 0
    assert values["Current.Offered", None] == pytest.approx(10, abs=0.2)


@pytest.mark.parametrize(
    ("limit", "unit", "expected"),
    [
        (20, "A", [6900, 6900]),
        (26, "A", [8970, 8970]),
        (13_800, "W", [6900, 6900]),
        (11, "A", [7590, 0]),
        (5, "A", [0, 0]),
    ],
    ids=["halves", "halves of more", "halves in watts", "too little for two", "too little for one"],
)
def test_the_maximum_of_the_charge_point_is_shared(limit, unit, expected):
    stage = Stage()
    install(stage, 0, limit, unit=unit, purpose="ChargePointMaxProfile", start=at(stage, 0))
    stage.charge("A", 1)
    stage.charge("B", 2)
    assert [drawn(stage, n) for n in (1, 2)] == pytest.approx(expected)
    stage.present("A", 1)
    alone = {"A": min(11_000, 690 * limit), "W": 11_000}[unit]
    assert drawn(stage, 2) == pytest.approx(0 if limit == 5 else alone)


def test_what_one_cannot_use_goes_to_the_other():
    stage = Stage()
    install(stage, 0, 26, purpose="ChargePointMaxProfile", start=at(stage, 0))
    install(stage, 1, 10, number=2)
    stage.charge("A", 1)
    stage.charge("B", 2)
    assert [drawn(stage, n) for n in (1, 2)] == [6900, 11_000 if 690 * 16 > 11_000 else 690 * 16]


def test_the_grid_is_shared_too():
    model = msgspec.structs.replace(MODELS["ac22"], grid_a=20.0)
    stage = Stage(model=model)
    stage.charge("A", 1)
    assert drawn(stage, 1) == 11_000
    stage.charge("B", 2)
    assert [drawn(stage, n) for n in (1, 2)] == [6900, 6900]
    answer = schedule(stage, 0)["chargingSchedule"]["chargingSchedulePeriod"]
    assert answer == [{"startPeriod": 0, "limit": 20.0}]


# Life and death of profiles


@pytest.mark.parametrize("end", ["stop", "power"])
def test_a_transactions_profile_ends_with_it(end):
    stage = Stage()
    stage.charge()
    install(stage, 1, 10, number=1, purpose="TxProfile")
    install(stage, 1, 12, number=2)
    assert installed(stage) == [1, 2]
    if end == "stop":
        stage.present()
    else:
        stage.cp.cut_power()
        stage.cp.power_on()
        stage.clock.run_for()
    assert installed(stage) == [2]
    stage.unplug()
    stage.charge("B")
    assert drawn(stage) == 690 * 12
    stage.check()


def test_profiles_survive_a_power_cut_and_work_offline():
    stage = Stage(settings={"AllowOfflineTxForUnknownId": "true"})
    install(stage, 0, (0, 10), (7200, 20), start=at(stage, 0))
    stage.central_system.is_reachable = False
    stage.cp.cut_power()
    stage.clock.run_for(3600)
    stage.cp.power_on()
    stage.charge()
    assert drawn(stage) == 6900
    stage.clock.run_for(3601)
    assert drawn(stage) == 11_000


@pytest.mark.parametrize("asks", ["true", "false"])
@pytest.mark.parametrize("first", ["cable", "command"])
def test_a_remote_start_may_bring_its_profile(first, asks):
    stage = Stage(settings={"AuthorizeRemoteTxRequests": asks})
    own = profile(10, purpose="TxProfile", kind="Relative")
    if first == "cable":
        stage.plug_in()
    answer = stage.ask("RemoteStartTransaction", idTag="A", connectorId=1, chargingProfile=own)
    assert answer == {"status": "Accepted"}
    if first == "command":
        stage.plug_in()
    assert drawn(stage) == 6900
    stage.present("A")
    assert installed(stage) == []
    stage.check()


@pytest.mark.parametrize(
    "changed",
    [{"purpose": "TxDefaultProfile"}, {"transactionId": 5}, {"level": 99}],
    ids=["purpose", "transaction", "level"],
)
def test_a_remote_start_with_a_bad_profile_is_rejected(changed):
    stage = Stage()
    stage.plug_in()
    own = profile(10, **({"purpose": "TxProfile"} | changed))
    answer = stage.ask("RemoteStartTransaction", idTag="A", connectorId=1, chargingProfile=own)
    assert answer == {"status": "Rejected"}
    assert not stage.of("StartTransaction")


def test_a_limit_follows_the_calendar_when_it_is_set():
    stage = Stage()
    stage.charge()
    install(stage, 0, (0, 16), (3600, 10), start=at(stage, 0))
    stage.central_system.answers["Heartbeat"] = {"currentTime": "2026-01-01T20:30:00Z"}
    stage.ask("TriggerMessage", requestedMessage="Heartbeat")
    stage.clock.run_for(1)
    assert drawn(stage) == 6900


# Telling


def test_a_composite_schedule():
    stage = Stage()
    stage.charge()
    install(stage, 1, (0, 16), (600, 8, 1), kind="Relative", purpose="TxProfile", duration=1200)
    stage.clock.run_for(60.5)
    assert schedule(stage) == {
        "status": "Accepted",
        "connectorId": 1,
        "scheduleStart": "2026-01-01T18:01:00Z",
        "chargingSchedule": {
            "duration": 3600,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 16.0},
                {"startPeriod": 540, "limit": 8.0, "numberPhases": 1},
                {"startPeriod": 1140, "limit": 32.0},
            ],
        },
    }
    watts = schedule(stage, chargingRateUnit="W")["chargingSchedule"]
    assert [p["limit"] for p in watts["chargingSchedulePeriod"]] == [11_040.0, 1840.0, 22_080.0]
    assert schedule(stage, 0)["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 48.0
    stage.check()


@pytest.mark.parametrize(
    ("model", "request_", "expected"),
    [
        ("ac22", {"connectorId": 9, "duration": 60}, "Rejected"),
        ("ac22", {"connectorId": 1, "duration": 0}, "Rejected"),
        ("ac22", {"connectorId": 1, "duration": 10**15}, "Rejected"),
        ("dc50", {"connectorId": 1, "duration": 60, "chargingRateUnit": "A"}, "Rejected"),
        ("dc50", {"connectorId": 1, "duration": 60}, "Accepted"),
    ],
)
def test_schedules_that_cannot_be_told(model, request_, expected):
    stage = Stage(model=model)
    answer = stage.ask("GetCompositeSchedule", **request_)
    assert answer["status"] == expected
    assert ("chargingSchedule" in answer) is (expected == "Accepted")
    stage.check()


def test_the_hardware_keeps_to_what_the_schedule_tells():
    """What is told for one connector in watts is what is offered, period after period."""
    stage = Stage()
    stage.charge(battery_wh=900_000)
    install(stage, 0, (0, 16), (500, 9.5), (900, 7), number=1, start=at(stage, -100))
    install(stage, 1, (0, 8), (300, 14), number=2, purpose="TxProfile", kind="Relative", duration=700)
    install(stage, 0, 8000, unit="W", number=3, purpose="ChargePointMaxProfile", start=at(stage, 350))
    told = schedule(stage, chargingRateUnit="W", duration=1200)["chargingSchedule"]["chargingSchedulePeriod"]
    assert len(told) == 5
    begin = stage.clock.now
    for period in told:
        stage.clock.run_until(begin + period["startPeriod"] + 1)
        assert stage.cp.connector(1).socket.offered_w == pytest.approx(period["limit"], abs=0.1)
