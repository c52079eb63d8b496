"""Rules about transactions: which starts are the same, what is late, and how much energy it was."""

from __future__ import annotations

from datetime import datetime, timedelta

from csms.domain.authorization import folded

# A report older than this tells of the past: it is believed, but nothing is done about it now.
LATE_AFTER = timedelta(minutes=5)

# 1.6 charge points use it for a transaction whose start was never confirmed to them.
UNCONFIRMED = "-1"


def start_key(*, evse: int, connector: int, id_token: str, happened_at: datetime, meter_start_wh: int) -> str:
    """The identity of a start: two reports with the same key tell of one physical event.

    The message id is not in it, because a resend may carry a new one.
    """
    return f"{evse}/{connector}/{happened_at.isoformat()}/{meter_start_wh}/{folded(id_token)}"


def believed(happened_at: datetime, recorded_at: datetime) -> datetime:
    """The moment to order by: a charge point's time, but nothing has happened later than we heard of it.

    A clock that is years ahead would otherwise freeze whatever it once touched.
    """
    return min(happened_at, recorded_at)


def is_late(happened_at: datetime, now: datetime) -> bool:
    """Was it only reported long after it happened (an offline backlog)?"""
    return now - happened_at > LATE_AFTER


def energy_wh(meter_start_wh: float | None, register_wh: float | None) -> tuple[float | None, str]:
    """Energy between the start and a later reading of the register, in Wh, and the anomaly if there is one.

    A register below the start is a contradiction (a replaced meter, a reading relative to the
    transaction): there is no figure then, never a negative one.
    """
    if meter_start_wh is None or register_wh is None:
        return None, ""
    if register_wh < meter_start_wh:
        return None, f"register {register_wh:g} Wh is below the start, {meter_start_wh:g} Wh"
    return float(register_wh - meter_start_wh), ""  # as it is kept: the difference may leave 64 bits
