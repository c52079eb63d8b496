"""Ask something of a charge point. The one way, for the API, the back office, tasks and the shell."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from csms.dialects import DIALECTS
from csms.domain import commands, facts
from csms.domain.errors import Reason, Refused
from csms.eventlog import event_types as et
from csms.eventlog import store
from csms.eventlog.state import Batch, StreamState
from csms.outbox import models
from csms.outbox.announce import announce
from csms.outbox.projections import CANCELLED, COMMANDS, REQUESTED, SENT, CommandRow

SECRET_SETTINGS = frozenset({"authorizationkey"})

RAW_CALL_EXPIRES_AFTER_S = 10.0

MAX_REASON, MAX_KEY, MAX_ACTOR = 200, 100, 150

Veto = Callable[[StreamState, commands.Command], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked of one charge point.

    expires_at: aware; not sent any more after it (None: the setting).
    idempotency_key: the same key from the same actor gives the same command, asked once.
    as_given: whatever is known of the charge point; it may say itself what it thinks of connector 99.
    """

    charge_point: str
    command: commands.Command
    reason: str = ""
    expires_at: datetime | None = None
    idempotency_key: str = ""
    as_given: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """is_new is False when the idempotency key had been used for it before."""

    command_id: str
    is_new: bool


class WishesRefused(Exception):
    """Some of many wishes were refused, so none was asked. refusals: by the wish's place in the list."""

    def __init__(self, refusals: dict[int, Refused]) -> None:
        super().__init__(f"{len(refusals)} refused")
        self.refusals = refusals


def request(
    charge_point: str,
    command: commands.Command,
    *,
    actor: str,
    reason: str = "",
    expires_at: datetime | None = None,
    idempotency_key: str = "",
    as_given: bool = False,
) -> Asked:
    """Record that `actor` asks `command` of a charge point, and wake the gateway that holds it.

    See Wish. Raises Refused; then nothing was written.
    """
    wish = Wish(
        charge_point=charge_point,
        command=command,
        reason=reason,
        expires_at=expires_at,
        idempotency_key=idempotency_key,
        as_given=as_given,
    )
    try:
        return request_all([wish], actor=actor)[0]
    except WishesRefused as refused:
        raise refused.refusals[0] from None


def request_all(wishes: Sequence[Wish], *, actor: str) -> list[Asked]:
    """Ask all of it in one transaction, or nothing. Raises WishesRefused, which names every refusal."""
    actor = actor[:MAX_ACTOR]
    if refused := {place: _nul(wish) for place, wish in enumerate(wishes) if _holds_nul(wish)}:
        raise WishesRefused(refused)
    streams = sorted({wish.charge_point for wish in wishes})

    def decide(states: dict[str, StreamState], batch: Batch) -> list[Asked]:
        asked: list[Asked] = []
        refusals: dict[int, Refused] = {}
        for place, wish in enumerate(wishes):
            try:
                asked.append(_ask(wish, actor, states[wish.charge_point], batch))
            except Refused as refused:
                refusals[place] = refused
        if refusals:
            raise WishesRefused(refusals)
        return asked

    try:
        asked = store.append_all(streams, decide, events=len(wishes))
    except IntegrityError:  # the same idempotency key was used a moment ago, elsewhere: now it is seen
        asked = store.append_all(streams, decide, events=len(wishes))
    for stream in sorted({w.charge_point for w, a in zip(wishes, asked, strict=True) if a.is_new}):
        _announce_on_commit(stream)
    return asked


def _holds_nul(wish: Wish) -> bool:
    return any("\0" in text for text in (wish.charge_point, wish.reason, wish.idempotency_key))


def _nul(wish: Wish) -> Refused:
    """No database keeps it."""
    if "\0" in wish.charge_point:
        return Refused(Reason.UNKNOWN_CHARGE_POINT, repr(wish.charge_point))
    return Refused(Reason.INVALID_PARAMETERS, "a text holds a NUL character")


def cancel(charge_point: str, command_id: str, *, actor: str) -> None:
    """Take back a command that was not sent yet; again, if it was taken back before.

    Raises Refused(ALREADY_SENT or ALREADY_FINISHED).
    """

    def decide(state: StreamState, batch: Batch) -> None:
        row = state.rows.get(COMMANDS, charge_point, command_id)
        if row is None or row.state != REQUESTED:
            known = models.Command.objects.filter(charge_point=charge_point, command_id=command_id).first()
            if known is None:
                raise Refused(Reason.UNKNOWN_COMMAND, command_id)
            if known.state == CANCELLED:
                return
            reason = Reason.ALREADY_SENT if known.state == SENT else Reason.ALREADY_FINISHED
            raise Refused(reason, f"{command_id} is {known.state}")
        batch.record(
            state,
            et.COMMAND_CANCELLED,
            payload=json.dumps({"command_id": command_id}),
            cause=row.position,
            actor=actor[:MAX_ACTOR],
            facts=(facts.CommandCancelled(command_id),),
        )

    store.append(charge_point, decide)
    _announce_on_commit(charge_point)


def _announce_on_commit(stream: str) -> None:
    transaction.on_commit(lambda: announce("command.requested", stream=stream))


