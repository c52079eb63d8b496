"""Promises 1, 2, 3, 9 under load: the server is killed, the database goes away, nothing answered is lost."""

import asyncio
import itertools
import json
import random
import time
from datetime import datetime

import pytest
from django.db import connection, connections
from websockets.exceptions import WebSocketException

from csms.charging.models import ChargePointState, Transaction
from csms.eventlog import projector, rebuild, store
from csms.eventlog.models import Event
from csms.eventlog.projection import projections
from tests import factories
from tests import server as servers
from tests.end_to_end.conftest import Site, use
from tests.end_to_end.load import Talker
from tests.end_to_end.wire import ChargePoint, handshake, now, start_of, stop_of, values_of
from tests.services import free_port

pytestmark = pytest.mark.end_to_end

TALKERS = 12
KILLS = 10  # on each database


def check_what_is_stored(talkers):
    """Every answered frame is in the log with that very answer, and the rows are what the log says."""
    for talker in talkers:
        calls, answers = {}, {}
        versions = []
        for event in store.read_stream(talker.identity):
            versions.append(event.stream_version)
            if event.type == "call.received":
                calls.setdefault(event.message_id, []).append(json.loads(event.payload))
            elif event.type == "call.answered":
                answers.setdefault(event.message_id, []).append(json.loads(event.payload))
        assert versions == list(range(1, len(versions) + 1))
        missing = [unique_id for unique_id in talker.answered if unique_id not in answers]
        assert missing == [], f"{talker.identity}: answered and lost"
        for unique_id, (call, answer) in talker.answered.items():
            assert call in calls[unique_id]
            assert answer in answers[unique_id]
            if call[2] == "StartTransaction":  # promise 3: each time the same
                assert {json.dumps(other) for other in answers[unique_id]} == {json.dumps(answer)}
        assert talker.refused == []
        starts = {
            answer[2]["transactionId"] for call, answer in talker.answered.values() if "meterStart" in call[3]
        }
        rows = {int(row.transaction_id) for row in Transaction.objects.filter(charge_point=talker.identity)}
        assert rows == starts  # nothing lost, nothing twice
        stopped = {call[3]["transactionId"] for call, _ in talker.answered.values() if "meterStop" in call[3]}
        ended = Transaction.objects.filter(charge_point=talker.identity, state="ended")
        assert {int(row.transaction_id) for row in ended} == stopped
        assert [str(found) for found in rebuild.differences(talker.identity, projections())] == []


def check_followers():
    """Promise 9: whoever follows positions has seen every event."""
    for projection in projector.asynchronous():
        projector.catch_up(projection)
    position, seen = 0, 0
    while events := store.read(position):
        seen += len(events)
        position = events[-1].position
    assert seen == Event.objects.count()


async def end_all(talkers, tasks, within_s=60):
    for talker in talkers:
        talker.is_ending = True
    async with asyncio.timeout(within_s):
        await asyncio.gather(*tasks)


def test_a_server_that_is_killed_at_any_moment_loses_nothing_that_it_answered(live_database, start_server):
    """D11, pain 5, mistake 4."""
    port = free_port()
    names = [factories.charge_point(identity=f"CP-{n}").identity for n in range(TALKERS)]
    for name in names:
        factories.id_token(id_token=name)
    talkers = [Talker(name, lambda: f"ws://127.0.0.1:{port}/ocpp/", n) for n, name in enumerate(names)]
    moments = random.Random(live_database.vendor)

    def launch():
        # Not waited for: the next kill may come while it starts.
        return start_server(database_url=live_database.url, port=port)

    async def torture():
        tasks = [asyncio.create_task(talker.talk()) for talker in talkers]
        for _ in range(KILLS):
            server = await asyncio.to_thread(launch)
            answered = sum(len(talker.answered) for talker in talkers) + moments.randrange(1, 60)
            async with asyncio.timeout(60):
                while sum(len(talker.answered) for talker in talkers) < answered:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            await asyncio.sleep(moments.random() * 0.15)
            server.kill()
        server = await asyncio.to_thread(launch)
        await end_all(talkers, tasks)
        return server

    last = asyncio.run(torture())
    assert sum(len(talker.answered) for talker in talkers) > 20 * KILLS
    check_what_is_stored(talkers)
    check_followers()
    assert last.stop() == 0


@pytest.fixture
def site_on_its_own_postgres(own_postgres, start_server, tmp_path, django_db_blocker):
    """A server on a PostgreSQL that the test may stop. Yields a function of the server's settings."""
    usual = connections.settings["default"]
    url = own_postgres.create_database("site")
    servers.migrate(url, directory=tmp_path)
    with django_db_blocker.unblock():
        use(url)
        yield lambda **options: Site("postgresql", url, start_server(database_url=url, **options))
        connections["default"].close()
        connections.settings["default"] = usual
        del connections["default"]


AWAY_S = 20


