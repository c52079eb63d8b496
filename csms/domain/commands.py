"""What an operator or a policy asks of a charge point.

A command is versionless: each dialect's CALLS table renders it as its own request. Its fields are the
parameters of the API, the forms and the command line; `KINDS` is the one list of them all.

The class variables say what the outbox does with it:
resend: may be sent again when the connection was lost before an answer came.
effect: the fact that shows that it happened; None when the answer is all there is to see.
effect_within_s: how long the effect may take after the answer.
empty_answer_agrees: an answer without a status, and without any other member, is an agreement.

A member of kind JsonObject is written in the words of the charge point's version of OCPP, which judges it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from csms.domain import facts
from csms.domain.errors import Reason, Refused
from csms.domain.parameters import (
    LISTS,
    JsonObject,
    Parameter,
    Time,
    checked,
    declared,
    from_text,
    invalid,
    parameter,
)

MAX_EVSE = 1000  # nobody builds more
MAX_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    resend: ClassVar[bool] = True
    effect: ClassVar[type[facts.Fact] | None] = None
    effect_within_s: ClassVar[int] = 0
    empty_answer_agrees: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStart(Command):
    """Start a transaction for an id token; connector 0 or none: the charge point chooses."""

    id_token: str = parameter("Who charges.", max_length=36)
    evse: int | None = parameter(
        "Where; without it, the charge point chooses.", default=None, minimum=0, maximum=MAX_EVSE
    )

    resend: ClassVar[bool] = False
    effect: ClassVar[type[facts.Fact] | None] = facts.TransactionStarted
    effect_within_s: ClassVar[int] = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStop(Command):
    """Stop a running transaction."""

    transaction_id: str = parameter("The running transaction.", max_length=36)

    effect: ClassVar[type[facts.Fact] | None] = facts.TransactionEnded
    effect_within_s: ClassVar[int] = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetChargePoint(Command):
    """Restart the charge point; kind Soft ends transactions first, Hard restarts at once."""

    kind: str = parameter(
        "Soft ends transactions first, Hard restarts at once.", default="Soft", choices=("Soft", "Hard")
    )

    resend: ClassVar[bool] = False
    effect: ClassVar[type[facts.Fact] | None] = facts.ChargePointBooted
    effect_within_s: ClassVar[int] = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAvailability(Command):
    """Take a connector (or, with evse 0, the whole charge point) into or out of service."""

    evse: int = parameter("0 is the whole charge point.", default=0, minimum=0, maximum=MAX_EVSE)
    operative: bool = parameter("true: into service, false: out of it.", default=True)

    effect: ClassVar[type[facts.Fact] | None] = facts.ConnectorStatusReported
    effect_within_s: ClassVar[int] = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings(Command):
    """Ask for settings; no keys: all of them."""

    keys: tuple[str, ...] = parameter("Which; none: all of them.", default=(), max_length=50)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetting(Command):
    """Write one setting."""

    key: str = parameter("Its name.", max_length=50)
    value: str = parameter("Its new value, as text.", max_length=500)


# The effect of a triggered message is that message's own fact.
TRIGGERED_FACTS: dict[str, type[facts.Fact]] = {
    "BootNotification": facts.ChargePointBooted,
    "DiagnosticsStatusNotification": facts.LogStatusReported,
    "FirmwareStatusNotification": facts.FirmwareStatusReported,
    "Heartbeat": facts.HeartbeatReceived,
    "MeterValues": facts.MeterValuesReported,
    "StatusNotification": facts.ConnectorStatusReported,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMessage(Command):
    """Ask the charge point to send a message of its own now."""

    message: str = parameter("The name of its action.", choices=tuple(TRIGGERED_FACTS))
    evse: int | None = parameter(
        "Of which connector; without it, of all.", default=None, minimum=0, maximum=MAX_EVSE
    )

    effect_within_s: ClassVar[int] = 60


# The names of the messages here are those of the request: its FirmwareStatusNotification is the signed one.
EXTENDED_TRIGGERED_FACTS: dict[str, type[facts.Fact] | None] = {
    "BootNotification": facts.ChargePointBooted,
    "FirmwareStatusNotification": facts.FirmwareStatusReported,
    "Heartbeat": facts.HeartbeatReceived,
    "LogStatusNotification": facts.LogStatusReported,
    "MeterValues": facts.MeterValuesReported,
    "SignChargePointCertificate": None,
    "StatusNotification": facts.ConnectorStatusReported,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestExtendedMessage(Command):
    """Ask for a message of its own in the words of the security extension, also for a certificate request."""

    message: str = parameter("What to send.", choices=tuple(EXTENDED_TRIGGERED_FACTS))
    evse: int | None = parameter(
        "Of which connector; without it, of all.", default=None, minimum=0, maximum=MAX_EVSE
    )

    effect_within_s: ClassVar[int] = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCable(Command):
    """Unlock the plug of a connector; a running transaction there is stopped first."""

    evse: int = parameter("Which connector.", minimum=1, maximum=MAX_EVSE)

    resend: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetTokens(Command):
    """Empty the cache of id tokens in which the charge point remembers who may charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendData(Command):
    """Send data in a format that the vendor of the charge point has agreed on."""

    vendor_id: str = parameter("The vendor's name, as agreed.", max_length=255)
    message_id: str = parameter("Which of the vendor's messages.", default="", max_length=50)
    data: str | None = parameter("The data, as text.", default=None, max_length=50_000)

    resend: ClassVar[bool] = False


