"""Central systems with one fault each: they show that the cases can fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from websockets.asyncio.server import ServerConnection

from tests.conformance.faultless import Command, Faultless, Link, Payload, Refusal
from tests.conformance.kit.target import Shown

# --- handshake and frames ------------------------------------------------------------------------------


class LetsEverybodyIn(Faultless):
    """serves whoever comes, with any password or none"""

    def admit(self, socket: ServerConnection, request: Any) -> Any:
        return None


class AgreesToAnySubprotocol(Faultless):
    """takes the first subprotocol that is offered"""

    def choose(self, _: ServerConnection, offered: Any) -> Any:
        return offered[0]


class KeepsTheDeadConnection(Faultless):
    """sends commands over the connection that was there first"""

    async def own(self, identity: str, link: Link) -> None:
        self.links.setdefault(identity, link)


class DoesNotWait(Faultless):
    """sends a second call while the first one waits for its answer"""

    def may_send(self, link: Link) -> bool:
        return True


class DeafWhileItWaits(Faultless):
    """answers no call while its own call waits"""

    async def reply(self, identity: str, link: Link, frame: list[Any]) -> None:
        if not link.pending:
            await super().reply(identity, link, frame)


class BelievesAnything(Faultless):
    """answers calls that are not right as if they were"""

    def check(self, action: str, payload: Payload) -> None:
        pass

    def answer(self, identity: str, action: str, payload: Payload) -> Payload:
        return super().answer(identity, action, {"idTag": "x"} | payload)


class AlwaysInternalError(Faultless):
    """gives InternalError as the code of every CALLERROR"""

    def check(self, action: str, payload: Payload) -> None:
        try:
            super().check(action, payload)
        except Refusal:
            raise Refusal("InternalError") from None


class WrongAlgorithm(Faultless):
    """deletes every certificate by SHA256"""

    def payload_of(self, command: Command) -> Payload:
        if command.action != "DeleteCertificate":
            return command.payload
        return {"certificateHashData": command.payload["certificateHashData"] | {"hashAlgorithm": "SHA256"}}


class WrongRoot(Faultless):
    """installs every certificate as the manufacturer's"""

    def payload_of(self, command: Command) -> Payload:
        if command.action != "InstallCertificate":
            return command.payload
        return command.payload | {"certificateType": "ManufacturerRootCertificate"}


class ReusesIds(Faultless):
    """gives every call the same id"""

    def next_id(self) -> str:
        return "cs"


class StuckAfterAnError(Faultless):
    """sends nothing more after a CALLERROR"""

    async def take(self, identity: str, link: Link, frame: list[Any]) -> None:
        if frame[0] == 4:
            link.pending[frame[1]].answer.set_result(self.result_of(frame))
            return
        await super().take(identity, link, frame)


# --- boot and verdicts ---------------------------------------------------------------------------------


class AcceptsEveryBoot(Faultless):
    """accepts every BootNotification"""

    def boot(self, identity: str) -> Payload:
        return super().boot(identity) | {"status": "Accepted"}


class TimeWithoutZone(Faultless):
    """gives currentTime without its time zone"""

    def now(self) -> str:
        return super().now().removesuffix("Z")


class WrongClock(Faultless):
    """is in another year"""

    def now(self) -> str:
        return "2021" + super().now()[4:]


class ForeignMember(Faultless):
    """adds a member that no schema knows to BootNotification.conf"""

    def boot(self, identity: str) -> Payload:
        return super().boot(identity) | {"server": "mutant"}


class IgnoresBlocked(Faultless):
    """accepts idTags that are blocked"""

    def standing(self, id_tag: str) -> str:
        return super().standing(id_tag).replace("Blocked", "Accepted")


class IgnoresExpiry(Faultless):
    """accepts idTags that are expired"""

    def standing(self, id_tag: str) -> str:
        return super().standing(id_tag).replace("Expired", "Accepted")


class AcceptsStrangers(Faultless):
    """accepts idTags that nobody knows"""

    def standing(self, id_tag: str) -> str:
        return super().standing(id_tag).replace("Invalid", "Accepted")


class ForgetsTheParent(Faultless):
    """never returns parentIdTag"""

    def info(self, id_tag: str) -> Payload:
        return {"status": super().info(id_tag)["status"]}


# --- transactions --------------------------------------------------------------------------------------


