"""One gateway process: its journal, its look-ups, the connections that it holds, and its housekeeping."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import secrets
import socket
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection as database
from django.utils import timezone
from redis.exceptions import RedisError

from csms.charging.tables import STATES
from csms.domain import facts
from csms.eventlog import event_types as et
from csms.eventlog.state import Batch, StreamState
from csms.eventlog.table import one_of
from csms.gateway.backends import DatabaseAway, open_backend
from csms.gateway.connection import Connection
from csms.gateway.journal import Journal, Unit
from csms.gateway.lookups import REFERENCE_TTL_S, Lookups
from csms.gateway.refusals import Refusals
from csms.outbox.announce import GATEWAYS
from csms.outbox.projections import AWAITED, COMMANDS, REQUESTED, SENT, CommandRow

logger = logging.getLogger(__name__)

HOUSEKEEPING_S = 1.0
RECORDS_AT_ONCE = 500
RENEW_S = 5.0
LOST_AFTER_S = 20.0

# What the channel layer raises while Redis is away; RedisError is no OSError.
LAYER_AWAY = (OSError, RedisError)


class Gateway:
    """Everything that the connections of this process share. Made once, in the server's event loop."""

    def __init__(self) -> None:
        self.options = settings.PYROCPP
        self.name = f"{socket.gethostname()[:60]}.{os.getpid()}.{secrets.token_hex(3)}"
        self.connections: dict[str, Connection] = {}
        self.per_address: Counter[str] = Counter()
        listed = self.options.trusted_proxies.split(",")
        self.trusted_proxies = frozenset(address.strip() for address in listed if address.strip())
        self.is_draining = False
        self._left = asyncio.Event()
        self._records_read_at = 0.0
        self.lookups = Lookups(open_backend())
        # Reads of the journal go through the journal's own connection, so it has its own back end.
        self.journal = Journal(open_backend(), self._prepare, max_events=self.options.journal_batch_events)
        self.refusals = Refusals(self.journal)
        self._tasks: list[asyncio.Task[None]] = []
        self._renewed_at = -math.inf
        self._steady_since = -math.inf

    async def _prepare(self, units: list[Unit], states: dict[str, StreamState]) -> None:
        await self.lookups.prepare(units, states)

    # --- life ------------------------------------------------------------------------------------------

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self.journal.run(), name="journal"),
            loop.create_task(self._listen(), name="announcements"),
            loop.create_task(self._keep_house(), name="housekeeping"),
        ]
        for task in self._tasks:
            task.add_done_callback(_report)

    async def stop(self) -> None:
        """Answer what has arrived, close every connection with 1001, and write the last events."""
        self.is_draining = True
        for connection in list(self.connections.values()):
            connection.close_when_answered(1001, "the server is going down")
        if self.connections:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.options.shutdown_grace_s):
                    await self._left.wait()
        for connection in list(self.connections.values()):
            connection.close(1001, "the server is going down")
        journal, *others = self._tasks
        for task in others:
            task.cancel()
        await asyncio.wait(others, timeout=self.options.shutdown_grace_s)
        self.journal.stop()
        await asyncio.wait([journal], timeout=self.options.shutdown_grace_s)
        journal.cancel()
        await self._sign_off()
        await self.journal.backend.close()
        await self.lookups.close()

    # --- connections -----------------------------------------------------------------------------------

    def enter(self, connection: Connection) -> None:
        """A connection is open: it owns its charge point from now on, and an older one has to go."""
        identity = connection.identity
        older = self.connections.get(identity)
        if older is not None and older.number > connection.number:  # they overtook each other
            older, connection = connection, older
        self.connections[identity] = connection
        if older is not None:
            older.close(1008, "replaced by a newer connection")

    def leave(self, connection: Connection) -> None:
        if self.connections.get(connection.identity) is connection:
            del self.connections[connection.identity]
            if self.is_draining and not self.connections:
                self._left.set()

    # --- announcements ---------------------------------------------------------------------------------

    async def _listen(self) -> None:
        layer = get_channel_layer()
        was_away = False
        while True:
            try:
                channel = await layer.new_channel("gateway")
                await layer.group_add(GATEWAYS, channel)
                if was_away:
                    self._catch_up()
                while True:
                    self._hear(await layer.receive(channel))
            except LAYER_AWAY as error:
                was_away = True
                logger.warning("the channel layer is away: %s", error)
                await asyncio.sleep(1)

    def _catch_up(self) -> None:
        """Nobody knows what was announced while nobody could hear it."""
        self.lookups.forget_tokens()
        for connection in self.connections.values():
            connection.refresh()

    def _hear(self, message: dict[str, Any]) -> None:
        kind, stream = message["type"], message.get("stream", "")
        connection = self.connections.get(stream)
        if kind == "reference.changed":
            self.lookups.forget_tokens()
            if connection is not None:
                connection.refresh()
        elif connection is None:
            return
        elif kind == "command.requested":
            self.journal.invalidate(stream)
            connection.session.sender.pump()
        elif kind == "connection.opened" and message["connection"] > connection.number > 0:
            connection.close(1008, "replaced by a newer connection")
        elif kind == "connection.close":
            connection.close(1008, message["reason"])

    async def announce(self, kind: str, **members: object) -> None:
        try:
            await get_channel_layer().group_send(GATEWAYS, {"type": kind, **members})
        except LAYER_AWAY as error:
            logger.warning("could not announce %s: %s", kind, error)

    # --- housekeeping ----------------------------------------------------------------------------------

    async def _keep_house(self) -> None:
        renewed = 0.0
        loop = asyncio.get_running_loop()
        while True:
            self._close_those_who_wait_too_long()
            try:
                await self._wake_and_expire_commands()
                if loop.time() - renewed > RENEW_S:
                    renewed = loop.time()
                    await self._renew()
                    await self._close_what_is_not_ours()
                    await self._read_records_again()
                    await self._close_for_the_lost()
            except DatabaseAway as away:
                logger.debug("housekeeping waits: %s", away)
            await asyncio.sleep(HOUSEKEEPING_S)

    def _close_those_who_wait_too_long(self) -> None:
        """The database is away for too long: end the connection, so that the charge point sends it again."""
        now = asyncio.get_running_loop().time()
        for connection in list(self.connections.values()):
            since = connection.waiting_since
            if since is not None and now - since > self.options.journal_wait_s:
                connection.close(1013, "try again later")

    async def _wake_and_expire_commands(self) -> None:
        """Commands whose announcement was lost, and those whose time is up."""
        rows = await self.lookups.fetch(
            "SELECT charge_point, command_id, expires_at <= %s FROM outbox_command "
            "WHERE state = 'requested' OR (state = 'sent' AND expires_at <= %s)",
            [_sql_time(timezone.now())] * 2,
        )
        rows += await self.lookups.fetch(
            "SELECT charge_point, command_id, true FROM outbox_command "
            "WHERE effect = 'awaited' AND effect_until <= %s",
            [_sql_time(timezone.now())],
        )
        for stream, command_id, is_due in rows:
            connection = self.connections.get(stream)
            if is_due:
                self.journal.submit(Unit(stream, _expiry(command_id), events=1))
            elif connection is not None and not connection.session.sender.is_busy:
                self.journal.invalidate(stream)
                connection.session.sender.pump()

    async def _renew(self) -> None:
        now = _sql_time(timezone.now())
        await self.lookups.fetch(
            "INSERT INTO gateway_gatewayprocess (name, started_at, seen_at, connections) "
            "VALUES (%s, %s, %s, %s) ON CONFLICT (name) DO UPDATE "
            "SET seen_at = excluded.seen_at, connections = excluded.connections RETURNING name",
            [self.name, now, now, len(self.connections)],
        )
        at = asyncio.get_running_loop().time()
        if at - self._renewed_at > 2 * RENEW_S and self._renewed_at > 0:
            self._steady_since = at  # the database was away, for the others perhaps as well
        self._renewed_at = at

    async def _close_what_is_not_ours(self) -> None:
        """Another gateway took the charge point over, or took us for lost, and we did not hear of it."""
        numbers = {identity: connection.number for identity, connection in self.connections.items()}
        rows = await self.lookups.fetch(
            "SELECT charge_point, connection FROM charging_chargepointstate "  # noqa: S608
            f"WHERE {one_of('charge_point')} AND (gateway <> %s OR connection IS NULL)",
            [msgspec.json.encode(list(numbers)).decode(), self.name],
        )
        for stream, owner in rows:
            connection = self.connections.get(stream)
            if connection is None or connection.number != numbers[stream]:
                continue
            if owner is None:
                connection.close(1012, "taken for lost")
            elif owner > connection.number:
                connection.close(1008, "replaced by a newer connection")

    async def _read_records_again(self) -> None:
        """An operator's change reaches a connected charge point also when its announcement was lost."""
        loop = asyncio.get_running_loop()
        everybody = loop.time() - self._records_read_at > REFERENCE_TTL_S
        if everybody:
            self._records_read_at = loop.time()
        chosen = [
            identity
            for identity, connection in self.connections.items()
            if everybody or connection.session.charge_point.registration != "Accepted"
        ]
        for start in range(0, len(chosen), RECORDS_AT_ONCE):
            records = await self.lookups.charge_points(chosen[start : start + RECORDS_AT_ONCE])
            for identity, record in records.items():
                if connection := self.connections.get(identity):
                    connection.take_record(record)

    async def _sign_off(self) -> None:
        try:
            await self.lookups.fetch(
                "DELETE FROM gateway_gatewayprocess WHERE name = %s RETURNING name", [self.name]
            )
        except DatabaseAway as away:
            logger.warning("could not sign off: %s", away)

    async def _close_for_the_lost(self) -> None:
        """A gateway that died cannot say that its connections ended; a living one says it.

        While the database was away, nobody could renew: all get the time to do so first.
        """
        if asyncio.get_running_loop().time() - self._steady_since < LOST_AFTER_S:
            return
        lost = timezone.now() - timedelta(seconds=LOST_AFTER_S)
        rows = await self.lookups.fetch(
            "SELECT charge_point, connection, gateway FROM charging_chargepointstate "
            "WHERE connection IS NOT NULL AND gateway NOT IN "
            "(SELECT name FROM gateway_gatewayprocess WHERE seen_at > %s)",
            [_sql_time(lost)],
        )
        for stream, connection, gateway in rows:
            if gateway != self.name:
                self.journal.submit(Unit(stream, _lost(connection, gateway), events=1))
        await self.lookups.fetch(
            "DELETE FROM gateway_gatewayprocess WHERE seen_at <= %s RETURNING name", [_sql_time(lost)]
        )


