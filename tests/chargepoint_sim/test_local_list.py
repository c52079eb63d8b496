"""The local authorization list: upkeep, and what it counts for (1.6 3.5.2, 5.10, 5.15)."""

import pytest

from tests.chargepoint_sim.stage import Stage


def entry(id_token, status="Accepted", **info):
    return {"idTag": id_token, "idTagInfo": {"status": status} | info}


def send(stage, number, *entries, kind="Full"):
    payload = {"listVersion": number, "updateType": kind}
    if entries:
        payload["localAuthorizationList"] = list(entries)
    return stage.ask("SendLocalList", **payload)["status"]


def version(stage):
    return stage.ask("GetLocalListVersion")["listVersion"]


def listed(stage):
    return sorted(info.id_token for info in stage.cp.state.local_list.values())


def test_a_full_list_replaces_and_differences_add_change_and_delete():
    stage = Stage()
    assert version(stage) == 0
    assert send(stage, 4, entry("A"), entry("B")) == "Accepted"
    assert version(stage) == 4
    assert (
        send(stage, 5, {"idTag": "a"}, entry("C"), entry("b", "Blocked"), kind="Differential") == "Accepted"
    )
    assert listed(stage) == ["C", "b"]
    assert send(stage, 9, kind="Differential") == "Accepted", "an empty difference only moves the version"
    assert (listed(stage), version(stage)) == (["C", "b"], 9)
    assert send(stage, 2, entry("D")) == "Accepted", "a full list may go back"
    assert (listed(stage), version(stage)) == (["D"], 2)
    stage.check()


def test_an_empty_list_has_version_0():
    stage = Stage()
    send(stage, 4, entry("A"))
    assert send(stage, 5) == "Accepted"
    assert version(stage) == 0
    assert send(stage, 1, entry("A"), kind="Differential") == "Accepted"
    assert version(stage) == 1


@pytest.mark.parametrize("number", [3, 4])
def test_a_difference_to_an_older_list_is_a_mismatch(number):
    stage = Stage()
    send(stage, 4, entry("A"))
    assert send(stage, number, entry("B"), kind="Differential") == "VersionMismatch"
    assert (listed(stage), version(stage)) == (["A"], 4)


@pytest.mark.parametrize(
    ("number", "kind", "entries"),
    [
        (0, "Full", [entry("B")]),
        (-1, "Full", [entry("B")]),
        (5, "Full", [entry("B"), entry("b")]),
        (5, "Full", [entry("B"), {"idTag": "C"}]),
        (5, "Full", [entry(f"T{n}") for n in range(4)]),
        (5, "Differential", [entry("B"), {"idTag": "B"}]),
        (5, "Differential", [entry("B"), entry("C"), entry("D")]),
    ],
    ids=[
        "version 0",
        "version -1",
        "twice",
        "deletion",
        "message too long",
        "added and deleted",
        "list full",
    ],
)
def test_a_bad_update_changes_nothing(number, kind, entries):
    stage = Stage(settings={"SendLocalListMaxLength": "3", "LocalAuthListMaxLength": "3"})
    send(stage, 4, entry("A"))
    assert send(stage, number, *entries, kind=kind) == "Failed"
    assert (listed(stage), version(stage)) == (["A"], 4)


def test_a_product_without_the_profile_says_so():
    stage = Stage(model="grumpy")
    assert version(stage) == -1
    assert send(stage, 1, entry("A")) == "NotSupported"
    assert stage.ask("GetConfiguration", key=["LocalAuthListEnabled"])["unknownKey"] == [
        "LocalAuthListEnabled"
    ]
    everything = stage.ask("GetConfiguration")
    assert "unknownKey" not in everything
    assert not any("LocalAuthList" in key["key"] for key in everything["configurationKey"])


def test_the_list_survives_a_power_cut():
    stage = Stage()
    send(stage, 4, entry("A", parentIdTag="P", expiryDate="2026-02-01T00:00:00Z"))
    before = stage.cp.state.local_list
    stage.cp.cut_power()
    stage.cp.power_on()
    stage.clock.run_for()
    assert stage.cp.state.local_list == before
    assert version(stage) == 4