# --- reservations -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveConnector(Command):
    """Keep a connector (evse 0: any one) free for an id token; the same number again replaces it."""

    reservation_id: int = parameter("A number of your own for it.", minimum=0, maximum=MAX_NUMBER)
    id_token: str = parameter("For whom.", max_length=36)
    until: Time = parameter("When it ends.")
    evse: int = parameter("0 keeps any one connector free.", default=0, minimum=0, maximum=MAX_EVSE)
    group_id_token: str = parameter(
        "The parent id token of a group that may use it, too.", default="", max_length=36
    )

    effect: ClassVar[type[facts.Fact] | None] = facts.ConnectorStatusReported
    effect_within_s: ClassVar[int] = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class EndReservation(Command):
    """End a reservation before its time."""

    reservation_id: int = parameter("Its number.", minimum=0, maximum=MAX_NUMBER)


# --- local list ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLocalListVersion(Command):
    """Ask for the version of the list of id tokens that the charge point knows without us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateLocalList(Command):
    """Replace or change the list of id tokens that the charge point knows without us."""

    version: int = parameter("The version that the list then has.", minimum=1, maximum=MAX_NUMBER)
    kind: str = parameter(
        "Full replaces the list, Differential changes it.",
        default="Full",
        choices=("Full", "Differential"),
    )
    entries: tuple[JsonObject, ...] = parameter(
        'Like {"idTag": "A", "idTagInfo": {"status": "Accepted"}}; without idTagInfo: away with it.'
    )


# --- smart charging -----------------------------------------------------------------------------------

PURPOSES = ("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallChargingProfile(Command):
    """Limit the power or the current of a connector, or of the whole charge point."""

    evse: int = parameter("0 is the whole charge point.", minimum=0, maximum=MAX_EVSE)
    profile: JsonObject = parameter("The charging profile, as the standard writes it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveChargingProfiles(Command):
    """Remove the charging profile with this number, or all that match; without parameters, all there are."""

    profile_id: int | None = parameter(
        "Its number; the others are then ignored.", default=None, minimum=-MAX_NUMBER, maximum=MAX_NUMBER
    )
    evse: int | None = parameter(
        "Of which connector; 0: of the charge point.", default=None, minimum=0, maximum=MAX_EVSE
    )
    purpose: str | None = parameter("Of which purpose.", default=None, choices=PURPOSES)
    stack_level: int | None = parameter("Of which level.", default=None, minimum=0, maximum=MAX_NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCompositeSchedule(Command):
    """Ask which limits the charge point will obey in the time to come."""

    evse: int = parameter("0 is the whole charge point.", default=0, minimum=0, maximum=MAX_EVSE)
    duration_s: int = parameter(
        "Of how many seconds from now.", default=86_400, minimum=1, maximum=MAX_NUMBER
    )
    unit: str | None = parameter("Watts or amperes.", default=None, choices=("A", "W"))


# --- firmware and logs --------------------------------------------------------------------------------

MAX_LOCATION = 512  # characters
RETRIES = "How often to try again after a failure."
RETRY_INTERVAL = "Seconds between two tries."


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchDiagnostics(Command):
    """Have the charge point upload its diagnostics."""

    location: str = parameter("The address of a directory, without a password.", max_length=MAX_LOCATION)
    from_time: Time | None = parameter("The oldest to be in it.", default=None)
    to_time: Time | None = parameter("The latest to be in it.", default=None)
    retries: int | None = parameter(RETRIES, default=None, minimum=0, maximum=1000)
    retry_interval_s: int | None = parameter(RETRY_INTERVAL, default=None, minimum=0, maximum=MAX_NUMBER)

    effect: ClassVar[type[facts.Fact] | None] = facts.LogStatusReported
    effect_within_s: ClassVar[int] = 3600
    empty_answer_agrees: ClassVar[bool] = False  # there is nothing to upload


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLog(Command):
    """Have the charge point upload its log of diagnostics or of security events."""

    request_id: int = parameter("A number of your own for it.", minimum=0, maximum=MAX_NUMBER)
    kind: str = parameter("Which log.", default="DiagnosticsLog", choices=("DiagnosticsLog", "SecurityLog"))
    location: str = parameter("The address of a directory, without a password.", max_length=MAX_LOCATION)
    from_time: Time | None = parameter("The oldest to be in it.", default=None)
    to_time: Time | None = parameter("The latest to be in it.", default=None)
    retries: int | None = parameter(RETRIES, default=None, minimum=0, maximum=1000)
    retry_interval_s: int | None = parameter(RETRY_INTERVAL, default=None, minimum=0, maximum=MAX_NUMBER)

    effect: ClassVar[type[facts.Fact] | None] = facts.LogStatusReported
    effect_within_s: ClassVar[int] = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallFirmware(Command):
    """Have the charge point download and install a firmware that is not signed."""

    location: str = parameter("The address of the firmware, without a password.", max_length=MAX_LOCATION)
    retrieve_at: Time = parameter("Not downloaded before this.")
    retries: int | None = parameter(RETRIES, default=None, minimum=0, maximum=1000)
    retry_interval_s: int | None = parameter(RETRY_INTERVAL, default=None, minimum=0, maximum=MAX_NUMBER)

    effect: ClassVar[type[facts.Fact] | None] = facts.FirmwareStatusReported
    effect_within_s: ClassVar[int] = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallSignedFirmware(Command):
    """Have the charge point download, verify and install a firmware."""

    request_id: int = parameter("A number of your own for it.", minimum=0, maximum=MAX_NUMBER)
    location: str = parameter("The address of the firmware, without a password.", max_length=MAX_LOCATION)
    retrieve_at: Time = parameter("Not downloaded before this.")
    install_at: Time | None = parameter("Not installed before this.", default=None)
    signing_certificate: str = parameter("The signer's certificate as PEM.", max_length=5500)
    signature: str = parameter("The signature of the firmware in base64.", max_length=800)
    retries: int | None = parameter(RETRIES, default=None, minimum=0, maximum=1000)
    retry_interval_s: int | None = parameter(RETRY_INTERVAL, default=None, minimum=0, maximum=MAX_NUMBER)

    effect: ClassVar[type[facts.Fact] | None] = facts.FirmwareStatusReported
    effect_within_s: ClassVar[int] = 24 * 3600


# --- certificates -------------------------------------------------------------------------------------

ROOTS = ("CentralSystemRootCertificate", "ManufacturerRootCertificate")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCertificate(Command):
    """Install a root certificate: whom the charge point trusts from then on."""

    kind: str = parameter("For what it stands.", choices=ROOTS)
    certificate: str = parameter("The certificate as PEM.", max_length=5500)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCertificate(Command):
    """Remove a root certificate; its members are as the list of certificates shows them."""

    hash_algorithm: str = parameter("Of the two hashes.", choices=("SHA256", "SHA384", "SHA512"))
    issuer_name_hash: str = parameter("In hexadecimal digits.", max_length=128)
    issuer_key_hash: str = parameter("In hexadecimal digits.", max_length=128)
    serial_number: str = parameter("In hexadecimal digits.", max_length=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCertificates(Command):
    """Ask which root certificates are installed."""

    kind: str = parameter("Which of them.", choices=ROOTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverCertificate(Command):
    """Hand out the signed certificate of the charge point itself."""

    certificate_chain: str = parameter("As PEM, the charge point's own certificate first.", max_length=10_000)


# --- as it is ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RawCall(Command):
    """A call with any name and any payload, unchanged. It is none of KINDS: see raw_call."""

    action: str = parameter("Its name.", max_length=50)
    payload_json: str = parameter("Its payload, as JSON.", max_length=200_000)

    resend: ClassVar[bool] = False


KINDS: dict[str, type[Command]] = {
    kind.__name__: kind
    for kind in (
        RemoteStart,
        RemoteStop,
        ResetChargePoint,
        SetAvailability,
        ReadSettings,
        ChangeSetting,
        RequestMessage,
        RequestExtendedMessage,
        ReleaseCable,
        ForgetTokens,
        SendData,
        ReserveConnector,
        EndReservation,
        ReadLocalListVersion,
        UpdateLocalList,
        InstallChargingProfile,
        RemoveChargingProfiles,
        ReadCompositeSchedule,
        FetchDiagnostics,
        FetchLog,
        InstallFirmware,
        InstallSignedFirmware,
        AddCertificate,
        RemoveCertificate,
        ListCertificates,
        DeliverCertificate,
    )
}


def effect_of(command: Command) -> type[facts.Fact] | None:
    """The fact that shows that `command` happened, or None when there is nothing to wait for."""
    if isinstance(command, RequestMessage):
        return TRIGGERED_FACTS.get(command.message)
    if isinstance(command, RequestExtendedMessage):
        return EXTENDED_TRIGGERED_FACTS.get(command.message)
    if isinstance(command, ReserveConnector) and not command.evse:
        return None  # any one is kept free, and none shows it
    return command.effect


def begins_at(command: Command) -> datetime | None:
    """Before this, there is nothing to be seen of it; None: at once."""
    later = getattr(command, "install_at", None) or getattr(command, "retrieve_at", None)
    return None if later is None else datetime.fromisoformat(later)


def parameters_of(kind: type[Command]) -> tuple[Parameter, ...]:
    """The members of a command, in the order of their declaration."""
    return PARAMETERS[kind.__name__]


def kind_named(name: str) -> type[Command]:
    """Raises Refused(INVALID_PARAMETERS) that lists the kinds there are."""
    kind = KINDS.get(name)
    if kind is None:
        raise Refused(
            Reason.INVALID_PARAMETERS, f"kind: {name!r} is not one of {', '.join(KINDS)}", member="kind"
        )
    return kind


def build(kind: str, parameters: dict[str, Any]) -> Command:
    """Make a command from its name and JSON parameters.

    Raises Refused(INVALID_PARAMETERS) that names the member and what is wrong with it.
    """
    command = kind_named(kind)
    known = {known.name: known for known in parameters_of(command)}
    if unknown := sorted(set(parameters) - set(known)):
        raise invalid(unknown[0], f"{kind} has no such parameter")
    if missing := [name for name, member in known.items() if member.required and name not in parameters]:
        raise invalid(missing[0], f"{kind} needs it")
    return command(**checked(known, parameters))


def restored(kind: str, parameters: dict[str, Any]) -> Command:
    """A command as it was asked once. What was recorded is not judged again by the limits of today."""
    if kind == RawCall.__name__:
        return RawCall(**parameters)
    command = KINDS[kind]
    lists = {known.name for known in parameters_of(command) if known.type in LISTS}
    return command(**{name: tuple(v) if name in lists else v for name, v in parameters.items()})


def build_from_texts(kind: str, texts: dict[str, str]) -> Command:
    """The same from texts, as a command line or a table has them; see parameters.from_text."""
    types = {known.name: known.type for known in parameters_of(kind_named(kind))}
    return build(kind, {name: from_text(name, types.get(name, "text"), text) for name, text in texts.items()})


def raw_call(action: str, payload_json: str) -> RawCall:
    """A call with a payload that nobody judges, but that it is JSON.

    Raises Refused(INVALID_PARAMETERS) when no frame can be made of it.
    """
    given = {"action": action, "payload_json": payload_json}
    known = {member.name: member for member in declared(RawCall)}
    call = RawCall(**checked(known, given))
    if not action or not action.isprintable() or not _is_encodable(action):
        raise invalid("action", f"{action!r} is not a name")
    try:
        json.loads(payload_json, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise invalid("payload", f"not JSON: {error}") from None
    if not _is_encodable(payload_json):
        raise invalid("payload", "not Unicode")
    return call


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


PARAMETERS = {name: declared(kind) for name, kind in KINDS.items()}
