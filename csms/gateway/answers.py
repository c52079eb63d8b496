"""Which function decides which question: the one visible table, and what they may look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings

from csms.access.answers import may_charge
from csms.charging.answers import (
    begin_transaction,
    end_transaction,
    may_register,
    record_meter_values,
    what_time_is_it,
)
from csms.charging.data_transfer import receive_data
from csms.charging.tables import TRANSACTIONS
from csms.domain import questions as q
from csms.domain.authorization import IdTokenRecord
from csms.domain.circumstances import Circumstances
from csms.eventlog.state import StreamState
from csms.gateway.lookups import Lookups


class GatewayCircumstances:
    """`domain.circumstances.Circumstances` from a stream's state and the look-ups of the batch."""

    __slots__ = ("_lookups", "_state", "now", "registration")

    def __init__(self, state: StreamState, lookups: Lookups, now: datetime, registration: str) -> None:
        self.now = now
        self.registration = registration
        self._state = state
        self._lookups = lookups

    @property
    def heartbeat_interval_s(self) -> int:
        return int(settings.PYROCPP.heartbeat_interval_s)

    @property
    def boot_retry_interval_s(self) -> int:
        return int(settings.PYROCPP.boot_retry_interval_s)

    def id_token(self, id_token: str) -> IdTokenRecord | None:
        return self._lookups.id_token(id_token)

    def running_elsewhere(self, id_token: str, evse: int, connector: int) -> int:
        here = (self._state.stream, evse, connector)
        return sum(1 for place in self._lookups.running(id_token) if place != here)

    def note_begun(self, id_token: str, evse: int, connector: int) -> None:
        self._lookups.note_running(id_token, (self._state.stream, evse, connector))

    def known_start(self, start_key: str) -> q.Begun | None:
        for row in self._state.rows.all(TRANSACTIONS):
            if row.start_key == start_key:
                record = self._lookups.id_token(row.id_token)
                expires_at, parent = (None, "") if record is None else (record.expires_at, record.parent)
                return q.Begun(row.transaction_id, q.Verdict(row.verdict, expires_at, parent))
        return None

    def new_transaction_id(self) -> str:
        return self._lookups.new_transaction_id()


DECIDERS: dict[type[q.Question], Callable[[Any, Circumstances], Any]] = {
    q.BeginTransaction: begin_transaction,
    q.EndTransaction: end_transaction,
    q.MayCharge: may_charge,
    q.MayRegister: may_register,
    q.ReceiveData: receive_data,
    q.RecordMeterValues: record_meter_values,
    q.WhatTimeIsIt: what_time_is_it,
}
