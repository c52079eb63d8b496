"""How long the core takes for what a central system does most: `python -m tests.ocpp_core.speed`.

Microseconds, the best of seven runs on one core; the load test of the whole system stands elsewhere.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from timeit import repeat

from ocpp_core.action import CENTRAL_SYSTEM
from ocpp_core.peer import Peer
from ocpp_core.v16 import CATALOGUE, ERROR_CODES, core, types

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
NOW = datetime(2024, 5, 1, 10, tzinfo=UTC)
METER_VALUES = (
    f'[2,"{ID}","MeterValues",{{"connectorId":1,"transactionId":4711,"meterValue":[{{"timestamp":"2024-05-01T10:00:00Z",'
    '"sampledValue":[{"value":"1234567","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register",'
    '"unit":"Wh"},{"value":"11021.5","context":"Sample.Periodic","measurand":"Power.Active.Import","unit":"W"},'
    '{"value":"48","context":"Sample.Periodic","measurand":"SoC","unit":"Percent"}]}]}]'
)
START = (
    f'[2,"{ID}","StartTransaction",{{"connectorId":1,"idTag":"04A2B3","meterStart":1,'
    '"timestamp":"2024-05-01T10:00:00Z"}]'
)
STARTED = core.StartTransaction.Response(
    id_tag_info=types.IdTagInfo(status=types.AuthorizationStatus.ACCEPTED, expiry_date=NOW),
    transaction_id=4711,
)
REMOTE_START = core.RemoteStartTransaction.Request(id_tag="04A2B3", connector_id=1)


def main() -> None:
    peer = Peer(CENTRAL_SYSTEM, CATALOGUE, ERROR_CODES)

    def call_and_result() -> None:
        peer.call(REMOTE_START, unique_id=ID, deadline=1)
        peer.receive_text(f'[3,"{ID}",{{"status":"Accepted"}}]')

    tasks: dict[str, Callable[[], object]] = {
        "receive MeterValues, three values": lambda: peer.receive_text(METER_VALUES),
        "(json.loads of the same text)": lambda: json.loads(METER_VALUES),
        "receive StartTransaction": lambda: peer.receive_text(START),
        "receive Heartbeat": lambda: peer.receive_text(f'[2,"{ID}","Heartbeat",{{}}]'),
        "answer MeterValues": lambda: peer.answer(ID, core.MeterValues.Response()),
        "answer Heartbeat": lambda: peer.answer(ID, core.Heartbeat.Response(current_time=NOW)),
        "answer StartTransaction": lambda: peer.answer(ID, STARTED),
        "call RemoteStartTransaction, receive its result": call_and_result,
    }
    for name, task in tasks.items():
        sys.stdout.write(f"{name:<50}{min(repeat(task, number=20_000, repeat=7)) / 20_000 * 1e6:6.2f}\n")


if __name__ == "__main__":
    main()
