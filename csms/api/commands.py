"""Commands: what is asked of charge points, as resources that can be followed to their effect."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse
from ninja import Field, Header, Query, Router, Status

from csms.api.authentication import caller, requires
from csms.api.errors import Problem, not_found
from csms.api.paging import Page, PageQuery, StrictQuery, page
from csms.api.schema import Body, Moment, Schema
from csms.api.scopes import Scope
from csms.dialects.personal import masked
from csms.domain import commands
from csms.outbox import request as outbox
from csms.outbox.models import Command
from csms.outbox.waiting import TooManyWait, is_settled, waiting

router = Router(tags=["commands"])
kinds_router = Router(tags=["commands"])
of_charge_point = Router(tags=["commands"])

State = Literal[
    "requested", "sent", "answered", "refused", "unanswered", "impossible", "expired", "cancelled"
]


class CommandOut(Schema):
    """state: how far it came. status: the charge point's answer in one word; response: its whole answer.

    error: its CALLERROR, or why the command was never sent. effect: "" nothing to wait for, "awaited",
    "seen" (effect_position is the event that shows it) or "missing". Id tokens are masked for callers
    without the scope personal.
    """

    id: str
    charge_point: str
    kind: str
    parameters: dict[str, Any]
    actor: str
    reason: str
    state: State
    status: str
    response: Any
    error: ErrorOut | None
    effect: Literal["", "awaited", "seen", "missing"]
    effect_position: int | None
    effect_until: datetime | None
    transaction_id: str | None = Field(description="The transaction that it started or stopped.")
    attempts: int
    requested_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    position: int


class ErrorOut(Schema):
    code: str
    description: str


CommandOut.model_rebuild()

JSON_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "list of texts": {"type": "array", "items": {"type": "string"}},
    "JSON object": {"type": "object"},
    "list of JSON objects": {"type": "array", "items": {"type": "object"}},
}


def parameters_schema(kind: type[commands.Command]) -> dict[str, Any]:
    """The parameters of a kind as JSON Schema, for documents and forms."""
    properties = {}
    for declared in commands.parameters_of(kind):
        schema: dict[str, Any] = {**JSON_TYPES[declared.type], "description": declared.help}
        limits = schema
        if "items" in schema:
            limits = schema["items"] = dict(schema["items"])
        for name, value in (
            ("enum", list(declared.choices)),
            ("minimum", declared.minimum),
            ("maximum", declared.maximum),
            ("maxLength", declared.max_length),
        ):
            if value not in (None, []):
                limits[name] = value
        if not declared.required and declared.default is not None:
            schema["default"] = declared.default
        properties[declared.name] = schema
    return {
        "type": "object",
        "title": kind.__name__,
        "description": (kind.__doc__ or "").strip(),
        "properties": properties,
        "required": [p.name for p in commands.parameters_of(kind) if p.required],
        "additionalProperties": False,
    }


class CommandIn(Body):
    """kind and its parameters: see /command-kinds."""

    kind: str = Field(json_schema_extra={"enum": list(commands.KINDS)})
    parameters: dict[str, Any] = Field(
        {}, json_schema_extra={"anyOf": [parameters_schema(kind) for kind in commands.KINDS.values()]}
    )
    reason: str = Field("", max_length=outbox.MAX_REASON, description="Why; kept with the command.")
    expires_at: Moment | None = Field(
        None, description="Not sent any more after this. Without it: the setting of the server, an hour."
    )
    as_given: bool = Field(
        False, description="Whatever is known of the charge point's connectors, transactions and settings."
    )


class CallIn(Body):
    """A call with any name and any payload. Nobody judges them but the charge point."""

    action: str = Field(min_length=1, max_length=50)
    payload: Any = Field(description="Any JSON; sent as it is.")
    reason: str = Field("", max_length=outbox.MAX_REASON, description="Why; kept with the call.")
    expires_at: Moment | None = Field(
        None, description=f"Not sent any more after this. Without it: {outbox.RAW_CALL_EXPIRES_AFTER_S:g} s."
    )


class KindOut(Schema):
    kind: str
    help: str
    parameters: dict[str, Any] = Field(description="JSON Schema.")
    has_effect: bool = Field(description="What it does can be seen after its answer.")


class WaitQuery(StrictQuery):
    wait: float = Field(0, ge=0, le=60, description="Seconds to wait before answering.")
    until: Literal["answer", "effect"] = "answer"


class CommandQuery(PageQuery):
    charge_point: str = ""
    kind: str = ""
    state: list[State] = Field([], max_length=8, description="May be given several times.")
    effect: Literal["none", "awaited", "seen", "missing"] | None = None
    actor: str = ""
    requested_after: Moment | None = Field(None, description="At this time or later.")
    requested_before: Moment | None = None


@kinds_router.get("", response=list[KindOut], auth=requires(Scope.READ), summary="List the kinds of commands")
def kinds(request: HttpRequest):
    return [
        KindOut(
            kind=name,
            help=(kind.__doc__ or "").strip(),
            parameters=parameters_schema(kind),
            has_effect=bool(kind.effect_within_s),
        )
        for name, kind in commands.KINDS.items()
    ]


@router.get("", response=Page[CommandOut], auth=requires(Scope.READ), summary="List commands")
def list_commands(request: HttpRequest, query: Query[CommandQuery]):
    """Newest first."""
    return _page(request, query)


@router.get("/{command_id}", response=CommandOut, auth=requires(Scope.READ), summary="Get a command")
async def get_command(request: HttpRequest, command_id: str, query: Query[WaitQuery]):
    """With ?wait=, it is answered when the command is settled, or when the time is over."""
    row = await sync_to_async(_existing)(command_id)
    return command_out(await _settled(row, query), caller(request).sees_persons)


@router.delete("/{command_id}", response=CommandOut, auth=requires(Scope.COMMAND), summary="Cancel a command")
def cancel(request: HttpRequest, command_id: str):
    """Only what was not sent yet can be taken back; 409 otherwise."""
    row = _existing(command_id)
    outbox.cancel(row.charge_point, command_id, actor=caller(request).actor)
    return command_out(_existing(command_id), caller(request).sees_persons)


@of_charge_point.get(
    "/{path:identity}/commands",
    response=Page[CommandOut],
    auth=requires(Scope.READ),
    summary="List the commands of a charge point",
)
def commands_of(request: HttpRequest, identity: str, query: Query[CommandQuery]):
    query.charge_point = identity
    return _page(request, query)


@of_charge_point.post(
    "/{path:identity}/commands",
    response={201: CommandOut, 200: CommandOut},
    auth=requires(Scope.COMMAND),
    summary="Ask something of a charge point",
)
async def ask(
    request: HttpRequest,
    identity: str,
    body: CommandIn,
    query: Query[WaitQuery],
    response: HttpResponse,
    idempotency_key: Annotated[str, Header("", alias="Idempotency-Key", max_length=outbox.MAX_KEY)],
):
    """It waits for the charge point to be online until it expires, and survives restarts.

    With an Idempotency-Key, the same request again gives the same command with 200, and another one 409.
    """
    row, is_new = await sync_to_async(_ask)(identity, body, caller(request).actor, idempotency_key)
    return await _told(request, response, row, query, is_new)


@of_charge_point.post(
    "/{path:identity}/calls",
    response={201: CommandOut, 200: CommandOut},
    auth=requires(Scope.ADMIN),
    summary="Send a call as it is",
)
async def call(
    request: HttpRequest,
    identity: str,
    body: CallIn,
    query: Query[WaitQuery],
    response: HttpResponse,
    idempotency_key: Annotated[str, Header("", alias="Idempotency-Key", max_length=outbox.MAX_KEY)],
):
    """For engineers and testers: any action and payload, unchanged, also such as no version of OCPP knows.

    It becomes a command of the kind RawCall. `expired` says that it was never sent, `refused` that it was
    answered with an error or with what nobody can read. Secrets are refused: the event log would keep them.
    """
    row, is_new = await sync_to_async(_call)(identity, body, caller(request).actor, idempotency_key)
    return await _told(request, response, row, query, is_new)


async def _told(
    request: HttpRequest, response: HttpResponse, row: Command, query: WaitQuery, is_new: bool
) -> Status:
    row = await _settled(row, query)
    response["Location"] = f"{_root(request)}/commands/{row.command_id}"
    return Status(201 if is_new else 200, command_out(row, caller(request).sees_persons))


def _ask(identity: str, body: CommandIn, actor: str, idempotency_key: str) -> tuple[Command, bool]:
    asked = outbox.request(
        identity,
        commands.build(body.kind, body.parameters),
        actor=actor,
        reason=body.reason,
        expires_at=body.expires_at,
        idempotency_key=idempotency_key,
        as_given=body.as_given,
    )
    return _existing(asked.command_id), asked.is_new


def _call(identity: str, body: CallIn, actor: str, idempotency_key: str) -> tuple[Command, bool]:
    asked = outbox.request(
        identity,
        commands.raw_call(body.action, json.dumps(body.payload, ensure_ascii=False, separators=(",", ":"))),
        actor=actor,
        reason=body.reason,
        expires_at=body.expires_at,
        idempotency_key=idempotency_key,
    )
    return _existing(asked.command_id), asked.is_new


async def _settled(row: Command, query: WaitQuery) -> Command:
    """The row as it stands when it is settled, or when the time to wait is over."""
    if not query.wait or is_settled(row.state, row.effect, query.until):
        return row
    await sync_to_async(_release_connection)()
    try:
        await waiting().until(row.command_id, query.until, query.wait)
    except TooManyWait:
        raise Problem(503, "too_many_wait", "Too many requests wait.", f"command {row.command_id}") from None
    return await sync_to_async(_existing)(row.command_id)


def _release_connection() -> None:
    """Who waits needs no connection to the database; a hundred of them would take all that it has."""
    if not connection.in_atomic_block:
        connection.close()


def _page(request: HttpRequest, query: CommandQuery) -> Page[CommandOut]:
    wanted = query.dict(include={"charge_point", "kind", "actor"})
    found = Command.objects.filter(**{name: value for name, value in wanted.items() if value})
    if query.state:
        found = found.filter(state__in=query.state)
    if query.effect is not None:
        found = found.filter(effect="" if query.effect == "none" else query.effect)
    if query.requested_after is not None:
        found = found.filter(requested_at__gte=query.requested_after)
    if query.requested_before is not None:
        found = found.filter(requested_at__lt=query.requested_before)
    rows, after = page(found, ("-position",), query)
    sees = caller(request).sees_persons
    return Page[CommandOut](items=[command_out(row, sees) for row in rows], next=after)


def command_out(row: Command, sees_persons: bool) -> CommandOut:
    same = {
        name: getattr(row, name)
        for name in CommandOut.model_fields
        if name not in ("id", "error", "transaction_id", "parameters", "response")
    }
    has_error = row.error_code or row.error_description
    return CommandOut(
        id=row.command_id,
        parameters=row.parameters if sees_persons else masked(row.parameters),
        response=row.response if sees_persons else masked(row.response),
        error=ErrorOut(code=row.error_code, description=row.error_description) if has_error else None,
        transaction_id=row.transaction_id or None,
        **same,
    )


def _existing(command_id: str) -> Command:
    found = Command.objects.filter(command_id=command_id).first()
    if found is None:
        raise not_found(f"command {command_id}")
    return found


def _root(request: HttpRequest) -> str:
    return request.path.partition("/charge-points/")[0]