def _ask(wish: Wish, actor: str, state: StreamState, batch: Batch) -> Asked:
    """Record one wish, unless its key says that it was asked before. Raises Refused."""
    earlier = _earlier(wish, actor, state)
    if earlier:
        return Asked(earlier, is_new=False)
    expires_at = wish.expires_at or batch.now + timedelta(seconds=_expires_after_s(wish.command))
    if expires_at <= batch.now:
        raise Refused(Reason.EXPIRED, f"expires_at: {expires_at.isoformat()}", member="expires_at")
    for veto in (*conditions(), *(() if wish.as_given else vetoes())):
        veto(state, wish.command)
    check_command(wish.command)
    command_id = str(uuid.uuid4())
    fact = facts.CommandRequested(
        command_id=command_id,
        kind=type(wish.command).__name__,
        parameters=json.dumps(asdict(wish.command)),
        reason=wish.reason[:MAX_REASON],
        idempotency_key=wish.idempotency_key,
        expires_at=expires_at,
    )
    body = asdict(fact) | {"parameters": asdict(wish.command), "expires_at": expires_at.isoformat()}
    if wish.as_given:
        body["as_given"] = True
    batch.record(
        state,
        et.COMMAND_REQUESTED,
        payload=json.dumps(body, separators=(",", ":")),
        actor=actor,
        facts=(fact,),
    )
    return Asked(command_id, is_new=True)


def _expires_after_s(command: commands.Command) -> float:
    """Who sends a raw call looks on: it waits for a charge point that just connects, and no longer."""
    if isinstance(command, commands.RawCall):
        return RAW_CALL_EXPIRES_AFTER_S
    return settings.PYROCPP.command_expires_after_s


@cache
def conditions() -> tuple[Veto, ...]:
    """What has to hold for every command, also as given (settings.COMMAND_CONDITIONS)."""
    return tuple(import_string(path) for path in settings.COMMAND_CONDITIONS)


@cache
def vetoes() -> tuple[Veto, ...]:
    """What may be said against a command from what is known of its charge point (settings.COMMAND_VETOES)."""
    return tuple(import_string(path) for path in settings.COMMAND_VETOES)


def check_command(command: commands.Command) -> None:
    """Refuse what no version could send, now and with a reason, instead of later on the wire."""
    _check_secrets(command)
    if isinstance(command, commands.RawCall):
        return  # the charge point judges it
    refusals = []
    for dialect in DIALECTS.values():
        try:
            dialect.check_command(command)
            return
        except Refused as refused:
            refusals.append(refused)
    raise refusals[0]


# A name or a password in an address; a private key where a certificate should be.
CREDENTIALS = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s]*@|-----BEGIN [A-Z ]*PRIVATE KEY-----", re.IGNORECASE)


def _check_secrets(command: commands.Command) -> None:
    """What the log would keep for ever in clear. Raises Refused(SECRET_SETTING or SECRET)."""
    if isinstance(command, commands.ChangeSetting) and command.key.strip().casefold() in SECRET_SETTINGS:
        raise Refused(Reason.SECRET_SETTING, command.key, member="key")
    given = asdict(command)
    if isinstance(command, commands.RawCall):
        given = {"payload": _pairs(command.payload_json)}
    for member, value in given.items():
        if any(CREDENTIALS.search(text) for text in _texts(value)):
            raise Refused(
                Reason.SECRET, f"{member}: a name or password in an address, or a private key", member=member
            )


def _pairs(payload_json: str) -> Any:
    """The JSON with each object as its pairs, so that a name that stands twice hides nothing.

    Raises Refused(SECRET_SETTING) for a setting of ours that is a secret, whatever the call.
    """

    def seen(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        keys = [value for name, value in pairs if name.casefold() == "key" and isinstance(value, str)]
        has_value = any(name.casefold() == "value" for name, _ in pairs)
        if has_value and any(key.strip().casefold() in SECRET_SETTINGS for key in keys):
            raise Refused(Reason.SECRET_SETTING, keys[0], member="payload")
        return pairs

    return json.loads(payload_json, object_pairs_hook=seen)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _earlier(wish: Wish, actor: str, state: StreamState) -> str:
    """The id of the command that this key was used for, or "". Raises Refused if that was another one."""
    key = wish.idempotency_key
    if not key:
        return ""
    if len(key) > MAX_KEY:
        raise Refused(
            Reason.INVALID_PARAMETERS, f"Idempotency-Key: longer than {MAX_KEY}", member="Idempotency-Key"
        )
    for row in state.rows.all(COMMANDS):  # also one of this very batch
        if row.actor == actor and row.idempotency_key == key:
            return _same(wish, row)
    found = models.Command.objects.filter(actor=actor, idempotency_key=key).first()
    return "" if found is None else _same(wish, found)


def _same(wish: Wish, earlier: models.Command | CommandRow) -> str:
    same = (
        earlier.charge_point == wish.charge_point
        and earlier.kind == type(wish.command).__name__
        and earlier.parameters == json.loads(json.dumps(asdict(wish.command)))
        and earlier.reason == wish.reason[:MAX_REASON]
        and wish.expires_at in (None, earlier.expires_at)
    )
    if not same:
        raise Refused(Reason.IDEMPOTENCY_KEY_REUSED, wish.idempotency_key)
    return earlier.command_id
