"""Reservations: made, kept, used, ended (1.6 3.12, 5.1, 5.13)."""

from datetime import UTC, datetime

import pytest

from tests.chargepoint_sim.stage import Stage


def reserve(stage, reservation=1, id_token="A", connector=1, *, within=3600.0, **more):
    expiry = datetime.fromtimestamp(stage.clock.now + within, UTC).isoformat().replace("+00:00", "Z")
    return stage.ask(
        "ReserveNow",
        connectorId=connector,
        expiryDate=expiry,
        idTag=id_token,
        reservationId=reservation,
        **more,
    )["status"]


def cancel(stage, reservation=1):
    return stage.ask("CancelReservation", reservationId=reservation)["status"]


def test_only_its_holder_may_use_it():
    stage = Stage()
    assert reserve(stage, 7) == "Accepted"
    stage.charge("B")
    assert stage.statuses() == ["Reserved"], "a cable alone does not end it"
    stage.present("a")
    assert stage.statuses() == ["Reserved", "Preparing", "Charging"]
    assert [p["reservationId"] for p in stage.of("StartTransaction")] == [7]
    assert cancel(stage, 7) == "Rejected", "used up"
    assert [p["idTag"] for p in stage.of("Authorize")] == ["a"]
    stage.check()


def test_a_holder_who_does_not_plug_in_keeps_it():
    stage = Stage()
    reserve(stage)
    stage.present("A")
    stage.clock.run_for(61)
    assert stage.statuses() == ["Reserved", "Preparing", "Available", "Reserved"]


@pytest.mark.parametrize("reservation", [0, 1])
def test_cancelling(reservation):
    stage = Stage()
    reserve(stage, reservation)
    assert cancel(stage, reservation) == "Accepted"
    assert stage.statuses() == ["Reserved", "Available"]
    assert cancel(stage, reservation) == "Rejected"
    stage.check()


def test_expiry_is_told():
    stage = Stage()
    reserve(stage, within=100)
    reserve(stage, 2, connector=2, within=200)
    stage.clock.run_for(99)
    assert stage.statuses(1) == ["Reserved"]
    stage.clock.run_for(2)
    assert stage.statuses(1) == ["Reserved", "Available"]
    assert stage.statuses(2) == ["Reserved"]
    stage.clock.run_for(100)
    assert stage.statuses(2) == ["Reserved", "Available"]
    assert stage.cp.state.reservations == {}


def test_expiry_follows_the_calendar_when_it_is_set():
    stage = Stage()
    reserve(stage, within=3600)
    stage.central_system.answers["Heartbeat"] = {"currentTime": "2026-01-01T19:30:00Z"}
    stage.ask("TriggerMessage", requestedMessage="Heartbeat")
    stage.clock.run_for(1)
    assert stage.statuses() == ["Reserved", "Available"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("free", "Accepted"),
        ("cable", "Occupied"),
        ("authorized", "Occupied"),
        ("charging", "Occupied"),
        ("finishing", "Occupied"),
        ("reserved", "Occupied"),
        ("same", "Accepted"),
        ("faulted", "Faulted"),
        ("station faulted", "Faulted"),
        ("warning", "Accepted"),
        ("unavailable", "Unavailable"),
    ],
)
def test_what_a_connector_can_be_reserved_in(state, expected):
    stage = Stage()
    match state:
        case "cable":
            stage.plug_in()
        case "authorized":
            stage.present("B")
        case "charging":
            stage.charge("B")
        case "finishing":
            stage.charge("B")
            stage.present("B")
        case "reserved":
            reserve(stage, 5)
        case "same":
            reserve(stage, 1, "B")
        case "faulted":
            stage.cp.fault(1)
        case "station faulted":
            stage.cp.fault(0)
        case "warning":
            stage.cp.fault(1, is_warning=True)
        case "unavailable":
            stage.ask("ChangeAvailability", connectorId=1, type="Inoperative")
    assert reserve(stage) == expected
    kept = stage.cp.state.reservations.get(1)
    assert (kept is not None and kept.id_token == "A") is (expected == "Accepted")


@pytest.mark.parametrize(
    ("model", "settings", "connector", "within"),
    [
        ("ac22", {}, 3, 100),
        ("ac22", {}, -1, 100),
        ("ac22", {}, 1, -100),
        ("ac22", {"ReserveConnectorZeroSupported": "false"}, 0, 100),
        ("grumpy", {}, 1, 100),
    ],
)
def test_reservations_that_are_rejected(model, settings, connector, within):
    stage = Stage(model=model, settings=settings)
    assert reserve(stage, connector=connector, within=within) == "Rejected"
    assert stage.cp.state.reservations == {}


def test_a_replacement_may_move_to_another_connector_and_a_refused_one_changes_nothing():
    stage = Stage()
    reserve(stage, 1, connector=1)
    assert reserve(stage, 1, connector=2) == "Accepted"
    assert (stage.statuses(1), stage.statuses(2)) == (["Reserved", "Available"], ["Reserved"])
    stage.plug_in(1)
    assert reserve(stage, 1, connector=1) == "Occupied"
    assert stage.cp.status(2) == "Reserved"


