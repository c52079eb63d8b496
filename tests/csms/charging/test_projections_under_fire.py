"""Random lives of charge points through a gateway in this process: whatever they send, in whatever order,
the rows keep their promises (design 3), and a rebuild from the log gives the very same rows."""

import asyncio
import itertools
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from csms.charging.models import (
    ChargePointSetting,
    ChargePointState,
    ConnectorStatus,
    HourlyActivity,
    MeterValue,
    OrphanMessage,
    Transaction,
)
from csms.domain.authorization import folded
from csms.eventlog import projector, rebuild, store
from csms.eventlog.projection import projections
from csms.outbox.models import Command
from tests import factories
from tests.csms.charging.live import Line, gateway_running

EXAMPLES = int(os.environ.get("PYROCPP_TEST_EXAMPLES", "25"))
fire = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # shrinking takes minutes; the steps are told as they are
)

CONNECTORS = st.sampled_from([1, 2])
TOKENS = st.sampled_from(["AA", "aa", "BB", "STRANGER", ""])
MINUTES = st.integers(-3000, 30)  # around the border of what is late, and long before
METERS = st.integers(0, 20).map(lambda n: n * 250)
NUMBERS = st.sampled_from(["last", "first", "any", "unknown", "-1"])
STATUSES = st.sampled_from(["Available", "Preparing", "Charging", "Finishing", "Faulted", "Unavailable"])

