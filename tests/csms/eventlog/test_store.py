"""Appending and reading: versions without gaps, and readers that never skip a slow writer (promise 9)."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection, connections, transaction

from csms.eventlog import database, event_types, store
from csms.eventlog.models import Event
from csms.eventlog.store import StreamContended


def one(text, *, type_="command.cancelled"):
    """A decision that appends one event."""
    return lambda state, batch: batch.record(state, type_, payload=text).stream_version


def in_threads(*functions):
    """Run each in a thread of its own, with a connection of its own; gives what they returned."""

    def run(function):
        try:
            return function()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result(60) for future in [pool.submit(run, function) for function in functions]]


def test_events_are_appended_in_order_and_read_back(live_database):
    assert [store.append("CP", one(str(n))) for n in range(3)] == [1, 2, 3]
    assert store.append("OTHER", one("x")) == 1
    assert [event.payload for event in store.read_stream("CP")] == ["0", "1", "2"]
    events = store.read()
    assert [event.stream for event in events] == ["CP", "CP", "CP", "OTHER"]
    positions = [event.position for event in events]
    assert positions == sorted(set(positions))
    assert store.read(positions[1], limit=1) == [events[2]]
    assert store.read(positions[-1]) == []
    assert store.read_at([positions[0], 10**9]) == {positions[0]: events[0]}
    assert store.read_at([]) == {}


def test_a_decision_that_raises_writes_nothing(live_database):
    def decide(state, batch):
        batch.record(state, "command.cancelled", payload="never")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.append("CP", decide)
    assert Event.objects.count() == 0
    assert store.append("CP", one("first")) == 1


def test_a_decision_that_records_nothing_writes_nothing(live_database):
    assert store.append("CP", lambda state, batch: state.version) == 0
    assert Event.objects.count() == 0


def test_several_streams_are_written_together_or_not_at_all(live_database):
    def decide(states, batch):
        return [
            batch.record(state, "command.cancelled", payload=name).stream for name, state in states.items()
        ]

    assert store.append_all(["A", "B"], decide, events=2) == ["A", "B"]
    with pytest.raises(StopIteration):
        store.append_all(["A", "B", "C"], decide, events=2)
    assert Event.objects.count() == 2


def test_a_stream_is_read_in_pages(live_database):
    for n in range(7):
        store.append("CP", one(str(n)))
    assert [event.payload for event in store.read_stream("CP", page=3)] == list("0123456")


def test_two_writers_to_one_stream_leave_no_gap_and_lose_nothing(live_database):
    each = 20

    def write(name):
        return lambda: [store.append("CP", one(f"{name}{n}")) for n in range(each)]

    told = in_threads(write("a"), write("b"), write("c"), write("d"))
    events = list(store.read_stream("CP"))
    assert [event.stream_version for event in events] == list(range(1, 4 * each + 1))
    assert sorted(version for versions in told for version in versions) == list(range(1, 4 * each + 1))
    by_version = {event.stream_version: event.payload for event in events}
    for name, versions in zip("abcd", told, strict=True):
        assert [by_version[version] for version in versions] == [f"{name}{n}" for n in range(each)]
    positions = [event.position for event in events]
    assert positions == sorted(positions)  # within a stream, positions rise with the version


def test_a_decision_runs_again_on_the_newest_state_when_another_was_first(live_database):
    """Only PostgreSQL lets two decide at once; SQLite makes the second wait."""
    seen = []

    def decide(state, batch):
        seen.append(state.version)
        if len(seen) == 1 and connection.vendor == "postgresql":
            in_threads(lambda: store.append("CP", one("first")))
        return batch.record(state, "command.cancelled", payload="second").stream_version

    version = store.append("CP", decide)
    assert seen == ([0, 1] if connection.vendor == "postgresql" else [0])
    assert version == len(seen)


def test_a_writer_that_is_always_late_gives_up_and_writes_nothing(live_database, monkeypatch):
    monkeypatch.setattr(store, "MAX_ATTEMPTS", 3)
    if connection.vendor != "postgresql":
        monkeypatch.setattr(store, "load_states", lambda streams: {s: store.StreamState(s) for s in streams})
        store.append("CP", one("first"))
        with pytest.raises(StreamContended, match="CP"):
            store.append("CP", one("never"))
    else:

        def decide(state, batch):
            in_threads(lambda: Event.objects.create(
                stream="CP", stream_version=state.version + 1, type="x", payload="", recorded_at=batch.now
            ))  # fmt: skip
            batch.record(state, "command.cancelled", payload="never")

        with pytest.raises(StreamContended, match="CP"):
            store.append("CP", decide)
    assert not Event.objects.filter(payload="never").exists()


# --- readers that follow positions ---------------------------------------------------------------------


class Writer:
    """A transaction on PostgreSQL that takes positions and stays open as long as it is told."""

    def __init__(self, url, stream, count=1):
        self.stream = stream
        self.session = psycopg.connect(url)
        for sql, parameters in database.reserve_positions(count):
            rows = self.session.execute(sql, parameters).fetchall()
        self.positions = [row[0] for row in rows]

    def end(self, commit=True):
        if commit:
            for version, position in enumerate(self.positions, 1):
                self.session.execute(
                    "INSERT INTO eventlog_event (position, stream, stream_version, type, schema_version,"
                    " action, message_id, payload, repairs, actor, recorded_at)"
                    " VALUES (%s, %s, %s, 'x', 1, '', '', '', '', '', now())",
                    [position, self.stream, version],
                )
            self.session.commit()
        else:
            self.session.rollback()
        self.session.close()


@pytest.fixture
def postgres(postgresql_database, django_db_blocker):
    from tests.end_to_end.conftest import use

    usual = connections.settings["default"]
    with django_db_blocker.unblock():
        use(postgresql_database.url)
        yield postgresql_database.url
        connections["default"].close()
        connections.settings["default"] = usual
        del connections["default"]


def seen(after=0):
    return [event.stream for event in store.read(after)]


def test_a_reader_waits_for_a_slower_writer_with_lower_positions(postgres):
    slow = Writer(postgres, "slow")
    quick = Writer(postgres, "quick", count=3)
    assert quick.positions[0] > slow.positions[0]
    quick.end()
    assert seen() == []  # the slow one's position could still be filled
    slow.end()
    assert seen() == ["slow", "quick", "quick", "quick"]


def test_a_reader_goes_on_when_the_slower_writer_gave_up(postgres):
    slow, quick = Writer(postgres, "slow"), Writer(postgres, "quick")
    quick.end()
    slow.end(commit=False)
    assert seen() == ["quick"]


def test_a_reader_sees_what_was_committed_below_a_writer_at_work(postgres):
    Writer(postgres, "first").end()
    late = Writer(postgres, "late")
    assert seen() == ["first"]
    late.end()
    assert seen() == ["first", "late"]


def test_the_horizon_of_an_empty_log_lies_below_its_first_writer(postgres):
    """A reader that notes how far it has looked, and not what it has seen, must not step over position 1."""
    assert database.horizon() == 0
    first = Writer(postgres, "first")
    assert database.horizon() < first.positions[0]
    second = Writer(postgres, "second")
    second.end()
    assert database.horizon() < first.positions[0]
    first.end()
    assert database.horizon() >= second.positions[0]


@pytest.mark.parametrize("newest", [0, 1, 2**31 - 2, 2**31 - 1, 2**31, 2**31 + 5, 2**33 + 17, 2**40])
@pytest.mark.parametrize("behind", [0, 1, 100])
def test_a_bound_is_told_in_31_bits_and_understood(newest, behind):
    bound = max(0, newest - behind)
    assert database._unfolded(bound & 0x7FFFFFFF, newest) == bound


def test_readers_never_skip_whatever_the_order_of_commits(postgres):
    """Writers of all speeds, two followers, and the log as the judge."""
    chance = random.Random(9)
    delays = [chance.random() * 0.02 for _ in range(60)]
    writing = threading.Event()
    followed: list[list[int]] = [[], []]

    def write(number):
        for index in range(10):
            writer = Writer(postgres, f"{number}-{index}", count=chance.randrange(1, 4))
            time.sleep(delays[number * 10 + index])
            writer.end(commit=chance.random() < 0.9)

    def follow(positions):
        after, last = 0, False
        while True:
            last = writing.is_set()
            horizon = database.horizon()
            for event in store.read(after, limit=5):
                assert event.position > after
                after = event.position
                positions.append(event.position)
            if last and after >= horizon:
                return

    def all_writers():
        in_threads(*(lambda number=number: write(number) for number in range(6)))
        writing.set()

    in_threads(all_writers, lambda: follow(followed[0]), lambda: follow(followed[1]))
    everything = list(Event.objects.order_by("position").values_list("position", flat=True))
    assert followed == [everything, everything]
    assert len(everything) > 60


def test_append_takes_part_in_the_protocol_of_readers(postgres):
    """store.append, halfway: a reader sees neither it nor what was committed above it."""

    def decide(state, batch):
        in_threads(
            lambda: store.append("QUICK", one("quick")),
        )
        assert in_threads(seen) == [[]]
        return one("slow")(state, batch)

    store.append("SLOW", decide)
    assert seen() == ["SLOW", "QUICK"]


# --- append-only ---------------------------------------------------------------------------------------


def test_the_log_has_no_way_to_change_or_delete_an_event():
    permissions = Event._meta.default_permissions
    assert tuple(permissions) == ("view",)
    assert not [name for name in dir(store) if name.startswith(("update", "delete", "remove", "edit"))]


def test_a_version_cannot_be_taken_twice_by_any_way(live_database):
    store.append("CP", one("first"))
    event = store.read()[0]
    event.position += 100
    with pytest.raises(Exception, match=r"(?i)unique") as raised, transaction.atomic():
        database.execute(store.EVENTS.inserts([event]))
    assert store.is_version_conflict(raised.value)


# --- types ---------------------------------------------------------------------------------------------


def test_types_are_stable_strings_in_dotted_past():
    types = [value for name, value in vars(event_types).items() if name.isupper() and isinstance(value, str)]
    assert len(types) == len(set(types))
    for type_ in types:
        subject, _, happened = type_.partition(".")
        assert subject.isalpha()
        assert happened
        assert len(type_) <= 40
    assert event_types.OUTBOUND < event_types.FRAMES < set(types)


def test_old_payloads_are_lifted_one_version_at_a_time():
    upcasters = {
        ("a.b", 1): lambda p: p | {"two": True},
        ("a.b", 2): lambda p: p | {"three": p["two"]},
        ("c.d", 1): lambda p: {},
    }
    assert event_types.lifted("a.b", 1, {"one": 1}, upcasters) == {"one": 1, "two": True, "three": True}
    assert event_types.lifted("a.b", 2, {"two": 5}, upcasters) == {"two": 5, "three": 5}
    assert event_types.lifted("a.b", 3, {"x": 1}, upcasters) == {"x": 1}
    assert event_types.lifted("e.f", 1, {"x": 1}, upcasters) == {"x": 1}


def test_every_upcaster_leads_to_the_version_that_is_written_today():
    for type_, newest in event_types.SCHEMA_VERSIONS.items():
        assert {version for kind, version in event_types.UPCASTERS if kind == type_} == set(range(1, newest))
        assert event_types.schema_version(type_) == newest
    assert {kind for kind, _ in event_types.UPCASTERS} <= set(event_types.SCHEMA_VERSIONS)
    assert event_types.schema_version("call.received") == 1
