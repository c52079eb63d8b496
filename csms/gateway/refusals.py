"""Refused handshakes, recorded: who knocks in vain is seen, and cannot fill the log by knocking."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from csms.eventlog import event_types as et
from csms.eventlog.state import Batch, StreamState
from csms.gateway.authentication import Refusal, identity_of
from csms.gateway.connection import Budget
from csms.gateway.journal import Journal, Unit

logger = logging.getLogger(__name__)

RATE_PER_S = 1.0
BURST = 100
NOBODY = "?"  # the stream of those whose identity cannot be read
TEMPORARY = 500  # statuses from here on are our own trouble, not a refusal


class Refusals:
    """Records refusals up to a rate; what is beyond it is only counted and logged."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._budget = Budget(RATE_PER_S, BURST)
        self.unrecorded = 0

    def record(self, scope: dict[str, Any], address: str, refusal: Refusal) -> None:
        logger.info("refused %r from %s: %s", scope["path"][:300], address, refusal)
        if refusal.status >= TEMPORARY:
            return
        if not self._budget.take(asyncio.get_running_loop().time()):
            self.unrecorded += 1
            return
        body = {
            "remote_address": address,
            "path": scope["path"][:300].replace("\0", "\ufffd"),
            "status": refusal.status,
            "reason": refusal.message,
        }

        def decide(state: StreamState, batch: Batch) -> None:
            batch.record(state, et.CONNECTION_REFUSED, payload=msgspec.json.encode(body).decode())

        self._journal.submit(Unit(_stream(scope), decide, events=1))


def _stream(scope: dict[str, Any]) -> str:
    try:
        return identity_of(scope)
    except Refusal:
        return NOBODY