def test_a_database_that_goes_away_makes_answers_late_and_never_wrong(own_postgres, site_on_its_own_postgres):
    """D12, pain 4, mistake 3: no CALLERROR, no lost answer; a charge point keeps its connection."""
    site = site_on_its_own_postgres()
    names = [factories.charge_point(identity=f"CP-{n}").identity for n in range(TALKERS)]
    talkers = [Talker(name, site.server.ocpp_url, n) for n, name in enumerate(names)]
    connection.close()  # ours would not survive it

    async def outage():
        tasks = [asyncio.create_task(talker.talk()) for talker in talkers]
        while min(len(talker.answered) for talker in talkers) < 10:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.to_thread(own_postgres.stop)
        await asyncio.sleep(AWAY_S)  # the length of the outage
        during = [len(talker.answered) for talker in talkers]
        await asyncio.to_thread(own_postgres.start)
        while min(len(t.answered) - count for t, count in zip(talkers, during, strict=True)) < 10:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await end_all(talkers, tasks)

    asyncio.run(outage())
    assert min(talker.slowest_s for talker in talkers) > AWAY_S - 1  # the late answers came
    assert [talker.codes for talker in talkers] == [[]] * TALKERS  # on the same connection
    check_what_is_stored(talkers)
    check_followers()
    assert site.server.stop() == 0
    assert "Traceback" not in site.server.log()


def test_authorize_waits_for_the_database_too_and_is_never_guessed(own_postgres, site_on_its_own_postgres):
    """Mistake 3: no fail-open."""
    site = site_on_its_own_postgres()
    factories.charge_point(identity="CP")
    with site.connect("CP") as charge_point:
        charge_point.boot()
        connection.close()
        own_postgres.stop()
        asked = charge_point.call("Authorize", {"idTag": "NOBODY"})
        with pytest.raises(TimeoutError):
            charge_point.receive(timeout_s=1)
        own_postgres.start()
        assert charge_point.answer_to(asked)[2] == {"idTagInfo": {"status": "Invalid"}}


def test_a_frame_that_waits_too_long_ends_its_connection_with_1013(own_postgres, site_on_its_own_postgres):
    """Promise 2: bounded waiting; then the charge point comes again and sends it again."""
    site = site_on_its_own_postgres(journal_wait_s=1)
    factories.charge_point(identity="CP")
    at = now()
    with site.connect("CP") as charge_point:
        charge_point.boot()
        connection.close()
        own_postgres.stop()
        charge_point.call("StartTransaction", start_of(at=at), unique_id="start")
        before = time.monotonic()
        assert charge_point.closed()[0] == 1013
        assert time.monotonic() - before < 10
        assert charge_point.waiting == {}
    own_postgres.start()
    with _connected_at_last(site) as charge_point:
        number = charge_point.result("StartTransaction", start_of(at=at), unique_id="start")["transactionId"]
    assert [int(row.transaction_id) for row in Transaction.objects.all()] == [number]


def _connected_at_last(site):
    deadline = time.monotonic() + 20
    while True:
        try:
            return ChargePoint(site.server.ocpp_url(), "CP")
        except (OSError, WebSocketException):  # refused with 503, or cut
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_a_connection_that_is_refused_while_the_database_is_away_is_not_thought_open(
    own_postgres, site_on_its_own_postgres
):
    site = site_on_its_own_postgres()
    factories.charge_point(identity="CP")
    with site.connect("CP") as charge_point:
        charge_point.boot()
    connection.close()
    own_postgres.stop()
    assert handshake(site.server.url, "/ocpp/CP")[0] == 503
    own_postgres.start()
    with _connected_at_last(site):
        pass
    deadline = time.monotonic() + 10
    while ChargePointState.objects.get().connection is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ChargePointState.objects.get().connection is None


def test_every_frame_doubled_gives_the_same_numbers_and_the_same_figures(site):
    """Promise 3 on the wire: each frame is sent twice, once more with the same id and once with a new one."""
    figures = []
    for repeat in (1, 2, 3):
        identity = factories.charge_point(identity=f"DOUBLE-{repeat}-{time.monotonic_ns()}").identity
        with site.connect(identity) as charge_point:
            ids = itertools.count()

            def say(action, payload, charge_point=charge_point, repeat=repeat, ids=ids):
                number = str(next(ids))
                sent = [number, number, f"{number}-new"][:repeat]
                for unique_id in sent:
                    charge_point.call(action, payload, unique_id=unique_id)
                answers = [charge_point.receive() for _ in sent]
                assert {json.dumps(answer[2]) for answer in answers} == {json.dumps(answers[0][2])}
                return answers[0][2]

            base = datetime.fromisoformat("2024-05-01T10:00:00+00:00")
            for n in range(5):
                at = base.replace(hour=10 + n)
                number = say("StartTransaction", start_of(1, f"T{n}", 1000 * n, at))["transactionId"]
                for minute in (10, 20, 30):
                    say(
                        "MeterValues",
                        values_of(1, 1000 * n + minute, transaction_id=number, at=at.replace(minute=minute)),
                    )
                say("StopTransaction", stop_of(number, meter=1000 * n + 500, at=at.replace(minute=40)))
        rows = Transaction.objects.filter(charge_point=identity).order_by("started_at")
        figures.append([(row.state, row.energy_wh, row.meter_stop_wh, row.anomaly) for row in rows])
    assert figures[0] == [("ended", 500, 1000 * n + 500, "") for n in range(5)]
    assert figures[1:] == [figures[0]] * 2
