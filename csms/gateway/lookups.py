"""What decisions need to know beyond their own charge point, looked up once per batch.

Reference data (charge points, id tokens) is cached until somebody says that it changed, and at most for
a short while, in case that message was lost. What other charge points do (running transactions of a
token) is asked anew in each batch that needs it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from django.conf import settings
from django.db import Error, close_old_connections, connections

from csms.access.models import IdToken
from csms.charging import models
from csms.charging.tables import STATES, TRANSACTIONS
from csms.domain.authorization import IdTokenRecord, folded
from csms.domain.questions import BeginTransaction, EndTransaction, RecordMeterValues
from csms.domain.transactions import UNCONFIRMED, start_key
from csms.eventlog.state import StreamState
from csms.eventlog.table import one_of
from csms.gateway.backends import Backend, DatabaseAway
from csms.gateway.journal import Unit

T = TypeVar("T")

REFERENCE_TTL_S = 30.0
MAX_TOKENS = 50_000
TRANSACTION_ID_BLOCK = 500


@dataclass(frozen=True, slots=True)
class ChargePointRecord:
    """What the operator laid down for a charge point. is_known is False for one in the lobby."""

    identity: str
    registration: str
    security_profile: int
    password_digest: str
    is_known: bool = True


class Lookups:
    """Shared by all sessions of one gateway process."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reference")
        self._tokens: dict[str, tuple[float, IdTokenRecord | None]] = {}
        self._asked: dict[
            str, IdTokenRecord | None
        ] = {}  # those of the batch, whatever happens to the others
        self._running: dict[str, list[tuple[str, int, int]]] = {}
        self._transaction_ids: list[int] = []

    # --- charge points ---------------------------------------------------------------------------------

    async def charge_point(self, identity: str) -> ChargePointRecord | None:
        """The record of a charge point that may connect, or None. Raises DatabaseAway."""
        return await self._reference(_charge_point, identity)

    async def charge_points(self, identities: list[str]) -> dict[str, ChargePointRecord | None]:
        """The records of charge points that are connected, as they are now. Raises DatabaseAway."""
        found: dict[str, ChargePointRecord | None] = await self._reference(_charge_points, identities)
        return found

    async def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """A query of the gateway's housekeeping. Raises DatabaseAway."""
        return await self._backend.fetch(sql, parameters)

    async def close(self) -> None:
        await self._backend.close()
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown(wait=False)

    async def _reference(self, query: Any, *arguments: Any) -> Any:
        def run() -> Any:
            close_old_connections()
            return query(*arguments)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, run)
        except Error as error:
            raise DatabaseAway(str(error)) from error

    # --- before a batch is decided ---------------------------------------------------------------------

    async def prepare(self, units: list[Unit], states: dict[str, StreamState]) -> None:
        """Look up what the questions of a batch need. Raises DatabaseAway."""
        tokens: set[str] = set()
        starters: set[str] = set()
        start_keys: set[tuple[str, str]] = set()
        transactions: set[tuple[str, str]] = set()
        starts = 0
        for unit in units:
            question = unit.question
            if question is None:
                continue
            if member := question.id_token_member:
                tokens.add(folded(getattr(question, member)))
            if isinstance(question, BeginTransaction):
                starts += 1
                starters.add(folded(question.id_token))
                if key := _old_start(question, states[unit.stream]):
                    start_keys.add((unit.stream, key))
            elif isinstance(question, EndTransaction | RecordMeterValues) and _is_unknown(
                question.transaction_id, states[unit.stream]
            ):
                transactions.add((unit.stream, question.transaction_id))
        if tokens:
            await self._learn_tokens(tokens)
        self._running = await self._running_of(starters) if starters else {}
        if start_keys:
            await self._load_transactions("start_key", start_keys, states)
        if transactions:
            await self._load_transactions("transaction_id", transactions, states)
        if starts > len(self._transaction_ids):
            await self._reserve_transaction_ids(starts)

    async def _learn_tokens(self, tokens: set[str]) -> None:
        now = time.monotonic()
        cache = self._tokens
        known = {token: cache[token] for token in tokens if cache.get(token, (0.0, None))[0] > now}
        if unknown := [token for token in tokens if token not in known]:
            found = await self._reference(_id_tokens, unknown)
            learned = {token: (now + REFERENCE_TTL_S, found.get(token)) for token in unknown}
            known |= learned
            if len(cache) + len(learned) > MAX_TOKENS:
                cache.clear()
            cache |= learned  # in vain when they were all forgotten meanwhile, see forget_tokens
        self._asked = {token: record for token, (_, record) in known.items()}

    async def _running_of(self, tokens: set[str]) -> dict[str, list[tuple[str, int, int]]]:
        rows = await self._backend.fetch(
            "SELECT id_token_folded, charge_point, evse, connector FROM charging_transaction "  # noqa: S608
            f"WHERE state = 'running' AND verdict = 'Accepted' AND {one_of('id_token_folded')}",
            [_json(tokens)],
        )
        running: dict[str, list[tuple[str, int, int]]] = {}
        for token, charge_point, evse, connector in rows:
            running.setdefault(token, []).append((charge_point, evse, connector))
        return running

    async def _load_transactions(
        self, column: str, wanted: set[tuple[str, str]], states: dict[str, StreamState]
    ) -> None:
        rows = await self._backend.fetch(
            TRANSACTIONS.select(f"{one_of('charge_point')} AND {one_of(column)}"),
            [_json({stream for stream, _ in wanted}), _json({value for _, value in wanted})],
        )
        for row in TRANSACTIONS.decode(rows[0][0]):
            if state := states.get(row.charge_point):
                state.rows.load(TRANSACTIONS, [row])

    async def _reserve_transaction_ids(self, needed: int) -> None:
        count = max(needed, TRANSACTION_ID_BLOCK)
        rows = await self._backend.fetch(
            "INSERT INTO charging_transactionnumbers (id, last) VALUES (1, %s) "
            "ON CONFLICT (id) DO UPDATE SET last = charging_transactionnumbers.last + excluded.last "
            "RETURNING last",
            [count],
        )
        last = int(rows[0][0])
        self._transaction_ids.extend(range(last, last - count, -1))  # popped from the end, lowest first

    # --- while it is decided ---------------------------------------------------------------------------

    def id_token(self, id_token: str) -> IdTokenRecord | None:
        return self._asked[folded(id_token)]

    def running(self, id_token: str) -> list[tuple[str, int, int]]:
        """(charge point, evse, connector) of each running transaction of the token."""
        return self._running.get(folded(id_token), [])

    def note_running(self, id_token: str, place: tuple[str, int, int]) -> None:
        """A transaction was begun in this very batch; the next decision in it must know."""
        self._running.setdefault(folded(id_token), []).append(place)

    def new_transaction_id(self) -> str:
        return str(self._transaction_ids.pop())

    def forget_tokens(self) -> None:
        """Reference data was edited."""
        self._tokens = {}  # a new one: what is being looked up now goes to the old


