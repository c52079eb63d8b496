"""What an operator or a policy asks of a charge point.

A command is versionless: each dialect's CALLS table renders it as its own request. Its fields are the
parameters of the API, the forms and the command line; `KINDS` is the one list of them all.

The class variables say what the outbox does with it:
resend: may be sent again when the connection was lost before an answer came.
effect: the fact that shows that it happened; None when the answer is all there is to see.
effect_within_s: how long the effect may take after the answer.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from types import NoneType, UnionType
from typing import Any, ClassVar, get_args, get_type_hints

from csms.domain import facts
from csms.domain.errors import Reason, Refused

MAX_EVSE = 1000  # nobody builds more


def parameter(
    help_: str,
    *,
    default: Any = MISSING,
    choices: tuple[str, ...] = (),
    minimum: int | None = None,
    maximum: int | None = None,
    max_length: int | None = None,
) -> Any:
    """A member of a command: what it means, and its limits (of a list: of each item)."""
    limits = {
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
        "max_length": max_length,
    }
    return field(default=default, metadata={"help": help_, **limits})


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    resend: ClassVar[bool] = True
    effect: ClassVar[type[facts.Fact] | None] = None
    effect_within_s: ClassVar[int] = 0


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


def effect_of(command: Command) -> type[facts.Fact] | None:
    """The fact that shows that `command` happened, or None when there is nothing to wait for."""
    if isinstance(command, RequestMessage):
        return TRIGGERED_FACTS.get(command.message)
    return command.effect


@dataclass(frozen=True, slots=True)
class Parameter:
    """One member of a command, for documents, forms and command lines.

    type: "text", "integer", "boolean" or "list of texts". Without `required`, `default` stands in.
    """

    name: str
    type: str
    help: str
    required: bool
    default: Any
    choices: tuple[str, ...]
    minimum: int | None
    maximum: int | None
    max_length: int | None


def parameters_of(kind: type[Command]) -> tuple[Parameter, ...]:
    """The members of a command, in the order of their declaration."""
    return PARAMETERS[kind.__name__]


def _declared(kind: type[Command]) -> tuple[Parameter, ...]:
    hints = get_type_hints(kind)
    return tuple(
        Parameter(
            name=member.name,
            type=_type_word(hints[member.name]),
            required=member.default is MISSING,
            default=None if member.default is MISSING else member.default,
            **member.metadata,
        )
        for member in fields(kind)
    )


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
        raise _invalid(unknown[0], f"{kind} has no such parameter")
    values: dict[str, Any] = {}
    for name, declared in known.items():
        if name in parameters:
            values[name] = _checked(declared, parameters[name])
        elif declared.required:
            raise _invalid(name, f"{kind} needs it")
    return command(**values)


def restored(kind: str, parameters: dict[str, Any]) -> Command:
    """A command as it was asked once. What was recorded is not judged again by the limits of today."""
    command = KINDS[kind]
    lists = {known.name for known in parameters_of(command) if known.type == "list of texts"}
    return command(**{name: tuple(v) if name in lists else v for name, v in parameters.items()})


def build_from_texts(kind: str, texts: dict[str, str]) -> Command:
    """The same from texts, as a command line or a table has them; items of a list are divided by commas."""
    types = {known.name: known.type for known in parameters_of(kind_named(kind))}
    return build(
        kind, {name: _from_text(name, types.get(name, "text"), text) for name, text in texts.items()}
    )


BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _from_text(name: str, type_: str, text: str) -> Any:
    if type_ == "integer":
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            raise _invalid(name, f"{text!r} is not a whole number")
        return int(text)
    if type_ == "boolean":
        if text.lower() not in BOOLEANS:
            raise _invalid(name, f"{text!r} is neither true nor false")
        return BOOLEANS[text.lower()]
    if type_ == "list of texts":
        return [item.strip() for item in text.split(",") if item.strip()]
    return text


def _type_word(hint: Any) -> str:
    options = set(get_args(hint)) - {NoneType} if isinstance(hint, UnionType) else {hint}
    return {str: "text", int: "integer", bool: "boolean", tuple[str, ...]: "list of texts"}[options.pop()]


PARAMETERS = {name: _declared(kind) for name, kind in KINDS.items()}

PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "list of texts": (list, tuple),
}


def _checked(declared: Parameter, value: Any) -> Any:
    if value is None and not declared.required and declared.default is None:
        return None
    is_right = isinstance(value, PYTHON_TYPES[declared.type])
    if not is_right or (isinstance(value, bool) and declared.type != "boolean"):
        raise _invalid(declared.name, f"{value!r} is not {_article(declared.type)}")
    if declared.type == "list of texts":
        for item in value:
            if not isinstance(item, str):
                raise _invalid(declared.name, f"{item!r} is not a text")
            _check_limits(declared, item)
        return tuple(value)
    _check_limits(declared, value)
    return value


def _check_limits(declared: Parameter, value: Any) -> None:
    if declared.choices and value not in declared.choices:
        raise _invalid(declared.name, f"{value!r} is not one of {', '.join(declared.choices)}")
    if declared.minimum is not None and value < declared.minimum:
        raise _invalid(declared.name, f"{value} is less than {declared.minimum}")
    if declared.maximum is not None and value > declared.maximum:
        raise _invalid(declared.name, f"{value} is more than {declared.maximum}")
    if declared.max_length is not None and len(value) > declared.max_length:
        raise _invalid(declared.name, f"longer than {declared.max_length} characters")


def _article(type_: str) -> str:
    return f"an {type_}" if type_[0] in "aeiou" else f"a {type_}"


def _invalid(member: str, problem: str) -> Refused:
    return Refused(Reason.INVALID_PARAMETERS, f"{member}: {problem}", member=member)
