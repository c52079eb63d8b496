"""Whatever a peer sends: it is recorded, answered with the right error or closed with the right code, and
nobody else notices (errors.md 1, 3 and 4)."""

import contextlib
import json
import re
import time

import pytest
from websockets.exceptions import ConnectionClosed

from tests import factories
from tests.end_to_end.conftest import until
from tests.end_to_end.wire import (
    BOOT,
    ChargePoint,
    now,
    opening,
    start_of,
    status_of,
    stop_of,
    unlike_any_other,
    values_of,
)

pytestmark = pytest.mark.end_to_end

ID = "the-id"


@pytest.fixture
def bystander(sqlite_site):
    """Somebody else at the same server, who is still served at once when the test is over."""
    identity = factories.charge_point(identity=unlike_any_other("BYSTANDER")).identity
    with sqlite_site.connect(identity) as other:
        other.boot()
        yield other
        before = time.monotonic()
        assert "currentTime" in other.result("Heartbeat")
        assert time.monotonic() - before < 5


@pytest.fixture
def charge_point(sqlite_site, bystander):
    identity = factories.charge_point(identity=unlike_any_other()).identity
    with ChargePoint(sqlite_site.server.ocpp_url(), identity) as connected:
        yield connected


def is_alive(charge_point):
    return "currentTime" in charge_point.result("Heartbeat")


def call(action, payload, unique_id=ID):
    return [2, unique_id, action, payload]


# --- calls that are answered with a CALLERROR ----------------------------------------------------------

NOT_A_TIME = "not a time"
REFUSED = {
    "unknown action": (call("NoSuchAction", {}), "NotImplemented"),
    "unknown action, empty name": (call("", {}), "NotImplemented"),
    "unknown action, other case": (call("heartbeat", {}), "NotImplemented"),
    "unknown action, long name": (call("A" * 5000, {}), "NotImplemented"),
    "action of 2.0.1": (call("TransactionEvent", {}), "NotImplemented"),
    "our own action": (call("Reset", {"type": "Hard"}), "NotSupported"),
    "unsupported action": (call("SignCertificate", {"csr": "x"}), "NotSupported"),
    "missing member": (call("Authorize", {}), "OccurenceConstraintViolation"),
    "missing members": (call("BootNotification", {}), "OccurenceConstraintViolation"),
    "number for text": (call("Authorize", {"idTag": 5}), "TypeConstraintViolation"),
    "text for number": (
        call("StartTransaction", start_of() | {"meterStart": "5"}),
        "TypeConstraintViolation",
    ),
    "fraction for integer": (
        call("StartTransaction", start_of() | {"meterStart": 5.5}),
        "TypeConstraintViolation",
    ),
    "object for list": (call("MeterValues", values_of(1, 5) | {"meterValue": {}}), "TypeConstraintViolation"),
    "empty list": (call("MeterValues", values_of(1, 5) | {"meterValue": []}), "OccurenceConstraintViolation"),
    "over-long text": (call("Authorize", {"idTag": "x" * 21}), "PropertyConstraintViolation"),
    "very long text": (call("Authorize", {"idTag": "x" * 500_000}), "PropertyConstraintViolation"),
    "unknown word": (call("StatusNotification", status_of(1, "Sleeping")), "PropertyConstraintViolation"),
    "no time": (
        call("StopTransaction", stop_of(1) | {"timestamp": NOT_A_TIME}),
        "PropertyConstraintViolation",
    ),
    "connector of a billion": (
        call("StatusNotification", status_of(1_800_000_000, "Available")),
        "PropertyConstraintViolation",
    ),
    "negative connector": (
        call("StatusNotification", status_of(-1, "Available")),
        "PropertyConstraintViolation",
    ),
    "huge meter": (
        call("StartTransaction", start_of() | {"meterStart": 2**80}),
        "PropertyConstraintViolation",
    ),
    "huge transaction": (call("StopTransaction", stop_of(2**80)), None),
    "unknown member": (call("Heartbeat", {"surprise": 1}), "FormationViolation"),
    "member of 2.0.1": (call("Heartbeat", {"customData": {"vendorId": "x"}}), "FormationViolation"),
    "NUL in text": (call("Authorize", {"idTag": "a\0b"}), "PropertyConstraintViolation"),
    "payload is a list": (call("Heartbeat", []), "FormationViolation"),
    "payload is text": (call("Heartbeat", "{}"), "FormationViolation"),
    "payload is a number": (call("Heartbeat", 3), "FormationViolation"),
    "three items": ([2, ID, "Heartbeat"], "FormationViolation"),
    "five items": ([2, ID, "Heartbeat", {}, {}], "FormationViolation"),
    "two items": ([2, ID], "FormationViolation"),
    "action is a number": ([2, ID, 7, {}], "FormationViolation"),
    "long id": (call("Heartbeat", {}, "i" * 37), "FormationViolation"),
    "very long id": (call("Heartbeat", {}, "i" * 10_000), "FormationViolation"),
    "empty id": (call("Heartbeat", {}, ""), "FormationViolation"),
}