class NewSessionEachTime(Faultless):
    """makes a new transaction of each repetition of a start"""

    def start_key(self, identity: str, p: Payload) -> tuple[Any, ...]:
        return (next(self.numbers),)


class ForgetsWhatEnded(Faultless):
    """knows a repeated start again only while its transaction runs"""

    def stop(self, identity: str, payload: Payload) -> Payload:
        ended = payload["transactionId"]
        self.starts = {key: start for key, start in self.starts.items() if start["transactionId"] != ended}
        return super().stop(identity, payload)


class OneIdForAll(Faultless):
    """gives every transaction the same id"""

    def new_transaction_id(self, payload: Payload) -> int:
        return 7


class NoIdForTheRefused(Faultless):
    """gives a transaction of a refused idTag the id 0"""

    def new_transaction_id(self, payload: Payload) -> int:
        return super().new_transaction_id(payload) if payload["idTag"] in self.id_tags else 0


class RefusesOfflineStarts(Faultless):
    """answers the start of an unknown idTag with a CALLERROR"""

    def start(self, identity: str, payload: Payload) -> Payload:
        if payload["idTag"] not in self.id_tags:
            raise Refusal("InternalError")
        return super().start(identity, payload)


class TransactionIdAsText(Faultless):
    """gives the transactionId as text"""

    def start(self, identity: str, payload: Payload) -> Payload:
        answer = super().start(identity, payload)
        return answer | {"transactionId": str(answer["transactionId"])}


class RefusesUnknownStops(Faultless):
    """answers the stop of an unknown transaction with a CALLERROR"""

    def stop(self, identity: str, payload: Payload) -> Payload:
        if (identity, payload["transactionId"]) not in self.transactions:
            raise Refusal("InternalError")
        return super().stop(identity, payload)


class RefusesForeignStops(Faultless):
    """answers a stop with an idTag that may not charge with a CALLERROR"""

    def stop(self, identity: str, payload: Payload) -> Payload:
        if "idTag" in payload and payload["idTag"] not in self.id_tags:
            raise Refusal("SecurityError")
        return super().stop(identity, payload)


class StopsWhatRuns(Faultless):
    """ends whatever runs at the charge point, whichever transaction the stop names"""

    def stop(self, identity: str, payload: Payload) -> Payload:
        running = [place[1] for place, session in self.transactions.items() if session.is_running]
        return super().stop(identity, payload | {"transactionId": (running or [0])[-1]})


class LosesTheRegister(Faultless):
    """does not keep meterStop"""

    def meter_stop(self, payload: Payload) -> int:
        return 0


# --- commands and reports ------------------------------------------------------------------------------


class AlwaysSoft(Faultless):
    """resets softly, whatever the operator chose"""

    def payload_of(self, command: Command) -> Payload:
        return {"type": "Soft"} if command.action == "Reset" else command.payload


class WrongConnector(Faultless):
    """sends commands to the next connector"""

    def payload_of(self, command: Command) -> Payload:
        payload = command.payload
        return payload | {"connectorId": payload["connectorId"] + 1} if "connectorId" in payload else payload


class ShowsAccepted(Faultless):
    """shows Accepted for every status"""

    def result_of(self, frame: list[Any]) -> Shown:
        shown = super().result_of(frame)
        return replace(shown, status="Accepted") if shown.status else shown


class ChangesTheList(Faultless):
    """sends every local list in full"""

    def payload_of(self, command: Command) -> Payload:
        payload = command.payload
        return payload | {"updateType": "Full"} if command.action == "SendLocalList" else payload


class DeafToSecurity(Faultless):
    """does not know SecurityEventNotification"""

    def answer(self, identity: str, action: str, payload: Payload) -> Payload:
        if action == "SecurityEventNotification":
            raise Refusal("NotImplemented")
        return super().answer(identity, action, payload)


# --- in each message -----------------------------------------------------------------------------------


class ForeignMemberInCalls(Faultless):
    """adds a member that no schema knows to each of its calls"""

    def payload_of(self, command: Command) -> Payload:
        return command.payload | {"mutant": True}


class RefusesReports(Faultless):
    """answers every report of a status with a CALLERROR"""

    def answer(self, identity: str, action: str, payload: Payload) -> Payload:
        if action.endswith("StatusNotification"):
            raise Refusal("InternalError")
        return super().answer(identity, action, payload)


class KnowsNobody(Faultless):
    """takes every idTag for invalid"""

    def standing(self, id_tag: str) -> str:
        return "Invalid"


