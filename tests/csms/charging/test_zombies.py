"""Every way in which a transaction ends, or is found to have ended (pain 3): none stays open for ever."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from csms.charging.models import Transaction
from csms.eventlog import rebuild
from csms.eventlog.projection import projections
from tests import factories
from tests.csms.charging.live import gateway_running, line

NOW = datetime.now(UTC).replace(microsecond=0)


def at(minutes):
    return (NOW + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def start(minutes=-60, connector=1, token="TAG", meter=0):
    return "StartTransaction", {
        "connectorId": connector,
        "idTag": token,
        "meterStart": meter,
        "timestamp": at(minutes),
    }


def stop(minutes=-10, meter=900, number="first", **more):
    return "StopTransaction", {"transactionId": number, "meterStop": meter, "timestamp": at(minutes)} | more


def values(minutes, meter, number="first", connector=1):
    sample = [{"timestamp": at(minutes), "sampledValue": [{"value": str(meter)}]}]
    return "MeterValues", {"connectorId": connector, "transactionId": number, "meterValue": sample}


def status(minutes, word, connector=1):
    return "StatusNotification", {
        "connectorId": connector, "status": word, "errorCode": "NoError", "timestamp": at(minutes),
    }  # fmt: skip


BOOT = ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
LATER = "transaction # started later"
FREE = "its connector became Available"

ENDINGS = {
    "its stop": ([start(), stop()], ("ended", "", 900)),
    "its stop, sent twice": ([start(), stop(), stop()], ("ended", "", 900)),
    "the next start on its connector": (
        [start(), values(-40, 300), start(-5)],
        ("presumed ended", LATER, 300),
    ),
    "its connector becomes Available": ([start(), status(-5, "Available")], ("presumed ended", FREE, 0)),
    "a boot, and its connector is Available": (
        [start(), BOOT, status(-5, "Available")],
        ("presumed ended", FREE, 0),
    ),
    "power loss: the stop comes after the boot": (
        [start(), values(-40, 300), BOOT, status(-5, "Available"), stop(-40, 300, reason="PowerLoss")],
        ("ended", "", 300),
    ),
    "presumed, and the real stop comes late": ([start(), start(-5), stop(-20)], ("ended", "", 900)),
    "presumed, and it goes on to report": (
        [start(), status(-30, "Available"), values(-20, 500), stop()],
        ("ended", "", 900),
    ),
    "a stop with id -1": ([start(), stop(number=-1, idTag="TAG")], ("ended", "", 900)),
    "delivered late, after its successor": ([start(-5), start(-60)], None),
    "delivered late, its connector long Available": (
        [status(-30, "Available"), start(-60)],
        ("presumed ended", FREE, 0),
    ),
    "delivered late, its connector long Available, and its stop": (
        [status(-60, "Preparing"), status(-30, "Available"), start(-60), values(-40, 300), stop(-31)],
        ("ended", "", 900),
    ),
    "refused, and stopped by the charge point": (
        [start(token="NOBODY"), stop(reason="DeAuthorized", meter=0)],
        ("ended", "", 0),
    ),
}

ALIVE = {
    "an Available from before its start": [start(-5), status(-30, "Available")],
    "an Available older than its last sample": [start(), values(-10, 100), status(-20, "Available")],
    "an Available of another connector": [start(), status(-5, "Available", connector=2)],
    "an Available of the charge point itself": [start(), status(-5, "Available", connector=0)],
    "a start on another connector": [start(), start(-5, connector=2)],
    "a start of the past on its connector": [start(-5), start(-500)],
    "a boot alone: it may resume": [start(), BOOT, values(-5, 100)],
    "a stop of another transaction": [start(), stop(number=424242)],
    "a resend of its start": [start(), start()],
    "samples after its presumed end": [start(), status(-30, "Available"), values(-20, 100)],
}


def after(frames):
    factories.charge_point(identity="CP")
    factories.id_token(id_token="TAG", max_transactions=None)

    async def live():
        async with gateway_running(), line("CP") as charge_point:
            numbers = []
            for action, payload in frames:
                if payload.get("transactionId") == "first":
                    payload = payload | {"transactionId": numbers[0]}
                answer = await charge_point.ask(action, payload)
                if action == "StartTransaction":
                    numbers.append(answer["transactionId"])
            return [str(number) for number in dict.fromkeys(numbers)]

    numbers = asyncio.run(live())
    assert [str(found) for found in rebuild.differences("CP", projections())] == []
    rows = {row.transaction_id: row for row in Transaction.objects.all()}
    return [rows[number] for number in numbers]


@pytest.mark.parametrize(("frames", "end"), ENDINGS.values(), ids=ENDINGS)
def test_a_transaction_has_ended_by(live_database, frames, end):
    rows = after(frames)
    if end is None:
        newer, older = rows
        assert (newer.state, older.state) == ("running", "presumed ended")
        assert older.evidence == f"transaction {newer.transaction_id} started later"
        return
    first = rows[0]
    evidence = end[1].replace("#", rows[-1].transaction_id)
    assert (first.state, first.evidence, first.energy_wh) == (end[0], evidence, end[2])
    assert first.ended_at is not None


@pytest.mark.parametrize("frames", ALIVE.values(), ids=ALIVE)
def test_a_transaction_goes_on_in_spite_of(live_database, frames):
    first = after(frames)[0]
    assert (first.state, first.ended_at, first.evidence) == ("running", None, "")