@pytest.mark.parametrize("known", ["list", "cache", "central system"])
def test_anybody_of_the_group_may_use_it(known):
    info = {"idTagInfo": {"status": "Accepted", "parentIdTag": "GROUP"}}
    stage = Stage({"Authorize": info})
    if known == "list":
        entry = {"idTag": "B"} | info
        stage.ask("SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=[entry])
    elif known == "cache":
        stage.present("B")
        stage.present("B")
    reserve(stage, 1, parentIdTag="group")
    stage.charge("B")
    assert stage.of("StartTransaction")[0]["reservationId"] == 1


def test_a_stranger_is_asked_for_only_where_a_group_could_let_him_in():
    stage = Stage({"Authorize": {"idTagInfo": {"status": "Accepted", "parentIdTag": "OTHERS"}}})
    reserve(stage, 1)
    stage.charge("B")
    assert not stage.of("Authorize")
    reserve(stage, 2, connector=2, parentIdTag="GROUP")
    stage.charge("B", 2)
    assert len(stage.of("Authorize")) == 1
    assert not stage.of("StartTransaction")


def test_connector_0_keeps_the_last_free_connector():
    stage = Stage()
    assert reserve(stage, 3, connector=0) == "Accepted"
    assert [stage.statuses(n) for n in (0, 1, 2)] == [[], [], []], "it shows nowhere"
    stage.charge("B", 1)
    stage.charge("C", 2)
    assert [p["idTag"] for p in stage.of("StartTransaction")] == ["B"]
    assert stage.cp.status(2) == "Preparing"
    stage.present("A", 2)
    assert [p.get("reservationId") for p in stage.of("StartTransaction")] == [None, 3]
    assert stage.cp.state.reservations == {}


def test_connector_0_is_reserved_only_while_enough_are_free():
    stage = Stage()
    assert reserve(stage, 1, connector=0) == "Accepted"
    assert reserve(stage, 2, "B", connector=1) == "Accepted"
    assert reserve(stage, 3, "C", connector=2) == "Occupied"
    assert reserve(stage, 4, "D", connector=0) == "Occupied"
    assert reserve(stage, 1, "E", connector=0) == "Accepted", "replaced"
    cancel(stage, 2)
    assert reserve(stage, 4, "D", connector=0) == "Accepted"


@pytest.mark.parametrize(("what", "expected"), [("fault", "Faulted"), ("change", "Unavailable")])
def test_connector_0_of_a_charge_point_where_nothing_works(what, expected):
    stage = Stage()
    for number in (1, 2):
        if what == "fault":
            stage.cp.fault(number)
        else:
            stage.ask("ChangeAvailability", connectorId=number, type="Inoperative")
    assert reserve(stage, connector=0) == expected


def test_a_reservation_elsewhere_stays():
    stage = Stage()
    reserve(stage, 1, connector=1)
    stage.charge("A", 2)
    assert "reservationId" not in stage.of("StartTransaction")[0]
    assert stage.cp.status(1) == "Reserved"


@pytest.mark.parametrize("end", ["fault", "station fault", "unavailable", "all unavailable"])
def test_what_cannot_be_used_is_not_reserved_any_more(end):
    stage = Stage()
    reserve(stage)
    match end:
        case "fault":
            stage.cp.fault(1)
        case "station fault":
            stage.cp.fault(0)
        case "unavailable":
            stage.ask("ChangeAvailability", connectorId=1, type="Inoperative")
        case "all unavailable":
            stage.ask("ChangeAvailability", connectorId=0, type="Inoperative")
    stage.clock.run_for()
    assert stage.cp.state.reservations == {}
    assert cancel(stage) == "Rejected"
    stage.check()


@pytest.mark.parametrize("away", [10, 5000])
def test_a_reservation_survives_a_power_cut(away):
    stage = Stage()
    reserve(stage, 9)
    reserve(stage, 8, "Z", connector=0)
    stage.cp.cut_power()
    stage.clock.run_for(away)
    stage.cp.power_on()
    stage.forget()
    stage.clock.run_for(1)
    assert stage.cp.status(1) == ("Reserved" if away == 10 else "Available")
    assert sorted(stage.cp.state.reservations) == ([8, 9] if away == 10 else [])
    assert stage.statuses()[-1] == stage.cp.status(1)


@pytest.mark.parametrize("asks", ["true", "false"])
def test_a_remote_start_keeps_off_what_is_reserved(asks):
    stage = Stage(settings={"AuthorizeRemoteTxRequests": asks})
    reserve(stage, 1)
    assert stage.ask("RemoteStartTransaction", idTag="B", connectorId=1) == {"status": "Rejected"}
    assert stage.ask("RemoteStartTransaction", idTag="B") == {"status": "Accepted"}
    stage.plug_in(2)
    assert stage.ask("RemoteStartTransaction", idTag="C") == {"status": "Rejected"}
    assert stage.ask("RemoteStartTransaction", idTag="A") == {"status": "Accepted"}
    stage.plug_in(1)
    starts = {p["idTag"]: (p["connectorId"], p.get("reservationId")) for p in stage.of("StartTransaction")}
    assert starts == {"A": (1, 1), "B": (2, None)}


def test_the_shared_reader_leads_to_the_reservation():
    stage = Stage()
    stage.plug_in(1)
    reserve(stage, 1, connector=2)
    stage.present("A", 0)
    stage.plug_in(2)
    assert [(p["connectorId"], p["reservationId"]) for p in stage.of("StartTransaction")] == [(2, 1)]


def test_offline_only_what_is_known_counts():
    stage = Stage(settings={"AllowOfflineTxForUnknownId": "true"})
    reserve(stage, 1, parentIdTag="GROUP")
    stage.go_offline()
    stage.charge("B")
    assert stage.cp.transaction(1) is None
    stage.present("A")
    assert stage.cp.transaction(1).reservation == 1