def test_what_stands_in_the_list_is_not_in_the_cache():
    stage = Stage()
    stage.charge("A")
    stage.present("A")
    assert "a" in stage.cp.state.cache
    send(stage, 1, entry("A"))
    assert stage.cp.state.cache == {}
    stage.unplug()
    stage.charge("A")
    assert stage.cp.state.cache == {}
    stage.cp.cut_power()
    stage.cp.power_on()
    assert stage.cp.state.cache == {}


@pytest.mark.parametrize(
    ("status", "pre_authorize", "asks", "starts"),
    [
        ("Accepted", "true", 0, 1),
        ("ConcurrentTx", "true", 0, 1),
        ("Blocked", "true", 0, 0),
        ("Accepted", "false", 1, 1),
        ("Blocked", "false", 1, 1),
    ],
)
def test_online_the_list_decides_only_with_pre_authorization(status, pre_authorize, asks, starts):
    stage = Stage(settings={"LocalPreAuthorize": pre_authorize})
    send(stage, 1, entry("A", status))
    stage.charge("A")
    assert len(stage.of("Authorize")) == asks
    assert len(stage.of("StartTransaction")) == starts


@pytest.mark.parametrize(
    ("settings", "info", "starts"),
    [
        ({}, {}, True),
        ({}, {"status": "ConcurrentTx"}, True),
        ({"LocalAuthorizeOffline": "false"}, {}, False),
        ({"AllowOfflineTxForUnknownId": "true"}, {"status": "Blocked"}, False),
        ({"AllowOfflineTxForUnknownId": "true"}, {"expiryDate": "2025-12-31T00:00:00Z"}, False),
        ({"LocalAuthListEnabled": "false"}, {}, False),
        (
            {"LocalAuthListEnabled": "false", "AllowOfflineTxForUnknownId": "true"},
            {"status": "Blocked"},
            True,
        ),
    ],
)
def test_offline_the_list_decides(settings, info, starts):
    stage = Stage(settings=settings)
    send(stage, 1, {"idTag": "A", "idTagInfo": {"status": "Accepted"} | info})
    stage.go_offline()
    stage.charge("a")
    assert (stage.cp.transaction(1) is not None) is starts


def test_the_list_goes_before_the_cache():
    stage = Stage(settings={"LocalPreAuthorize": "true", "LocalAuthListEnabled": "false"})
    stage.charge("A")
    stage.present("A")
    stage.unplug()
    send(stage, 1, entry("A", "Blocked"))
    stage.cp.state.cache["a"] = stage.cp.state.local_list["a"].__class__(
        id_token="A", status=stage.cp.state.local_list["a"].status.ACCEPTED
    )
    stage.ask("ChangeConfiguration", key="LocalAuthListEnabled", value="true")
    stage.forget()
    stage.charge("A")
    assert not stage.of("StartTransaction")


def test_members_of_a_group_stop_each_other_by_the_list():
    stage = Stage(settings={"LocalPreAuthorize": "true"})
    send(stage, 1, entry("A", parentIdTag="P"), entry("B", parentIdTag="p"), entry("C"))
    stage.charge("A")
    stage.present("B")
    assert stage.of("StopTransaction")[0]["idTag"] == "B"
    assert not stage.of("Authorize")


@pytest.mark.parametrize(("status", "conflicts"), [("Blocked", 1), ("Accepted", 0), ("ConcurrentTx", 0)])
def test_a_central_system_that_contradicts_its_list_is_told(status, conflicts):
    answer = {"idTagInfo": {"status": status}, "transactionId": 1}
    stage = Stage({"StartTransaction": answer}, settings={"LocalPreAuthorize": "true"})
    send(stage, 1, entry("A"))
    stage.charge("A")
    told = [p for p in stage.of("StatusNotification") if p["errorCode"] == "LocalListConflict"]
    assert [(p["connectorId"], p["status"]) for p in told] == [(0, "Available")] * conflicts
    stage.check()