def _old_start(question: BeginTransaction, state: StreamState) -> str:
    """The key to look for, unless the start is newer than all that were ever reported."""
    known = state.rows.get(STATES, state.stream)
    if known is None or known.latest_start_at is None or question.happened_at > known.latest_start_at:
        return ""
    return start_key(
        evse=question.evse,
        connector=question.connector,
        id_token=question.id_token,
        happened_at=question.happened_at,
        meter_start_wh=question.meter_start_wh,
    )


def _is_unknown(transaction_id: str, state: StreamState) -> bool:
    return (
        transaction_id not in ("", UNCONFIRMED)
        and state.rows.get(TRANSACTIONS, state.stream, transaction_id) is None
    )


def _json(values: Iterable[str]) -> str:
    return msgspec.json.encode(list(values)).decode()


def _charge_point(identity: str) -> ChargePointRecord | None:
    found = models.ChargePoint.objects.filter(identity=identity).first()
    if found is not None:
        return _record(found)
    if settings.PYROCPP.unknown_charge_points != "lobby" or _lobby_is_full(identity):
        return None
    return ChargePointRecord(identity, "Pending", 0, "", is_known=False)


def _charge_points(identities: list[str]) -> dict[str, ChargePointRecord | None]:
    may_stay = settings.PYROCPP.unknown_charge_points == "lobby"
    records: dict[str, ChargePointRecord | None] = {
        identity: ChargePointRecord(identity, "Pending", 0, "", is_known=False) if may_stay else None
        for identity in identities
    }
    for found in models.ChargePoint.objects.filter(identity__in=identities):
        records[found.identity] = _record(found)
    return records


def _record(found: models.ChargePoint) -> ChargePointRecord | None:
    if found.archived_at is not None:
        return None
    return ChargePointRecord(
        found.identity, found.registration, found.security_profile, found.password_digest
    )


def _lobby_is_full(identity: str) -> bool:
    """The lobby is bounded: strangers can fill it, but not the disk."""
    states = models.ChargePointState.objects
    if states.filter(charge_point=identity).exists():
        return False
    known = models.ChargePoint.objects.values("identity")
    return states.exclude(charge_point__in=known).count() >= settings.PYROCPP.lobby_size


def _id_tokens(tokens: list[str]) -> dict[str, IdTokenRecord]:
    rows = IdToken.objects.filter(folded__in=tokens).select_related("group")
    return {
        row.folded: IdTokenRecord(
            id_token=row.id_token,
            blocked=row.blocked,
            expires_at=row.expires_at,
            parent=row.group.parent if row.group else "",
            max_transactions=row.max_transactions,
        )
        for row in rows
    }
