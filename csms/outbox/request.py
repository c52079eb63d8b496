"""Ask something of a charge point. The one way, for the API, the back office, tasks and the shell."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from csms.dialects import DIALECTS
from csms.domain import commands, facts
from csms.domain.errors import Reason, Refused
from csms.eventlog import event_types as et
from csms.eventlog import store
from csms.eventlog.state import Batch, StreamState
from csms.outbox.announce import announce
from csms.outbox.models import Command
from csms.outbox.projections import CANCELLED, COMMANDS, REQUESTED

SECRET_SETTINGS = frozenset({"authorizationkey"})


def request(
    charge_point: str,
    command: commands.Command,
    *,
    actor: str,
    reason: str = "",
    expires_at: datetime | None = None,
    idempotency_key: str = "",
) -> str:
    """Record that `actor` asks `command` of a charge point, and wake the gateway that holds it.

    charge_point: identity. expires_at: aware; not sent any more after it (default: the setting).
    idempotency_key: the same key from the same actor gives the same command, asked once.
    Returns the command's id. Raises Refused; then nothing was written.
    """
    now = datetime.now(UTC)
    expires_at = expires_at or now + timedelta(seconds=settings.PYROCPP.command_expires_after_s)
    if expires_at <= now:
        raise Refused(Reason.EXPIRED, f"expires_at: {expires_at.isoformat()}")
    _check_is_offered(command)
    parameters = asdict(command)
    if known := _known(charge_point, command, parameters, actor, idempotency_key):
        return known
    command_id = str(uuid.uuid4())
    body = {
        "command_id": command_id,
        "kind": type(command).__name__,
        "parameters": parameters,
        "reason": reason[:200],
        "idempotency_key": idempotency_key[:100],
        "expires_at": expires_at.isoformat(),
    }

    def decide(state: StreamState, batch: Batch) -> None:
        batch.record(
            state,
            et.COMMAND_REQUESTED,
            payload=json.dumps(body, separators=(",", ":")),
            actor=actor[:150],
            facts=(
                facts.CommandRequested(
                    command_id=command_id,
                    kind=body["kind"],
                    parameters=json.dumps(parameters),
                    reason=body["reason"],
                    idempotency_key=body["idempotency_key"],
                    expires_at=expires_at,
                ),
            ),
        )

    store.append(charge_point, decide)
    transaction.on_commit(lambda: announce("command.requested", stream=charge_point))
    return command_id


def cancel(charge_point: str, command_id: str, *, actor: str) -> None:
    """Take back a command that was not sent yet. Raises Refused(ALREADY_FINISHED) when it was."""

    def decide(state: StreamState, batch: Batch) -> None:
        row = state.rows.get(COMMANDS, charge_point, command_id)
        if row is None or row.state != REQUESTED:
            raise Refused(Reason.ALREADY_FINISHED, f"command {command_id}")
        batch.record(
            state,
            et.COMMAND_CANCELLED,
            payload=json.dumps({"command_id": command_id}),
            cause=row.position,
            actor=actor[:150],
            facts=(facts.CommandCancelled(command_id),),
        )

    store.append(charge_point, decide)
    transaction.on_commit(lambda: announce("command.requested", stream=charge_point))


def _check_is_offered(command: commands.Command) -> None:
    """Refuse what no version could send, now and with a reason, instead of later on the wire."""
    if isinstance(command, commands.ChangeSetting) and command.key.casefold() in SECRET_SETTINGS:
        raise Refused(Reason.SECRET_SETTING, command.key)
    refusals = []
    for dialect in DIALECTS.values():
        try:
            dialect.check_command(command)
            return
        except Refused as refused:
            refusals.append(refused)
    raise refusals[0]


def _known(
    charge_point: str, command: commands.Command, parameters: dict[str, Any], actor: str, idempotency_key: str
) -> str:
    """The id of the command that this key was used for, or "". Raises Refused when it asked for something else."""
    if not idempotency_key:
        return ""
    earlier = Command.objects.filter(actor=actor[:150], idempotency_key=idempotency_key[:100]).first()
    if earlier is None:
        return ""
    same = (
        earlier.charge_point == charge_point
        and earlier.kind == type(command).__name__
        and earlier.parameters == json.loads(json.dumps(parameters))
    )
    if not same:
        raise Refused(Reason.IDEMPOTENCY_KEY_REUSED, idempotency_key)
    return earlier.command_id
