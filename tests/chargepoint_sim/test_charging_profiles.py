"""Composite schedules and the limits they are made of (1.6 3.13, 5.7, errata 3.8 and 3.43 to 3.79).

`data/composite_schedules.json` holds whole situations: what is installed, what runs, the request, the answer.
"""

import json
from datetime import datetime
from pathlib import Path

import pytest

from chargepoint_sim.v16 import charging_profiles
from chargepoint_sim.v16.charging_profiles import DAY, WEEK, Limit, Period, Profile, Session, Site
from ocpp_core.v16.types import ChargingProfilePurposeType as Purpose
from ocpp_core.v16.types import ChargingRateUnitType as Unit

SITUATIONS = json.loads((Path(__file__).parent / "data" / "composite_schedules.json").read_text())


def seconds(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) if text else None


def read(entry):
    """A profile out of the JSON of a SetChargingProfile, by this test's own reading of it."""
    profile = entry["csChargingProfiles"]
    schedule = profile["chargingSchedule"]
    kind = profile["chargingProfileKind"]
    return Profile(
        profile_id=profile["chargingProfileId"],
        connector=entry["connectorId"],
        purpose=Purpose(profile["chargingProfilePurpose"]),
        stack_level=profile["stackLevel"],
        unit=Unit(schedule["chargingRateUnit"]),
        periods=tuple(
            Period(p["startPeriod"], p["limit"], p.get("numberPhases"))
            for p in schedule["chargingSchedulePeriod"]
        ),
        start=None if kind == "Relative" else seconds(schedule.get("startSchedule")),
        duration=schedule.get("duration"),
        every={"Daily": DAY, "Weekly": WEEK}[profile["recurrencyKind"]] if kind == "Recurring" else None,
        valid_from=seconds(profile.get("validFrom")),
        valid_to=seconds(profile.get("validTo")),
        transaction=profile.get("transactionId"),
    )


@pytest.mark.parametrize("case", SITUATIONS, ids=lambda case: f"{case['id']} {case['title']}")
def test_composite_schedules(case):
    station, request = case["station"], case["request"]
    unit = request.get("chargingRateUnit", station["defaultUnit"])
    if case["expected"]["status"] == "Rejected":
        assert request["connectorId"] > station["connectors"] or unit not in station["allowedUnits"]
        return  # decided before any arithmetic; see test_smart_charging.py
    installed = []
    for entry in case["profiles"]:
        installed = charging_profiles.install(installed, read(entry))
    site = Site(
        voltage=station["voltage"],
        local=[Limit(station["localLimitA"], Unit.A, station["phases"])] * station["connectors"],
        grid=Limit(station["gridLimitA"], Unit.A, station["phases"]),
        sessions={
            t["connectorId"]: Session(t["transactionId"], seconds(t["start"])) for t in case["transactions"]
        },
    )
    rules = charging_profiles.composite(
        installed,
        site,
        request["connectorId"],
        now=seconds(case["now"]),
        duration=request["duration"],
        unit=Unit(unit),
    )
    periods = [
        {"startPeriod": start, "limit": limit} | ({} if phases == 3 else {"numberPhases": phases})
        for start, limit, phases in rules
    ]
    assert periods == case["expected"]["chargingSchedule"]["chargingSchedulePeriod"]


SITE = Site(voltage=230.0, local=[Limit(32.0, Unit.A)] * 2)


def profile(**changed):
    fields = {
        "profile_id": 1,
        "connector": 1,
        "purpose": Purpose.TX_DEFAULT_PROFILE,
        "stack_level": 0,
        "unit": Unit.A,
        "periods": (Period(0, 10.0), Period(100, 20.0)),
        "start": 1000,
    }
    return Profile(**(fields | changed))


@pytest.mark.parametrize(
    ("changed", "now", "expected"),
    [
        ({}, 0, 1000),
        ({}, 1000, 1100),
        ({}, 1100, None),
        ({"duration": 300}, 1100, 1300),
        ({"duration": 300, "every": DAY}, 1300, 1000 + DAY),
        ({"every": WEEK}, 1100.5, 1000 + WEEK),
        ({"valid_from": 900, "valid_to": 1050}, 0, 900),
        ({"valid_from": 900, "valid_to": 1050}, 1000, 1050),
    ],
)
def test_the_next_change(changed, now, expected):
    assert charging_profiles.next_change([profile(**changed)], SITE, now) == expected


def test_the_next_change_of_a_relative_profile_follows_its_transaction():
    site = SITE._replace(sessions={1: Session(7, 5000)})
    assert charging_profiles.next_change([profile(start=None)], site, 5001) == 5100


def test_a_change_far_ahead_is_looked_for_again():
    assert charging_profiles.next_change([profile(start=10**9)], SITE, 0) == 2 * WEEK


@pytest.mark.parametrize("at", [999, 1000, 1099, 1100, 1299, 1300, 1000 + DAY, 1099 + DAY, 1300 + DAY])
def test_every_change_is_listed(at):
    """Between two listed moments nothing changes: the limit one second before a change is the last one's."""
    daily = profile(duration=300, every=DAY)
    listed = charging_profiles.changes(daily, 0, 3 * DAY, 0)
    before, after = (charging_profiles.limit_at(daily, moment, 0) for moment in (at - 1, at))
    assert (before != after) <= (at in listed)
    assert {1000, 1100, 1300, 1000 + DAY} <= listed


def test_the_same_place_is_replaced_and_another_connector_is_another_place():
    first, same_place = profile(), profile(profile_id=2)
    elsewhere = profile(profile_id=3, connector=2)
    same_id = profile(profile_id=3, stack_level=5)
    assert charging_profiles.install([first, elsewhere], same_place) == [elsewhere, same_place]
    assert charging_profiles.install([same_place, elsewhere], same_id) == [same_place, same_id]
