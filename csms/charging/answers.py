"""Decisions about charge points and their transactions."""

from __future__ import annotations

from datetime import datetime

from csms.domain.authorization import ACCEPTED, verdict
from csms.domain.circumstances import Circumstances
from csms.domain.questions import (
    BeginTransaction,
    Begun,
    EndTransaction,
    MayRegister,
    RecordMeterValues,
    Registration,
    Verdict,
    WhatTimeIsIt,
)
from csms.domain.transactions import is_late, start_key


def what_time_is_it(_: WhatTimeIsIt, at: Circumstances) -> datetime:
    return at.now


def may_register(_: MayRegister, at: Circumstances) -> Registration:
    accepted = at.registration == "Accepted"
    interval_s = at.heartbeat_interval_s if accepted else at.boot_retry_interval_s
    return Registration(status=at.registration, now=at.now, interval_s=interval_s)


def begin_transaction(question: BeginTransaction, at: Circumstances) -> Begun:
    """The same start gets the same answer, however often and under whatever message id it is reported."""
    known = at.known_start(
        start_key(
            evse=question.evse,
            connector=question.connector,
            id_token=question.id_token,
            happened_at=question.happened_at,
            meter_start_wh=question.meter_start_wh,
        )
    )
    if known is not None:
        return known
    running = 0
    if not is_late(question.happened_at, at.now):  # of a start of long ago, nobody knows what ran beside it
        running = at.running_elsewhere(question.id_token, question.evse, question.connector)
    decided = verdict(at.id_token(question.id_token), now=at.now, running_elsewhere=running)
    if decided.status == ACCEPTED:
        at.note_begun(question.id_token, question.evse, question.connector)
    return Begun(transaction_id=at.new_transaction_id(), verdict=decided)


def end_transaction(question: EndTransaction, at: Circumstances) -> Verdict | None:
    """A stop cannot be refused; the verdict only tells the charge point what its cache should hold."""
    if not question.id_token:
        return None
    return verdict(at.id_token(question.id_token), now=at.now)


def record_meter_values(_: RecordMeterValues, __: Circumstances) -> None:
    return None
