"""What a charge point says all day, in the proportions of a real one: 70 % MeterValues.

connection = Conversation(identity)
connection.next_call()          the text of its next call
connection.answered(text)       keeps what later calls need: the transaction id
"""

import itertools
import re
import time

# One charging session with what lies between two of them: 33 calls. MeterValues 23 (70 %), Heartbeat 5,
# StatusNotification 2, Authorize, StartTransaction, StopTransaction 1 each.
SESSION = (
    ["Authorize", "StartTransaction", "Charging"]
    + (["MeterValues"] * 5 + ["Heartbeat"]) * 4
    + ["MeterValues"] * 3
    + ["StopTransaction", "Available", "Heartbeat"]
)
# While a transaction runs. A conversation that begins there is given its transaction before the measurement.
WHILE_CHARGING = range(SESSION.index("Charging"), SESSION.index("StopTransaction") + 1)

_BOOT = b'[2,"%d","BootNotification",{"chargePointVendor":"Bench","chargePointModel":"B1"}]'
_AUTHORIZE = b'[2,"%d","Authorize",{"idTag":"%s"}]'
_START = b'[2,"%d","StartTransaction",{"connectorId":1,"idTag":"%s","meterStart":%d,"timestamp":"%s"}]'
_STOP = b'[2,"%d","StopTransaction",{"transactionId":%d,"meterStop":%d,"timestamp":"%s","reason":"Local"}]'
_HEARTBEAT = b'[2,"%d","Heartbeat",{}]'
_STATUS = (
    b'[2,"%d","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"%s","timestamp":"%s"}]'
)
_METER_VALUES = (
    b'[2,"%d","MeterValues",{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%s","sampledValue":['
    b'{"value":"%d","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"Wh"},'
    b'{"value":"%d.5","context":"Sample.Periodic","measurand":"Power.Active.Import","unit":"W"},'
    b'{"value":"16.1","context":"Sample.Periodic","measurand":"Current.Import","phase":"L1","unit":"A"}]}]}]'
)

_NUMBER = re.compile(rb"\s*(\d+)")


def timestamp() -> bytes:
    """Now, as a charge point writes it, to the millisecond: two readings are never the same."""
    now = time.time()
    return b"%s.%03dZ" % (_second(int(now)), int(now * 1000) % 1000)


_written: dict[int, bytes] = {}


def _second(now: int) -> bytes:
    if now not in _written:
        _written.clear()
        _written[now] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)).encode()
    return _written[now]


class Conversation:
    """The calls of one charge point, one after the other, for ever."""

    def __init__(self, identity: str, *, place: int = 0) -> None:
        """place: where in SESSION to begin, so that not all charge points say the same at the same time."""
        self.id_tag = id_tag(identity).encode()
        self.transaction = 0
        self._ids = itertools.count(1)
        self._meter_wh = 1000
        self._place = place % len(SESSION)

    def boot(self) -> bytes:
        return _BOOT % next(self._ids)

    def start(self) -> bytes:
        """The start of the transaction in which the conversation begins; empty if it begins outside one."""
        return self._call("StartTransaction") if self._place in WHILE_CHARGING else b""

    def next_call(self) -> bytes:
        what = SESSION[self._place]
        self._place = (self._place + 1) % len(SESSION)
        return self._call(what)

    def answered(self, text: bytes) -> None:
        _, found, rest = text.partition(b'"transactionId":')
        if found:
            self.transaction = int(_NUMBER.match(rest)[1])

    def _call(self, what: str) -> bytes:
        number = next(self._ids)
        if what == "MeterValues":
            self._meter_wh += 11
            return _METER_VALUES % (number, self.transaction, timestamp(), self._meter_wh, self._meter_wh)
        if what == "Heartbeat":
            return _HEARTBEAT % number
        if what == "Authorize":
            return _AUTHORIZE % (number, self.id_tag)
        if what == "StartTransaction":
            return _START % (number, self.id_tag, self._meter_wh, timestamp())
        if what == "StopTransaction":
            return _STOP % (number, self.transaction, self._meter_wh, timestamp())
        return _STATUS % (number, what.encode(), timestamp())


def identity(number: int) -> str:
    return f"BENCH-{number:04}"


def id_tag(identity: str) -> str:
    """One of its own for each charge point: a token may charge at one place at a time."""
    return f"TAG{identity}"