@pytest.mark.parametrize(("frame", "code"), REFUSED.values(), ids=REFUSED)
def test_a_call_that_is_not_right_is_recorded_and_refused_with_the_code_of_1_6(
    sqlite_site, charge_point, frame, code
):
    charge_point.send(frame)
    answer = charge_point.receive()
    if code is None:  # a number that cannot be meant, in a message that must be answered anyway
        assert answer[:2] == [3, frame[1]]
    else:
        assert answer[:3] == [4, frame[1], code]
        assert isinstance(answer[3], str)
        assert len(answer[3]) <= 255
        assert isinstance(answer[4], dict)
    assert is_alive(charge_point)
    received, answered, *_ = sqlite_site.events(charge_point.identity)[1:]
    assert json.loads(received.payload) == frame
    assert json.loads(answered.payload) == answer
    assert answered.cause == received.position


def test_nothing_of_the_broken_text_is_reflected_beyond_one_short_line(charge_point):
    code = charge_point.ask("Authorize", {"idTag": "<script>" + "x" * 10_000})
    assert len(json.dumps(code)) < 1000


# --- frames that cannot be answered --------------------------------------------------------------------

UNANSWERABLE = {
    "not JSON": "Hello?",
    "empty": "",
    "half a frame": '[2,"id","Heartbeat",{',
    "empty list": "[]",
    "an object": '{"2":"id"}',
    "a word": '"[2]"',
    "a number": "2",
    "null": "null",
    "type is text": '["2","id","Heartbeat",{}]',
    "no id": "[2]",
    "id is a number": '[2,17,"Heartbeat",{}]',
    "id is null": '[2,null,"Heartbeat",{}]',
    "unknown type": '[9,"id","Heartbeat",{}]',
    "type is a fraction": '[2.0,"id","Heartbeat",{}]',
    "type zero": '[0,"id",{}]',
    "type of 2.1": '[6,"id","NotifyPeriodicEventStream",{}]',
    "huge number as type": "[" + "9" * 400 + ',"id"]',
    "deep": "[" * 20_000,
    "deep and closed": '[2,"id","Heartbeat",' + '{"a":' * 5000 + "1" + "}" * 5000 + "]",
    "NaN": '[2,"id","Heartbeat",NaN]',
    "raw NUL": '[2,"id\0","Heartbeat",{}]',
    "lone surrogate": '[2,"\\ud800","Heartbeat",{}]',
    "byte order mark": '\ufeff[2,"id","Heartbeat",{}]',
}


@pytest.mark.parametrize("text", UNANSWERABLE.values(), ids=UNANSWERABLE)
def test_a_frame_that_is_none_is_recorded_and_the_connection_goes_on(sqlite_site, charge_point, text):
    charge_point.send(text)
    assert is_alive(charge_point)
    before = [event for event in sqlite_site.events(charge_point.identity) if event.action != "Heartbeat"]
    stored = sqlite_site.events(charge_point.identity)[1]
    assert stored.payload == text.replace("\0", "\ufffd")
    assert stored.type in ("frame.rejected", "call.received"), before


def test_three_unreadable_frames_in_a_row_close_with_1007(sqlite_site, charge_point):
    for text in ("one", "two", "three"):
        charge_point.send(text)
    assert charge_point.closed()[0] == 1007
    assert len(sqlite_site.events(charge_point.identity, "frame.rejected")) == 3
    [end] = until(lambda: sqlite_site.events(charge_point.identity, "connection.closed"))
    assert json.loads(end.payload)["code"] == 1007


def test_an_unreadable_frame_now_and_then_closes_nothing(charge_point):
    for _ in range(4):
        charge_point.send("what?")
        charge_point.send("again?")
        assert is_alive(charge_point)