# Each mutant, and the cases that must catch it.
MUTANTS: dict[type[Faultless], tuple[str, ...]] = {
    LetsEverybodyIn: ("TC_085_CSMS",),
    AgreesToAnySubprotocol: ("TC_088_CSMS",),
    KeepsTheDeadConnection: ("D9",),
    DoesNotWait: ("D10",),
    DeafWhileItWaits: ("D10",),
    BelievesAnything: ("F1", "F2", "F3"),
    AlwaysInternalError: ("F1", "F2", "F3"),
    WrongAlgorithm: ("TC_076_CSMS",),
    WrongRoot: ("TC_075_2_CSMS",),
    ReusesIds: ("TC_054_CSMS", "D10"),
    StuckAfterAnError: ("TC_021_E_CSMS",),
    AcceptsEveryBoot: ("TC_002_CSMS", "TC_002_R_CSMS"),
    TimeWithoutZone: ("TC_001_CSMS",),
    WrongClock: ("TC_001_CSMS",),
    ForeignMember: ("TC_001_CSMS",),
    IgnoresBlocked: ("TC_023_3_CSMS", "D7_2"),
    IgnoresExpiry: ("TC_023_2_CSMS",),
    AcceptsStrangers: ("TC_023_1_CSMS", "TC_037_3_CSMS", "TC_068_CSMS", "D7_1"),
    ForgetsTheParent: ("TC_053_CSMS",),
    NewSessionEachTime: ("D1", "D2", "D3"),
    ForgetsWhatEnded: ("D3",),
    OneIdForAll: ("D5",),
    NoIdForTheRefused: ("D7_1",),
    RefusesOfflineStarts: ("TC_037_3_CSMS", "D7_1"),
    TransactionIdAsText: ("TC_003_CSMS", "TC_007_CSMS"),
    RefusesUnknownStops: ("D6",),
    RefusesForeignStops: ("TC_068_CSMS",),
    StopsWhatRuns: ("D5",),
    LosesTheRegister: ("TC_003_CSMS", "TC_039_CSMS"),
    AlwaysSoft: ("TC_013_CSMS",),
    WrongConnector: ("TC_010_CSMS", "TC_017_1_CSMS", "TC_049_CSMS"),
    ShowsAccepted: ("TC_026_CSMS", "TC_030_CSMS", "TC_040_1_CSMS", "TC_048_1_CSMS"),
    ChangesTheList: ("TC_043_5_CSMS",),
    DeafToSecurity: ("TC_077_CSMS", "TC_078_CSMS"),
    ForeignMemberInCalls: (
        "TC_075_1_CSMS",
        "TC_044_1_CSMS",
        "TC_044_2_CSMS",
        "TC_044_3_CSMS",
        "TC_045_1_CSMS",
        "TC_045_2_CSMS",
        "TC_079_CSMS",
        "TC_080_CSMS",
        "TC_081_CSMS",
        "TC_047_CSMS",
        "TC_017_2_CSMS",
        "TC_031_CSMS",
        "TC_021_CSMS",
        "TC_040_2_CSMS",
        "TC_061_CSMS",
        "TC_064_CSMS",
        "TC_043_1_CSMS",
        "TC_043_3_CSMS",
        "TC_043_4_CSMS",
        "TC_046_CSMS",
        "TC_048_2_CSMS",
        "TC_048_3_CSMS",
        "TC_048_4_CSMS",
        "TC_055_CSMS",
        "TC_056_CSMS",
        "TC_067_CSMS",
        "TC_014_CSMS",
        "TC_019_1_CSMS",
        "TC_019_2_CSMS",
        "TC_011_1_CSMS",
        "TC_011_2_CSMS",
        "TC_059_CSMS",
        "TC_012_CSMS",
        "TC_028_CSMS",
        "TC_018_1_CSMS",
        "TC_042_1_CSMS",
        "TC_042_2_CSMS",
        "TC_051_CSMS",
        "TC_052_CSMS",
        "TC_057_CSMS",
        "TC_066_CSMS",
    ),
    RefusesReports: (
        "TC_032_1_CSMS",
        "TC_004_1_CSMS",
        "TC_004_2_CSMS",
        "TC_005_1_CSMS",
        "TC_037_1_CSMS",
        "TC_024_CSMS",
        "D4",
        "D8",
    ),
    KnowsNobody: ("TC_007_CSMS", "TC_004_1_CSMS"),
}