def _expiry(command_id: str) -> Any:
    def decide(state: StreamState, batch: Batch) -> None:
        row = state.rows.get(COMMANDS, state.stream, command_id)
        if row is None:
            return
        if row.state == REQUESTED and row.expires_at <= batch.now:
            stage = "unsent"
        elif row.state == SENT and row.expires_at <= batch.now and not _is_on_the_wire(row, state):
            stage = "unanswered"
        elif row.effect == AWAITED and row.effect_until is not None and row.effect_until <= batch.now:
            stage = "no_effect"
        else:
            return
        batch.record(
            state,
            et.COMMAND_EXPIRED,
            payload=msgspec.json.encode({"command_id": command_id, "stage": stage}).decode(),
            cause=row.position,
            facts=(facts.CommandExpired(command_id, stage),),
        )

    return decide


def _is_on_the_wire(row: CommandRow, state: StreamState) -> bool:
    """Was it sent on the connection that is there now? Then its answer may still come."""
    known = state.rows.get(STATES, state.stream)
    return known is not None and row.connection is not None and known.connection == row.connection


def _lost(connection: int, gateway: str) -> Any:
    def decide(state: StreamState, batch: Batch) -> None:
        reason = f"gateway {gateway} was lost"
        batch.record(
            state,
            et.CONNECTION_CLOSED,
            payload=msgspec.json.encode({"code": 1006, "reason": reason}).decode(),
            connection=connection,
            facts=(facts.ConnectionClosed(connection, 1006, reason),),
        )

    return decide


def _sql_time(moment: datetime) -> object:
    """A time as a parameter that both databases compare rightly."""
    return database.ops.adapt_datetimefield_value(moment) if database.vendor == "sqlite" else moment


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("%s ended: %r", task.get_name(), error, exc_info=error)


_gateway: Gateway | None = None


def gateway() -> Gateway:
    """The gateway of this process; started by the first connection, or by the server."""
    global _gateway
    if _gateway is None:
        _gateway = Gateway()
        _gateway.start()
    return _gateway


async def stop_gateway() -> None:
    """End it cleanly; harmless when there is none."""
    global _gateway
    if _gateway is not None:
        stopping, _gateway = _gateway, None
        await stopping.stop()