def test_binary_frames_are_recorded_and_are_not_ocpp(sqlite_site, charge_point):
    charge_point.send(b'[2,"id","Heartbeat",{}]')
    assert is_alive(charge_point)
    [rejected] = sqlite_site.events(charge_point.identity, "frame.rejected")
    assert "binary frame, 23 bytes" in rejected.payload
    for data in (b"", b"\xff\xfe", b"\0" * 100_000):
        charge_point.send(data)
    assert charge_point.closed()[0] == 1007


def test_text_that_is_not_utf_8_closes_with_1007(sqlite_site, charge_point):
    charge_point.socket.protocol.send_text(b"\xff\xfe")
    charge_point.socket.socket.sendall(b"".join(charge_point.socket.protocol.data_to_send()))
    assert charge_point.closed()[0] == 1007


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 8 * 1024 * 1024])
def test_a_huge_frame_closes_with_1009(charge_point, size):
    with contextlib.suppress(ConnectionClosed):  # while it is still being sent
        charge_point.send("x" * size)
    assert charge_point.closed()[0] == 1009


def test_a_huge_frame_in_many_pieces_closes_with_1009(charge_point):
    with contextlib.suppress(ConnectionClosed):
        charge_point.socket.send("x" * 65536 for _ in range(40))
    assert charge_point.closed()[0] == 1009


def test_a_frame_of_almost_a_mebibyte_is_taken(sqlite_site, charge_point):
    sample = {"value": "s" * 900_000, "format": "SignedData"}
    assert charge_point.result("MeterValues", values_of(1, sample)) == {}
    [stored] = sqlite_site.frames(charge_point.identity, "call.received")
    assert len(stored) > 900_000


# --- frames that are right but out of place ------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        [3, "never-sent", {}],
        [3, "never-sent", {"status": "Accepted"}],
        [4, "never-sent", "InternalError", "", {}],
        [4, "never-sent", "InternalError", ""],
        [4, "never-sent", "Whatever", "line\nline" * 100, "text"],
    ],
    ids=["result", "result with status", "error", "error with four items", "error of another kind"],
)
def test_answers_that_nobody_asked_for_are_recorded(sqlite_site, charge_point, frame):
    charge_point.send(frame)
    assert is_alive(charge_point)
    [stored] = sqlite_site.events(charge_point.identity, "answer.unexpected")
    assert json.loads(stored.payload) == frame


@pytest.mark.parametrize(
    "frame", [[3, "x"], [3, "x", {}, {}], [4, "x"], [4, "x", 7, "", {}], [3, 5, {}]], ids=str
)
def test_broken_answers_are_recorded_and_never_answered(sqlite_site, charge_point, frame):
    charge_point.send(frame)
    assert is_alive(charge_point)
    assert charge_point.waiting == {}
    [stored] = sqlite_site.events(charge_point.identity, "frame.rejected")
    assert json.loads(stored.payload) == frame


def test_a_message_id_used_again_is_answered_again(sqlite_site, charge_point):
    """errors.md 4: a resend is not executed twice; identity comes from the content (promise 3)."""
    start = start_of(at=now())
    answers = [charge_point.ask("StartTransaction", start, unique_id="same") for _ in range(3)]
    assert answers[0][0] == 3
    assert answers == [answers[0]] * 3
    for _ in range(2):
        assert "currentTime" in charge_point.result("Heartbeat", unique_id="same")


@pytest.mark.parametrize(
    "unique_id", ["x", "0" * 36, "mit Leerzeichen", "üñí", "\N{ELECTRIC PLUG}" * 18, '"\\']
)
def test_odd_message_ids_come_back_as_they_are(sqlite_site, charge_point, unique_id):
    assert charge_point.ask("Heartbeat", unique_id=unique_id)[:2] == [3, unique_id]
    [stored] = sqlite_site.events(charge_point.identity, "call.received")
    assert stored.message_id == unique_id


@pytest.mark.parametrize(
    "text",
    [
        '[2, "a", "Heartbeat", {}]',
        '\n[ 2 ,\t"a" , "Heartbeat" , { } ]\r\n',
        '[2,"a","Heartbeat",null]',
        '[2,"a","Heart\\u0062eat",{}]',
    ],
)
def test_json_may_be_written_in_any_way(charge_point, text):
    charge_point.send(text)
    assert charge_point.receive()[:2] == [3, "a"]


