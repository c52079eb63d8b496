"""What an operator or a policy asks of a charge point.

A command is versionless: each dialect's CALLS table renders it as its own request. Its fields are the
parameters of the API, the forms and the command line; `KINDS` is the one list of them all.

The class variables say what the outbox does with it:
resend: may be sent again when the connection was lost before an answer came.
effect: the fact that shows that it happened; None when the answer is all there is to see.
effect_within_s: how long the effect may take after the answer.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from types import NoneType, UnionType
from typing import Any, ClassVar, get_args, get_type_hints

from csms.domain import facts
from csms.domain.errors import Reason, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    resend: ClassVar[bool] = True
    effect: ClassVar[type[facts.Fact] | None] = None
    effect_within_s: ClassVar[int] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStart(Command):
    """Start a transaction for an id token; connector 0 or none: the charge point chooses."""

    id_token: str
    evse: int | None = None

    resend: ClassVar[bool] = False
    effect: ClassVar[type[facts.Fact] | None] = facts.TransactionStarted
    effect_within_s: ClassVar[int] = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStop(Command):
    """Stop a running transaction."""

    transaction_id: str

    effect: ClassVar[type[facts.Fact] | None] = facts.TransactionEnded
    effect_within_s: ClassVar[int] = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetChargePoint(Command):
    """Restart the charge point; kind Soft ends transactions first, Hard restarts at once."""

    kind: str = "Soft"

    resend: ClassVar[bool] = False
    effect: ClassVar[type[facts.Fact] | None] = facts.ChargePointBooted
    effect_within_s: ClassVar[int] = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAvailability(Command):
    """Take a connector (or, with evse 0, the whole charge point) into or out of service."""

    evse: int = 0
    operative: bool = True

    effect: ClassVar[type[facts.Fact] | None] = facts.ConnectorStatusReported
    effect_within_s: ClassVar[int] = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings(Command):
    """Ask for settings; no keys: all of them."""

    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetting(Command):
    """Write one setting."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMessage(Command):
    """Ask the charge point to send a message of its own now; message is the action's name."""

    message: str
    evse: int | None = None

    effect_within_s: ClassVar[int] = 60


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
    )
}

# The effect of a triggered message is that message's own fact.
TRIGGERED_FACTS: dict[str, type[facts.Fact]] = {
    "BootNotification": facts.ChargePointBooted,
    "DiagnosticsStatusNotification": facts.LogStatusReported,
    "FirmwareStatusNotification": facts.FirmwareStatusReported,
    "Heartbeat": facts.HeartbeatReceived,
    "MeterValues": facts.MeterValuesReported,
    "StatusNotification": facts.ConnectorStatusReported,
}


def effect_of(command: Command) -> type[facts.Fact] | None:
    """The fact that shows that `command` happened, or None when there is nothing to wait for."""
    if isinstance(command, RequestMessage):
        return TRIGGERED_FACTS.get(command.message)
    return command.effect


def build(kind: str, parameters: dict[str, Any]) -> Command:
    """Make a command from its name and JSON parameters.

    Raises Refused(INVALID_PARAMETERS) that names the member and what is wrong with it.
    """
    command = KINDS.get(kind)
    if command is None:
        raise Refused(Reason.INVALID_PARAMETERS, f"kind {kind!r}: one of {', '.join(KINDS)}")
    hints = get_type_hints(command)
    known = {field.name: field for field in fields(command)}
    if unknown := sorted(set(parameters) - set(known)):
        raise Refused(Reason.INVALID_PARAMETERS, f"{unknown[0]}: {kind} has no such parameter")
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in parameters:
            values[name] = _checked(kind, name, hints[name], parameters[name])
        elif field.default is MISSING:
            raise Refused(Reason.INVALID_PARAMETERS, f"{name}: {kind} needs it")
    return command(**values)


def _checked(kind: str, name: str, hint: Any, value: Any) -> Any:
    options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if value is None and NoneType in options:
        return None
    if tuple[str, ...] in options and isinstance(value, list | tuple):
        if all(isinstance(item, str) for item in value):
            return tuple(value)
    elif isinstance(value, bool):
        if bool in options:
            return value
    elif any(isinstance(option, type) and isinstance(value, option) for option in options):
        return value
    raise Refused(Reason.INVALID_PARAMETERS, f"{name}: {value!r} is not what {kind} takes there")
