"""What an operator asks of a charge point: sent as asked, and every answer shown to him (5.1 to 5.18)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.conformance.cases.v16.central_system.openings import (
    authorized,
    booted,
    charging,
    ended,
    started,
    status,
    stop_of,
)
from tests.conformance.kit.case import Case, case
from tests.conformance.kit.stage import Stage, check
from tests.conformance.kit.wire import ChargePoint

Payload = dict[str, Any]


def answered(stage: Stage, charge_point: ChargePoint, action: str, payload: Payload, word: str) -> None:
    """Asked, sent with just these members, answered with this status, shown."""
    asked = stage.operator(charge_point, action, payload)
    call = charge_point.expect_call(action, **payload)
    extra = set(call.payload) - set(payload)
    check(not extra, f"no members but {sorted(payload)}", call.payload)
    charge_point.respond(call, {"status": word})
    stage.shows(asked, status=word)


def simple(id_: str, title: str, asks: Asks, word: str) -> Case:
    @case(
        id_,
        title,
        source=asks.source,
        profile=asks.profile,
        passes=f"{asks.action}.req with just {asks.payload}; the operator sees {word}; it goes on",
        needs=(asks.action,),
    )
    def play(stage: Stage) -> None:
        answered(stage, booted(stage), asks.action, asks.payload, word)

    return play


RESERVE = {"connectorId": 1, "expiryDate": "2035-01-01T00:00:00Z", "idTag": "RESERVER", "reservationId": 1}
LIST = {
    "listVersion": 2,
    "updateType": "Full",
    "localAuthorizationList": [{"idTag": "A", "idTagInfo": {"status": "Accepted"}}],
}
INTERVAL = "MeterValueSampleInterval"
SCHEDULE = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]}
PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": SCHEDULE | {"startSchedule": "2030-01-01T00:00:00Z"},
}


@dataclass(frozen=True)
class Asks:
    """source: the section. payload: just these members must come over the wire."""

    source: str
    profile: str
    action: str
    payload: Payload

    def but(self, **members: Any) -> Asks:
        return replace(self, payload=self.payload | members)


UNLOCK = Asks("5.18", "Core", "UnlockConnector", {"connectorId": 1})
CHANGE = Asks("5.3", "Core", "ChangeConfiguration", {"key": INTERVAL, "value": "60"})
SEND_LIST = Asks("5.15", "LocalAuthListManagement", "SendLocalList", LIST)
RESERVE_NOW = Asks("5.13", "Reservation", "ReserveNow", RESERVE)
TRIGGER = Asks("5.17", "RemoteTrigger", "TriggerMessage", {"requestedMessage": "MeterValues"})
CLEAR_CACHE = Asks("5.4", "Core", "ClearCache", {})
DATA = Asks("5.6", "Core", "DataTransfer", {"vendorId": "org.suite", "data": "x"})
SET_PROFILE = Asks(
    "5.16", "SmartCharging", "SetChargingProfile", {"connectorId": 0, "csChargingProfiles": PROFILE}
)
CLEAR_PROFILE = Asks("5.5", "SmartCharging", "ClearChargingProfile", {"id": 1})

SIMPLE = (
    simple("TC_017_1_CSMS", "Unlock, unlocked", UNLOCK, "Unlocked"),
    simple("TC_017_2_CSMS", "Unlock, fixed cable", UNLOCK, "NotSupported"),
    simple("TC_030_CSMS", "Unlock failure", UNLOCK, "UnlockFailed"),
    simple("TC_031_CSMS", "Unlock, unknown connector", UNLOCK.but(connectorId=9), "NotSupported"),
    simple("TC_021_CSMS", "Change configuration", CHANGE, "Accepted"),
    simple("TC_040_1_CSMS", "Key not supported", CHANGE.but(key="Nope"), "NotSupported"),
    simple("TC_040_2_CSMS", "Invalid value", CHANGE.but(value="-1"), "Rejected"),
    simple("TC_061_CSMS", "Clear cache", CLEAR_CACHE, "Accepted"),
    simple("TC_064_CSMS", "Data transfer", DATA, "UnknownVendorId"),
    simple("TC_043_1_CSMS", "Send list, not supported", SEND_LIST, "NotSupported"),
    simple("TC_043_3_CSMS", "Send list, failed", SEND_LIST, "Failed"),
    simple("TC_043_4_CSMS", "Send list, full", SEND_LIST, "Accepted"),
    simple("TC_043_5_CSMS", "Send list, differential", SEND_LIST.but(updateType="Differential"), "Accepted"),
    simple("TC_046_CSMS", "Reserve a connector", RESERVE_NOW, "Accepted"),
    simple("TC_048_1_CSMS", "Reserve, faulted", RESERVE_NOW, "Faulted"),
    simple("TC_048_2_CSMS", "Reserve, occupied", RESERVE_NOW, "Occupied"),
    simple("TC_048_3_CSMS", "Reserve, unavailable", RESERVE_NOW, "Unavailable"),
    simple("TC_048_4_CSMS", "Reserve, rejected", RESERVE_NOW, "Rejected"),
    simple("TC_049_CSMS", "Reserve a charge point", RESERVE_NOW.but(connectorId=0), "Accepted"),
    simple("TC_055_CSMS", "Trigger, rejected", TRIGGER, "Rejected"),
    simple("TC_056_CSMS", "TxDefaultProfile", SET_PROFILE, "Accepted"),
    simple("TC_067_CSMS", "Clear charging profile", CLEAR_PROFILE, "Unknown"),
)


# --- reset, configuration ------------------------------------------------------------------------------


def reset(id_: str, kind: str) -> Case:
    @case(
        id_,
        f"{kind} reset",
        source="5.14",
        passes=f"Reset.req with type {kind}; Accepted is shown; the next boot is Accepted",
        needs=("Reset",),
    )
    def play(stage: Stage) -> None:
        before = booted(stage)
        answered(stage, before, "Reset", {"type": kind}, "Accepted")
        before.close()
        charge_point = booted(stage, before.door)
        for connector in (0, 1, 2):
            status(charge_point, connector, "Available")

    return play


RESETS = (reset("TC_013_CSMS", "Hard"), reset("TC_014_CSMS", "Soft"))


@case(
    "TC_019_1_CSMS",
    "Get configuration, all keys",
    source="5.8",
    passes="GetConfiguration.req names no key; the keys that came are shown",
    needs=("GetConfiguration",),
)
def get_configuration_all(stage: Stage) -> None:
    charge_point = booted(stage)
    asked = stage.operator(charge_point, "GetConfiguration", {})
    call = charge_point.expect_call("GetConfiguration")
    check(not call.payload.get("key"), "GetConfiguration.req without keys", call.payload)
    key = {"key": "HeartbeatInterval", "readonly": False, "value": "300"}
    charge_point.respond(call, {"configurationKey": [key], "unknownKey": []})
    shown = stage.shows(asked)
    check("HeartbeatInterval" in str(shown.response), "HeartbeatInterval shown", shown.response)


@case(
    "TC_019_2_CSMS",
    "Get configuration, one key",
    source="5.8",
    passes="GetConfiguration.req names just this key; that it is unknown is shown",
    needs=("GetConfiguration",),
)
def get_configuration_key(stage: Stage) -> None:
    charge_point = booted(stage)
    asked = stage.operator(charge_point, "GetConfiguration", {"key": ["SuiteKey"]})
    call = charge_point.expect_call("GetConfiguration", key=["SuiteKey"])
    charge_point.respond(call, {"configurationKey": [], "unknownKey": ["SuiteKey"]})
    shown = stage.shows(asked)
    check("SuiteKey" in str(shown.response), "SuiteKey shown as unknown", shown.response)


@case(
    "TC_021_E_CSMS",
    "Change configuration, answered with a CALLERROR",
    source="5.3; OCPP-J 4.2.3",
    passes="the operator sees InternalError, and the next command is sent",
    needs=("ChangeConfiguration",),
)
def call_error(stage: Stage) -> None:
    charge_point = booted(stage)
    payload = {"key": INTERVAL, "value": "60"}
    asked = stage.operator(charge_point, "ChangeConfiguration", payload)
    charge_point.respond_error(charge_point.expect_call("ChangeConfiguration", **payload), "InternalError")
    stage.shows(asked, error="InternalError")
    answered(stage, charge_point, "ChangeConfiguration", payload, "Accepted")


# --- remote start and stop -----------------------------------------------------------------------------

REMOTE = ("RemoteStartTransaction", "idTag Accepted")


@case(
    "TC_010_CSMS",
    "Remote start, plugin first",
    source="5.11, 4.8",
    passes="RemoteStartTransaction.req with idTag and connectorId; Accepted shown; the start: Accepted",
    needs=REMOTE,
)
def remote_start_plugged_in(stage: Stage) -> None:
    charge_point, id_tag = booted(stage), stage.id_tag()
    status(charge_point, 1, "Preparing")
    answered(stage, charge_point, "RemoteStartTransaction", {"connectorId": 1, "idTag": id_tag}, "Accepted")
    authorized(charge_point, id_tag)
    started(charge_point, id_tag)
    status(charge_point, 1, "Charging")


@case(
    "TC_011_1_CSMS",
    "Remote start, remote start first",
    source="5.11, 4.8",
    passes="as plugin first, with Preparing after the command",
    needs=REMOTE,
)
def remote_start_first(stage: Stage) -> None:
    charge_point, id_tag = booted(stage), stage.id_tag()
    answered(stage, charge_point, "RemoteStartTransaction", {"connectorId": 1, "idTag": id_tag}, "Accepted")
    authorized(charge_point, id_tag)
    status(charge_point, 1, "Preparing")
    started(charge_point, id_tag)
    status(charge_point, 1, "Charging")


@case(
    "TC_011_2_CSMS",
    "Remote start, time-out",
    source="5.11, 9.1.4 (ConnectionTimeOut)",
    passes="Authorize Accepted; Preparing and Available answered; no session is shown as running",
    needs=REMOTE,
)
def remote_start_time_out(stage: Stage) -> None:
    charge_point, id_tag = booted(stage), stage.id_tag()
    answered(stage, charge_point, "RemoteStartTransaction", {"connectorId": 1, "idTag": id_tag}, "Accepted")
    authorized(charge_point, id_tag)
    status(charge_point, 1, "Preparing")
    status(charge_point, 1, "Available")
    sessions = stage.sessions(charge_point, "no session is shown as running")
    check(not any(session.is_running for session in sessions or ()), "no running session", sessions)


@case(
    "TC_026_CSMS",
    "Remote start, rejected",
    source="5.11",
    passes="RemoteStartTransaction.req with idTag and connectorId; Rejected is shown",
    needs=REMOTE,
)
def remote_start_rejected(stage: Stage) -> None:
    charge_point, payload = booted(stage), {"connectorId": 1, "idTag": stage.id_tag()}
    answered(stage, charge_point, "RemoteStartTransaction", payload, "Rejected")


@case(
    "TC_059_CSMS",
    "Remote start with a charging profile",
    source="5.11, 5.16.2",
    profile="SmartCharging",
    passes="RemoteStartTransaction.req with a profile of purpose TxProfile; Accepted is shown",
    needs=(*REMOTE, "RemoteStartTransaction with a profile"),
)
def remote_start_with_profile(stage: Stage) -> None:
    charge_point, id_tag = booted(stage), stage.id_tag()
    profile = PROFILE | {"chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative"}
    profile["chargingSchedule"] = SCHEDULE
    payload = {"connectorId": 1, "idTag": id_tag, "chargingProfile": profile}
    answered(stage, charge_point, "RemoteStartTransaction", payload, "Accepted")


STOP = ("RemoteStopTransaction", "idTag Accepted")


@case(
    "TC_012_CSMS",
    "Remote stop",
    source="5.12, 4.10",
    precondition="charging",
    passes="RemoteStopTransaction.req with the id; Accepted shown; StopTransaction Remote answered; ended",
    needs=STOP,
)
def remote_stop(stage: Stage) -> None:
    charge_point, _, transaction_id = charging(stage)
    answered(stage, charge_point, "RemoteStopTransaction", {"transactionId": transaction_id}, "Accepted")
    charge_point.ask("StopTransaction", stop_of(transaction_id, reason="Remote"))
    status(charge_point, 1, "Finishing")
    ended(stage, charge_point, transaction_id)


@case(
    "TC_028_CSMS",
    "Remote stop, rejected",
    source="5.12",
    precondition="charging",
    passes="RemoteStopTransaction.req with the transactionId; Rejected is shown; the transaction goes on",
    needs=STOP,
)
def remote_stop_rejected(stage: Stage) -> None:
    charge_point, _, transaction_id = charging(stage)
    answered(stage, charge_point, "RemoteStopTransaction", {"transactionId": transaction_id}, "Rejected")
    sessions = stage.sessions(charge_point, "the transaction is shown as running")
    if sessions is not None:
        check([s.is_running for s in sessions] == [True], "one running transaction", sessions)


@case(
    "TC_018_1_CSMS",
    "Unlock during a session",
    source="5.18, 4.10 (UnlockCommand)",
    precondition="charging",
    passes="UnlockConnector.req; Unlocked is shown; StopTransaction UnlockCommand answered; ended",
    needs=("UnlockConnector", "idTag Accepted"),
)
def unlock_in_session(stage: Stage) -> None:
    charge_point, _, transaction_id = charging(stage)
    answered(stage, charge_point, "UnlockConnector", {"connectorId": 1}, "Unlocked")
    charge_point.ask("StopTransaction", stop_of(transaction_id, reason="UnlockCommand"))
    ended(stage, charge_point, transaction_id)


# --- triggers, lists, reservations, profiles -----------------------------------------------------------


@case(
    "TC_054_CSMS",
    "Trigger message",
    source="5.17",
    profile="RemoteTrigger",
    passes="TriggerMessage.req: Heartbeat; StatusNotification of connector 1; what comes of it is answered",
    needs=("TriggerMessage",),
)
def trigger(stage: Stage) -> None:
    charge_point = booted(stage)
    answered(stage, charge_point, "TriggerMessage", {"requestedMessage": "Heartbeat"}, "Accepted")
    charge_point.ask("Heartbeat")
    wanted = {"requestedMessage": "StatusNotification", "connectorId": 1}
    answered(stage, charge_point, "TriggerMessage", wanted, "Accepted")
    status(charge_point, 1, "Available")


def list_version(id_: str, title: str, version: int) -> Case:
    @case(
        id_,
        title,
        source="5.10",
        profile="LocalAuthListManagement",
        passes=f"GetLocalListVersion.req; {version} is shown",
        needs=("GetLocalListVersion",),
    )
    def play(stage: Stage) -> None:
        charge_point = booted(stage)
        asked = stage.operator(charge_point, "GetLocalListVersion")
        charge_point.respond(charge_point.expect_call("GetLocalListVersion"), {"listVersion": version})
        shown = stage.shows(asked)
        check(str(version) in str(shown.response), f"version {version} shown", shown)

    return play


LIST_VERSIONS = (
    list_version("TC_042_1_CSMS", "Get local list version, not supported", -1),
    list_version("TC_042_2_CSMS", "Get local list version, empty", 0),
)


def cancellation(id_: str, title: str, word: str) -> Case:
    @case(
        id_,
        title,
        source="5.1",
        profile="Reservation",
        precondition="booted, connector 1 reserved",
        passes=f"CancelReservation.req with the reservationId; {word} is shown",
        needs=("ReserveNow", "CancelReservation"),
    )
    def play(stage: Stage) -> None:
        charge_point = booted(stage)
        answered(stage, charge_point, "ReserveNow", RESERVE, "Accepted")
        answered(stage, charge_point, "CancelReservation", {"reservationId": 1}, word)

    return play


CANCELLATIONS = (
    cancellation("TC_051_CSMS", "Cancel reservation", "Accepted"),
    cancellation("TC_052_CSMS", "Cancel reservation, rejected", "Rejected"),
)


@case(
    "TC_057_CSMS",
    "TxProfile",
    source="5.16",
    profile="SmartCharging",
    precondition="charging",
    passes="SetChargingProfile.req of purpose TxProfile with the transactionId; Accepted is shown",
    needs=("SetChargingProfile", "idTag Accepted"),
)
def tx_profile(stage: Stage) -> None:
    charge_point, _, transaction_id = charging(stage)
    profile = PROFILE | {"chargingProfilePurpose": "TxProfile", "transactionId": transaction_id}
    payload = {"connectorId": 1, "csChargingProfiles": profile}
    answered(stage, charge_point, "SetChargingProfile", payload, "Accepted")


@case(
    "TC_066_CSMS",
    "Get composite schedule",
    source="5.7",
    profile="SmartCharging",
    passes="GetCompositeSchedule.req with connectorId and duration; the schedule that came is shown",
    needs=("GetCompositeSchedule",),
)
def composite_schedule(stage: Stage) -> None:
    charge_point, payload = booted(stage), {"connectorId": 1, "duration": 300}
    asked = stage.operator(charge_point, "GetCompositeSchedule", payload)
    call = charge_point.expect_call("GetCompositeSchedule", **payload)
    charge_point.respond(call, {"status": "Accepted", "connectorId": 1, "chargingSchedule": SCHEDULE})
    stage.shows(asked, status="Accepted")