def test_a_duplicate_member_does_not_matter(charge_point):
    charge_point.send('[2,"a","Authorize",{"idTag":"A","idTag":"B"}]')
    assert charge_point.receive()[0] in (3, 4)
    assert is_alive(charge_point)


@pytest.mark.parametrize(
    "timestamp",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-12:00",
        "1970-01-01T00:00:00Z",
        "2024-02-29T12:00:00.123456789Z",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00.5+05:30",
        "2024-01-01t00:00:00z",
    ],
)
def test_times_from_all_ends_of_the_calendar_are_taken(sqlite_site, charge_point, timestamp):
    """Pain 13: 1970, hours ahead, without a zone."""
    started = charge_point.result("StartTransaction", start_of() | {"timestamp": timestamp})
    assert charge_point.result("MeterValues", values_of(1, 5, transaction_id=started["transactionId"])) == {}
    stopped = stop_of(started["transactionId"]) | {"timestamp": timestamp}
    assert charge_point.result("StopTransaction", stopped) == {}
    status = status_of(1, "Available") | {"timestamp": timestamp}
    assert charge_point.result("StatusNotification", status) == {}


@pytest.mark.parametrize(
    "timestamp", ["24:00", "2024-13-01T00:00:00Z", "2024-01-01", "", "1704067200", "2024-01-01T25:00:00Z"]
)
def test_a_start_whose_time_is_none_gets_one_error_and_the_connection_goes_on(charge_point, timestamp):
    assert charge_point.refusal("StartTransaction", start_of() | {"timestamp": timestamp}) == (
        "PropertyConstraintViolation"
    )


# --- floods --------------------------------------------------------------------------------------------


def test_ten_thousand_frames_in_one_burst_are_read_slower_and_hold_up_nobody_else(sqlite_site):
    """Mistake 8: back-pressure, no errors. What was answered is stored, all of it in order."""
    flooding, other = (factories.charge_point(identity=unlike_any_other()).identity for _ in range(2))
    burst = b"".join(_masked(b'[2,"%05d","Heartbeat",{}]' % number) for number in range(10_000))
    with sqlite_site.connect(other) as bystander, _opened(sqlite_site, flooding) as raw:
        bystander.boot()
        raw.setblocking(False)
        sent, reading, slowest = 0, b"", 0.0
        end = time.monotonic() + 4
        while time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                sent += raw.send(burst[sent : sent + 65536]) if sent < len(burst) else 0
            with contextlib.suppress(BlockingIOError):
                reading += raw.recv(65536)
            asked = time.monotonic()
            bystander.result("Heartbeat")
            slowest = max(slowest, time.monotonic() - asked)
    assert slowest < 2
    answered = re.findall(rb'\[3,"(\d+)",{"currentTime"', reading)
    assert len(answered) > 100
    assert b"[4," not in reading
    stored = [event.message_id for event in sqlite_site.events(flooding, "call.answered")]
    assert stored[: len(answered)] == [number.decode() for number in answered]
    assert stored == [f"{number:05d}" for number in range(len(stored))]


@contextlib.contextmanager
def _opened(site, identity):
    with opening(site.server.url, f"/ocpp/{identity}") as (status, _, raw):
        assert status == 101
        yield raw


def _masked(text):
    """A text frame of a client, masked with zeros."""
    assert len(text) < 126
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


def test_a_charge_point_that_never_reads_its_answers_harms_only_itself(sqlite_site, bystander):
    identity = factories.charge_point(identity=unlike_any_other()).identity
    with _opened(sqlite_site, identity) as raw:
        raw.setblocking(False)
        text = _masked(json.dumps([2, "x", "BootNotification", BOOT]).encode()[:120])
        sent = 0
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and sent < 2_000_000:
            try:
                sent += raw.send(text * 50)
            except BlockingIOError:
                time.sleep(0.01)
        assert "currentTime" in bystander.result("Heartbeat")


def test_frames_in_many_small_pieces_are_one_frame(sqlite_site):
    identity = factories.charge_point(identity=unlike_any_other()).identity
    with _opened(sqlite_site, identity) as raw:
        text = b'[2,"slow","Heartbeat",{}]'
        for index, byte in enumerate(text):
            last, first = index == len(text) - 1, index == 0
            opcode = (0x80 if last else 0) | (0x01 if first else 0x00)
            raw.sendall(bytes([opcode, 0x81, 0, 0, 0, 0, byte]))
        assert b'[3,"slow",{"currentTime"' in raw.recv(4096)