STEPS = st.one_of(  # what is named twice comes twice as often
    st.tuples(st.just("start"), st.just(1), st.just("AA"), METERS, MINUTES),
    st.tuples(
        st.just("stop"), st.sampled_from(["last", "first"]), st.just(""), METERS, MINUTES, st.just(False)
    ),
    st.tuples(st.just("start"), CONNECTORS, TOKENS, METERS, MINUTES),
    st.tuples(st.just("stop"), NUMBERS, TOKENS, METERS, MINUTES, st.booleans()),
    st.tuples(
        st.just("values"),
        st.sampled_from(["", "last", "first", "any", "unknown", "-1"]),
        CONNECTORS,
        METERS,
        MINUTES,
        st.sampled_from(["Wh", "kWh", None, "number", "null", "text"]),
    ),
    st.tuples(st.just("status"), st.sampled_from([0, 1, 2]), STATUSES, MINUTES),
    st.tuples(st.just("boot")),
    st.tuples(st.just("authorize"), TOKENS),
    st.tuples(
        st.just("rubbish"),
        st.sampled_from(["what?", "[]", '[3,"x",{}]', '[2,"x","No",{}]', '[2,"y","Authorize",{}]']),
    ),
    st.tuples(st.just("resend"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("resend"), st.integers(0, 50), st.booleans()),
    st.tuples(st.just("reconnect")),
    st.tuples(st.just("evict")),
)
LIVES = st.integers(1, 40).flatmap(lambda length: st.lists(STEPS, min_size=length, max_size=length))

_numbers = itertools.count(1)


@dataclass
class Life:
    """One charge point that lives through steps. repeat: how often it sends each frame."""

    identity: str
    base: datetime
    repeat: int = 1
    started: list[int] = field(default_factory=list)
    starts: dict[Any, int] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    line: Line | None = None

    async def live(self, steps: list[tuple[Any, ...]], gateway: Any) -> None:
        await self.reconnect()
        for kind, *members in steps:
            match kind:
                case "reconnect":
                    await self.reconnect()
                case "evict":
                    gateway.journal.invalidate(self.identity)
                case "rubbish":
                    await self.rubbish(*members)
                case "resend":
                    index, same_id = members
                    if self.sent:
                        await self.say(*self.sent[index % len(self.sent)], same_id=same_id)
                case _:
                    await self.say(*getattr(self, kind)(*members))
        await self.line.close()

    async def reconnect(self) -> None:
        if self.line is not None:
            await self.line.close()
        self.line = Line(self.identity)
        await self.line.open()

    async def rubbish(self, text: str) -> None:
        for _ in range(self.repeat):
            self.line.send(text)
            if text.startswith("[2,"):
                assert (await self.line.receive())[0] == 4
            await self.line.ask("Heartbeat", {})

    async def say(self, action: str, payload: dict[str, Any], same_id: bool = False) -> None:
        self.sent.append((action, payload))
        for _ in range(self.repeat):  # pipelined: they are decided in one batch
            self.line.send([2, "same" if same_id else str(next(_numbers)), action, payload])
        answers = [await self.line.receive() for _ in range(self.repeat)]
        assert [answer[0] for answer in answers] == [3] * self.repeat, answers
        results = [answer[2] for answer in answers]
        if action == "StartTransaction":
            key = (
                payload["connectorId"],
                folded(payload["idTag"]),
                payload["timestamp"],
                payload["meterStart"],
            )
            for result in results:  # promise 3: the same start, the same id
                assert self.starts.setdefault(key, result["transactionId"]) == result["transactionId"]
            assert results == [results[0]] * self.repeat
            self.started.append(results[0]["transactionId"])
        if action == "StopTransaction":
            self.stopped.add(payload["transactionId"])

    def at(self, minutes: int) -> str:
        return (self.base + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def number(self, which: str) -> int:
        if which == "-1":
            return -1
        if which == "unknown" or not self.started:
            return 99_000_000
        return {"last": self.started[-1], "first": self.started[0]}.get(
            which, self.started[len(self.started) // 2]
        )

    def start(self, connector: int, token: str, meter: int, minutes: int) -> tuple[str, dict[str, Any]]:
        return "StartTransaction", {
            "connectorId": connector, "idTag": token, "meterStart": meter, "timestamp": self.at(minutes),
        }  # fmt: skip

    def stop(
        self, which: str, token: str, meter: int, minutes: int, data: bool
    ) -> tuple[str, dict[str, Any]]:
        payload: dict[str, Any] = {
            "transactionId": self.number(which), "meterStop": meter, "timestamp": self.at(minutes),
        }  # fmt: skip
        if token:
            payload["idTag"] = token
        if data:
            sampled = [{"value": str(meter)}]
            payload["transactionData"] = [{"timestamp": self.at(minutes), "sampledValue": sampled}]
        return "StopTransaction", payload

    def values(
        self, which: str, connector: int, meter: int, minutes: int, form: Any
    ) -> tuple[str, dict[str, Any]]:
        sample: dict[str, Any] = {
            "Wh": {"value": str(meter), "unit": "Wh"},
            "kWh": {"value": str(meter / 1000), "unit": "kWh"},
            "number": {"value": meter},
            "null": {"value": str(meter), "unit": None},
            "text": {"value": "blob", "format": "SignedData"},
            None: {"value": str(meter)},
        }[form]
        payload: dict[str, Any] = {
            "connectorId": connector,
            "meterValue": [{"timestamp": self.at(minutes), "sampledValue": [sample]}],
        }
        if which:
            payload["transactionId"] = self.number(which)
        return "MeterValues", payload

    def status(self, connector: int, status: str, minutes: int) -> tuple[str, dict[str, Any]]:
        return "StatusNotification", {
            "connectorId": connector, "errorCode": "NoError", "status": status, "timestamp": self.at(minutes),
        }  # fmt: skip

    def boot(self) -> tuple[str, dict[str, Any]]:
        return "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}

    def authorize(self, token: str) -> tuple[str, dict[str, Any]]:
        return "Authorize", {"idTag": token}


def lived(*lives: tuple[Life, list[tuple[Any, ...]]]) -> None:
    """Let charge points live side by side, on one gateway."""

    async def run() -> None:
        async with gateway_running() as gateway:
            await asyncio.gather(*(life.live(steps, gateway) for life, steps in lives))

    for life, _ in lives:
        factories.charge_point(identity=life.identity)
    asyncio.run(run())


def new_life(base: datetime, **options: Any) -> Life:
    return Life(f"CP{next(_numbers)}", base, **options)


def base_time() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def tokens(live_database: Any) -> None:
    factories.id_token(id_token="AA", max_transactions=None)
    factories.id_token(id_token="BB", max_transactions=1)


# --- the promises --------------------------------------------------------------------------------------


def check_promises(life: Life) -> None:
    rows = list(Transaction.objects.filter(charge_point=life.identity))
    # A start is a fact: each physical one has exactly one row, under the id that was answered.
    assert {int(row.transaction_id) for row in rows} == set(life.starts.values())
    assert len(rows) == len(life.starts)
    assert all(number > 0 for number in life.starts.values())
    for row in rows:
        if int(row.transaction_id) in life.stopped:  # for good: no resent start revives it
            assert row.state == "ended"
        assert row.energy_wh is None or row.energy_wh >= 0
        if row.state == "ended":
            assert row.stop_position is not None
            assert row.ended_at is not None
            assert row.evidence == ""
        if row.state == "presumed ended":
            assert row.evidence
            assert row.ended_at is not None
        if row.state == "running":
            assert row.ended_at is None
    running = [(row.evse, row.connector) for row in rows if row.state == "running"]
    assert len(running) == len(set(running)), "two transactions run on one connector"
    versions = [event.stream_version for event in store.read_stream(life.identity)]
    assert versions == list(range(1, len(versions) + 1))
    positions = [event.position for event in store.read_stream(life.identity)]
    assert positions == sorted(positions)


def check_rebuild(life: Life) -> None:
    for projection in projector.asynchronous():
        projector.catch_up(projection)
    assert [str(difference) for difference in rebuild.differences(life.identity, projections())] == []


@pytest.mark.usefixtures("tokens")
@fire
@given(steps=LIVES)
def test_rows_after_any_life_keep_the_promises_and_equal_their_rebuild(steps):
    life = new_life(base_time())
    lived((life, steps))
    check_promises(life)
    check_rebuild(life)


@pytest.mark.usefixtures("tokens")
@settings(fire, max_examples=max(4, EXAMPLES // 4))
@given(one=LIVES, other=LIVES, third=LIVES)
def test_charge_points_that_live_at_once_do_not_meet(one, other, third):
    lives = [(new_life(base_time()), steps) for steps in (one, other, third)]
    lived(*lives)
    for life, _ in lives:
        check_promises(life)
        check_rebuild(life)
    numbers = [number for life, _ in lives for number in life.starts.values()]
    assert len(numbers) == len(set(numbers))


OURS = {"id", "charge_point", "transaction_id", "position", "start_position", "stop_position", "recorded_at",
        "booted_at", "connected_at", "disconnected_at", "connection", "gateway", "evidence"}  # fmt: skip


def said(model: Any, life: Life) -> list[Any]:
    """What the rows say, without our own times and numbers; transactions by their order."""
    order = {str(number): f"#{index}" for index, number in enumerate(dict.fromkeys(life.started))}
    rows = []
    for row in model.objects.filter(charge_point=life.identity):
        members = {
            name: str(value)
            for name, value in vars(row).items()
            if name not in OURS and not name.startswith("_")
        }
        members["transaction"] = order.get(
            getattr(row, "transaction_id", ""), getattr(row, "transaction_id", "")
        )
        rows.append(tuple(sorted(members.items())))
    return sorted(rows)


def past(step: tuple[Any, ...]) -> tuple[Any, ...]:
    where = {"start": 4, "stop": 4, "values": 4, "status": 3}.get(step[0])
    return step if where is None else (*step[:where], -abs(step[where]), *step[where + 1 :])


@pytest.mark.usefixtures("tokens")
@fire
@given(steps=LIVES)
def test_doubling_every_frame_changes_no_row(steps):
    """Promise 3, pain 2: the projection of the doubled log is that of the single one."""
    # A second stop with id -1 is an orphan. A time that is still to come is replaced by ours.
    steps = [past(step) for step in steps if step[:2] != ("stop", "-1")]
    base = base_time()
    once, twice = new_life(base), new_life(base, repeat=2)
    # Not side by side: a token may charge once, so they would judge each other.
    lived((once, steps))
    Transaction.objects.filter(charge_point=once.identity, state="running").update(state="set aside")
    lived((twice, steps))
    Transaction.objects.filter(charge_point=once.identity, state="set aside").update(state="running")
    for model in (
        ConnectorStatus,
        Transaction,
        MeterValue,
        OrphanMessage,
        ChargePointState,
        ChargePointSetting,
    ):
        assert said(model, twice) == said(model, once), model.__name__
    check_promises(twice)
    check_rebuild(twice)
    Transaction.objects.filter(charge_point__in=[once.identity, twice.identity]).delete()


@pytest.mark.usefixtures("tokens")
def test_a_backlog_in_any_order_gives_the_same_energy():
    """Pain 6: three transactions of yesterday, all deliveries of their frames that an outage may cause."""
    base = base_time() - timedelta(days=1)
    figures = set()
    for order in itertools.permutations(range(3)):
        life = new_life(base)

        async def deliver(life=life, order=order):
            async with gateway_running():
                await life.reconnect()
                numbers = {}
                for index in order:
                    await life.say(*life.start(1, "AA", 1000 * index, 60 * index))
                    numbers[index] = life.started[-1]
                for index in reversed(order):
                    await life.say("MeterValues", {
                        "connectorId": 1, "transactionId": numbers[index],
                        "meterValue": [{"timestamp": life.at(60 * index + 20),
                                        "sampledValue": [{"value": str(1000 * index + 500)}]}],
                    })  # fmt: skip
                    await life.say("StopTransaction", {
                        "transactionId": numbers[index], "meterStop": 1000 * index + 900,
                        "timestamp": life.at(60 * index + 50),
                    })  # fmt: skip
                await life.line.close()

        factories.charge_point(identity=life.identity)
        asyncio.run(deliver())
        rows = Transaction.objects.filter(charge_point=life.identity).order_by("started_at")
        figures.add(tuple((row.state, row.energy_wh, row.evidence) for row in rows))
        check_rebuild(life)
    assert figures == {(("ended", 900.0, ""),) * 3}


@pytest.mark.usefixtures("tokens")
def test_a_rebuild_replaces_rows_that_were_tampered_with():
    life = new_life(base_time())
    lived((life, [("start", 1, "AA", 0, -20), ("values", "last", 1, 500, -10, "Wh"), ("boot",)]))
    Transaction.objects.filter(charge_point=life.identity).update(energy_wh=-1, state="ended")
    MeterValue.objects.filter(charge_point=life.identity).delete()
    ConnectorStatus.objects.create(
        charge_point=life.identity,
        evse=9,
        connector=9,
        happened_at=base_time(),
        recorded_at=base_time(),
        position=1,
    )
    found = [str(difference) for difference in rebuild.differences(life.identity, projections())]
    assert len(found) == 3
    rebuild.rebuild(life.identity, projections(), actor="tester")
    check_rebuild(life)
    row = Transaction.objects.get(charge_point=life.identity)
    assert (row.energy_wh, row.state) == (500, "running")


@pytest.mark.usefixtures("tokens")
def test_the_asynchronous_projection_counts_every_frame_once():
    life = new_life(base_time())
    lived((life, [("boot",), ("start", 1, "AA", 0, 0), ("rubbish", '[2,"x","No",{}]'), ("reconnect",)]))
    for projection in projector.asynchronous():
        projector.catch_up(projection)
        assert projector.catch_up(projection) == 0
    rows = HourlyActivity.objects.filter(charge_point=life.identity)
    events = list(store.read_stream(life.identity))
    assert sum(row.calls for row in rows) == sum(event.type == "call.received" for event in events)
    assert sum(row.connections for row in rows) == 2
    assert sum(row.refused for row in rows) == 1
    assert Command.objects.filter(charge_point=life.identity).count() == 0
