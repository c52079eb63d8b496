"""Faults inside the gateway: the unit that is to blame fails alone, and nobody is told a lie."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from csms.charging.models import ChargePointSetting, ChargePointState, Transaction
from csms.domain import commands, questions
from csms.eventlog import rebuild, store
from csms.eventlog.projection import projections
from csms.gateway import answers, endpoint, lookups
from csms.gateway.backends import DatabaseAway, DataRefused, StreamMovedOn
from csms.gateway.journal import Unit
from csms.outbox.models import Command
from csms.outbox.request import request
from tests import factories
from tests.csms.charging.live import Line, gateway_running, line

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture(autouse=True)
def charge_points(live_database):
    for identity in ("CP", "OTHER"):
        factories.charge_point(identity=identity)
    factories.id_token(id_token="TAG")


def start(**members):
    at = datetime.now(UTC).isoformat()
    return {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": at} | members


def events(stream, *types):
    return [event for event in store.read_stream(stream) if not types or event.type in types]


async def in_thread(function, *arguments, **options):
    """Synchronous code with a database connection of its own."""

    def run():
        try:
            return function(*arguments, **options)
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


def broken(question, at):
    if question.id_token == "BREAK":
        raise RuntimeError("a bug")
    return questions.Verdict("Accepted")


def test_a_decision_that_fails_fails_alone(monkeypatch):
    monkeypatch.setitem(answers.DECIDERS, questions.MayCharge, broken)

    async def run():
        async with gateway_running(), line("CP") as one, line("OTHER") as other:
            one.send([2, "1", "Authorize", {"idTag": "BREAK"}])
            asked = [other.ask("Authorize", {"idTag": "TAG"}) for _ in range(1)]
            assert (await asyncio.gather(*asked))[0] == {"idTagInfo": {"status": "Accepted"}}
            kind, unique_id, code, *_ = await one.receive()
            assert (kind, unique_id, code) == (4, "1", "InternalError")
            assert "currentTime" in await one.ask("Heartbeat", {})

    asyncio.run(run())
    assert [event.type for event in events("CP")][1:3] == ["call.received", "call.refused"]


@pytest.mark.parametrize("action", ["StartTransaction", "StopTransaction", "MeterValues"])
def test_our_fault_in_a_transaction_is_never_a_call_error(monkeypatch, action):
    """Promise 2: it is recorded, not answered, and the connection ends so that it comes again."""
    question = {
        "StartTransaction": questions.BeginTransaction,
        "StopTransaction": questions.EndTransaction,
        "MeterValues": questions.RecordMeterValues,
    }[action]
    payload = {
        "StartTransaction": start(),
        "StopTransaction": {"transactionId": 1, "meterStop": 1, "timestamp": "2024-01-01T00:00:00Z"},
        "MeterValues": {"connectorId": 1, "meterValue": [
            {"timestamp": "2024-01-01T00:00:00Z", "sampledValue": [{"value": 5}]}
        ]},
    }[action]  # fmt: skip
    healthy = answers.DECIDERS[question]

    def bug(*_):
        raise RuntimeError("a bug")

    async def run():
        async with gateway_running():
            opened = Line("CP")
            await opened.open()
            monkeypatch.setitem(answers.DECIDERS, question, bug)
            opened.send([2, "1", action, payload])
            with pytest.raises(EOFError):
                await opened.receive()
            assert opened.close_code == 1011
            await opened.close()
            monkeypatch.setitem(answers.DECIDERS, question, healthy)
            async with line("CP") as again:
                await again.ask(action, payload, "1")

    asyncio.run(run())
    assert [event.message_id for event in events("CP", "call.received")] == ["1", "1"]
    assert len(events("CP", "call.answered")) == 1
    assert list(rebuild.differences("CP", projections())) == []


def test_a_value_that_the_database_refuses_fails_alone():
    def poison(state, batch):
        batch.record(state, "x", payload=None)

    def good(state, batch):
        return batch.record(state, "x", payload="{}").stream_version

    async def run():
        async with gateway_running() as gateway:
            units = [Unit(name, decide) for name, decide in
                     [("A", good), ("B", poison), ("B", good), ("C", good), ("A", good)]]  # fmt: skip
            done = [gateway.journal.submit(unit) for unit in units]
            async with asyncio.timeout(20):
                return await asyncio.gather(*done, return_exceptions=True)

    results = asyncio.run(run())
    assert isinstance(results[1], DataRefused)
    assert [results[index] for index in (0, 2, 3, 4)] == [1, 1, 1, 2]


def test_id_tokens_that_are_forgotten_in_the_middle_of_a_batch_harm_nobody(monkeypatch):
    monkeypatch.setattr(lookups, "MAX_TOKENS", 1)

    async def run():
        async with gateway_running() as gateway, line("CP") as one:
            begin = gateway.journal.backend.begin

            async def forgetful(count):
                gateway.lookups.forget_tokens()
                return await begin(count)

            gateway.journal.backend.begin = forgetful
            for token in ("TAG", "tag", "", "NOBODY", "TAG"):
                await one.ask("Authorize", {"idTag": token})
                await one.ask("StartTransaction", start(idTag=token))

    asyncio.run(run())
    assert Transaction.objects.count() == 5


def test_a_stream_that_another_process_moved_on_is_decided_again():
    async def run():
        async with gateway_running(), line("CP") as one:
            first = await one.ask("StartTransaction", start())
            for _ in range(3):
                await in_thread(
                    store.append,
                    "CP",
                    lambda s, b: b.record(s, "command.cancelled", payload='{"command_id":"x"}'),
                )
                await one.ask("Heartbeat", {})
            again = await one.ask("StartTransaction", start(connectorId=2, idTag="X"))
            assert again["transactionId"] > first["transactionId"]

    asyncio.run(run())
    versions = [event.stream_version for event in events("CP")]
    assert versions == list(range(1, len(versions) + 1))


@pytest.mark.parametrize("error", [DatabaseAway, StreamMovedOn])
def test_a_commit_that_fails_now_and_then_only_makes_answers_late(error):
    async def run():
        async with gateway_running() as gateway, line("CP") as one:
            commit, counts = gateway.journal.backend.commit, iter(range(10**6))

            async def flaky(statements):
                if next(counts) % 3:
                    raise error("not now")
                await commit(statements)

            gateway.journal.backend.commit = flaky
            numbers = [
                (await one.ask("StartTransaction", start(connectorId=n)))["transactionId"] for n in (1, 2, 3)
            ]
            gateway.journal.backend.commit = commit
            return numbers

    numbers = asyncio.run(run())
    assert {int(row.transaction_id) for row in Transaction.objects.all()} == set(numbers)
    assert len(numbers) == 3
    assert len(events("CP", "call.received")) == 3


def test_a_handshake_that_is_given_up_leaves_no_ghost(monkeypatch):
    """The database does not answer in time: 503, and nobody is thought online when it comes back."""
    monkeypatch.setattr(endpoint, "HANDSHAKE_WAIT_S", 0.2)

    async def run():
        async with gateway_running() as gateway:
            begin, back = gateway.journal.backend.begin, asyncio.Event()

            async def slow(count):
                await back.wait()
                return await begin(count)

            gateway.journal.backend.begin = slow
            refused = Line("CP")
            with pytest.raises(AssertionError, match="'status': 503"):
                await refused.open()
            back.set()
            async with line("OTHER"):
                pass

    asyncio.run(run())
    states = {state.charge_point: state.connection for state in ChargePointState.objects.all()}
    assert states.get("CP") is None
    assert states["OTHER"] is None
    opened, closed = events("CP", "connection.opened"), events("CP", "connection.closed")
    assert len(opened) == len(closed)


# --- answers of charge points --------------------------------------------------------------------------


async def next_call(opened):
    async with asyncio.timeout(20):
        while (frame := await opened.receive())[0] != 2:
            pass
    return frame


def asked(command, answer, **options):
    """Ask a command of CP and let it answer; gives the stored command."""

    async def run():
        async with gateway_running(), line("CP") as one:
            await in_thread(request, "CP", command, actor="tester", **options)
            call = await next_call(one)
            one.send(answer(call[1]))
            assert "currentTime" in await one.ask("Heartbeat", {})

    asyncio.run(run())
    return Command.objects.get()


def test_a_secret_that_a_charge_point_reports_is_nowhere_in_the_database():
    keys = [
        {"key": "AuthorizationKey", "readonly": False, "value": "the-secret"},
        {"key": "Empty", "readonly": False, "value": None},  # to be repaired, too
        {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
    ]
    command = asked(
        commands.ReadSettings(), lambda id_: [3, id_, {"configurationKey": keys, "unknownKey": None}]
    )
    assert command.state == "answered"
    assert "the-secret" not in json.dumps(command.response)
    assert not [event for event in events("CP") if "the-secret" in event.payload]
    settings = {row.key: row.value for row in ChargePointSetting.objects.all()}
    assert settings == {"AuthorizationKey": "********", "Empty": None, "HeartbeatInterval": "300"}
    assert [str(found) for found in rebuild.differences("CP", projections())] == []


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (lambda id_: [3, id_, {"status": "Accepted"}], "answered", ""),
        (lambda id_: [3, id_, {"status": "Perhaps"}], "refused", "UnreadableResult"),
        (lambda id_: [3, id_, {}], "refused", "UnreadableResult"),
        (lambda id_: [3, id_, "text"], "refused", "UnreadableResult"),
        (lambda id_: [4, id_, "NotSupported", "", {}], "refused", "NotSupported"),
        (lambda id_: [4, id_, "InternalError", "x" * 900, "details as text"], "refused", "InternalError"),
        (lambda id_: [4, id_, "FormatViolation", "line\nline"], "refused", "FormatViolation"),
        (lambda id_: [4, id_, "Whatever" * 20, ""], "refused", ("Whatever" * 20)[:50]),
    ],
)
def test_every_kind_of_answer_settles_a_command(answer, state, code):
    """Tolerance 14 and 15: and the rows equal their rebuild."""
    command = asked(commands.ChangeSetting(key="K", value="V"), answer)
    assert (command.state, command.error_code) == (state, code)
    assert [str(found) for found in rebuild.differences("CP", projections())] == []


def test_an_answer_that_is_late_still_settles_its_command(settings):
    import dataclasses

    settings.PYROCPP = dataclasses.replace(settings.PYROCPP, call_timeout_s=0.2)

    async def run():
        async with gateway_running(), line("CP") as one:
            await in_thread(request, "CP", commands.ReadSettings(), actor="tester")
            call = await next_call(one)
            async with asyncio.timeout(20):
                while not await in_thread(lambda: events("CP", "call.expired")):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            one.send([3, call[1], {"configurationKey": [{"key": "A", "readonly": True, "value": None}]}])
            await one.ask("Heartbeat", {})

    asyncio.run(run())
    assert Command.objects.get().state == "answered"
    assert ChargePointSetting.objects.get().key == "A"
    assert [str(found) for found in rebuild.differences("CP", projections())] == []


def test_a_command_whose_time_is_over_is_not_sent():
    async def run():
        soon = datetime.now(UTC) + timedelta(seconds=0.3)
        await in_thread(request, "CP", commands.ReadSettings(), actor="tester", expires_at=soon)
        async with gateway_running():
            async with asyncio.timeout(20):
                while not await in_thread(lambda: events("CP", "command.expired")):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            async with line("CP") as one:
                await one.ask("Heartbeat", {})

    asyncio.run(run())
    assert Command.objects.get().state == "expired"
    assert events("CP", "call.sent") == []
