"""The load generator says what it claims to say, and reads what comes back in any pieces."""

import asyncio
from collections import Counter

import pytest

from ocpp_core.action import CENTRAL_SYSTEM
from ocpp_core.events import CallReceived
from ocpp_core.peer import Peer
from ocpp_core.v16 import CATALOGUE, ERROR_CODES
from tests.bench.client import ChargePoint, Refused, frame
from tests.bench.mix import SESSION, Conversation

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def test_every_call_is_valid_and_seven_of_ten_are_meter_values():
    peer = Peer(CENTRAL_SYSTEM, CATALOGUE, ERROR_CODES)
    conversation = Conversation("BENCH-0001")
    conversation.answered(b'[3,"1",{"transactionId": 7,"idTagInfo":{"status":"Accepted"}}]')
    calls = [peer.receive_text(conversation.next_call().decode()) for _ in range(10 * len(SESSION))]
    assert {type(call) for call in calls} == {CallReceived}
    assert len({call.unique_id for call in calls}) == len(calls)
    actions = Counter(call.action.name for call in calls)
    assert actions["MeterValues"] / len(calls) == pytest.approx(0.7, abs=0.005)
    assert actions["StartTransaction"] == actions["StopTransaction"] == actions["Authorize"] == 10
    assert {call.request.transaction_id for call in calls if call.action.name == "StopTransaction"} == {7}
    assert {
        len(call.request.meter_value[0].sampled_value) for call in calls if call.action.name == "MeterValues"
    } == {3}


class Wire:
    """The transport of a connection, kept as what was written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None: ...


async def opened() -> tuple[ChargePoint, Wire, list[bytes]]:
    wire, answers = Wire(), []
    charge_point = ChargePoint()
    charge_point.connection_made(wire)
    charge_point.on_answer = answers.append
    return charge_point, wire, answers


def from_server(payload: bytes, first: int = 0x81) -> bytes:
    length = len(payload)
    head = bytes((first, length)) if length < 126 else bytes((first, 126)) + length.to_bytes(2, "big")
    return head + payload


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_frames_are_read_in_pieces_of_any_size(size):
    charge_point, wire, answers = await opened()
    long_answer = b'[3,"2",{"x":"%s"}]' % (b"y" * 300)
    stream = (
        SWITCHING
        + from_server(b'[3,"1",{}]')
        + from_server(long_answer)
        + from_server(b'[3,"3"', first=0x01)  # a message in two frames, with a ping between them
        + from_server(b"are you there", first=0x89)
        + from_server(b",{}]", first=0x80)
        + from_server(b'[2,"s1","Reset",{"type":"Soft"}]')
    )
    for start in range(0, len(stream), size):
        charge_point.data_received(stream[start : start + size])
    assert answers == [b'[3,"1",{}]', long_answer, b'[3,"3",{}]']
    assert wire.written == frame(b"are you there", 10) + frame(b'[4,"s1","NotImplemented","",{}]')
    assert charge_point.errors == 0


async def test_call_error_and_lost_connection_count_as_errors():
    charge_point, _, answers = await opened()
    charge_point.data_received(SWITCHING + from_server(b'[4,"1","InternalError","",{}]'))
    assert len(answers) == 1
    charge_point.connection_lost(None)
    assert charge_point.errors == 2


async def test_refused_handshake_says_its_status():
    charge_point, *_ = await opened()
    charge_point.data_received(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
    with pytest.raises(Refused, match="401 Unauthorized"):
        await asyncio.wait_for(charge_point.opened, 1)
