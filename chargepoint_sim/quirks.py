"""Strange charge points that people have met, as data: what they do differently on the wire.

Each row can be laid over any model (`ChargePoint(..., quirk="wrong-units")`). It is made of rules
(`faults.py`), settings, habits and a clock that is wrong; a row that needs code of its own has no place here.
"""

import msgspec

from chargepoint_sim.faults import Answer, Duplicate, Extra, Reorder, Rewrite, Rule, Unzoned
from chargepoint_sim.models import Habit

HOUR = 3600.0
YEARS = 60 * 365 * 24 * HOUR


class Quirk(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of strangeness."""

    name: str
    description: str
    rules: tuple[Rule, ...] = ()
    configuration: dict[str, str] = {}
    habits: frozenset[Habit] = frozenset()
    clock_error: float = 0.0


SERIAL = "SN-0123456789-0123456789-0123456789"[:34]
SAMPLES = "meterValue.*.sampledValue.*"

QUIRKS: dict[str, Quirk] = {
    quirk.name: quirk
    for quirk in (
        Quirk(
            name="huge-connector-count",
            description="NumberOfConnectors is read from memory that something else has overwritten",
            rules=(
                Rewrite(
                    action="GetConfiguration",
                    of="answer",
                    field="configurationKey.*.value",
                    where={"key": "NumberOfConnectors"},
                    value="1850027108",
                ),
            ),
        ),
        Quirk(
            name="longer-tokens",
            description="id tokens come back two characters longer than they were given",
            rules=tuple(
                Rewrite(action=action, of="call", field="idTag", value="{}00")
                for action in ("StartTransaction", "StopTransaction")
            ),
        ),
        Quirk(
            name="wrong-units",
            description="units, contexts and measurands that the standard does not have",
            rules=(
                Rewrite(action="MeterValues", of="call", field=f"{SAMPLES}.context", value="Request.Energy"),
                Rewrite(
                    action="MeterValues",
                    of="call",
                    field=f"{SAMPLES}.unit",
                    where={"measurand": "Voltage"},
                    value="Hz",
                ),
            ),
        ),
        Quirk(
            name="unknown-error-code",
            description="errorCode is Error whenever there is one",
            rules=(
                Rewrite(
                    action="StatusNotification",
                    of="call",
                    field="errorCode",
                    where={"status": "Faulted"},
                    value="Error",
                ),
            ),
        ),
        Quirk(
            name="long-serial-number",
            description="serial numbers of 34 characters in fields of 25",
            rules=tuple(
                Rewrite(
                    action="BootNotification",
                    of="call",
                    field=field,
                    value="SN-0123456789-0123456789-012345678",
                )
                for field in ("chargePointSerialNumber", "chargeBoxSerialNumber", "meterSerialNumber")
            ),
        ),
        Quirk(
            name="no-zone",
            description="local time, two hours east, without a zone; its clock cannot be set",
            rules=(Unzoned(of="call"),),
            habits=frozenset({Habit.IGNORES_TIME}),
            clock_error=2 * HOUR,
        ),
        Quirk(
            name="two-hours-ahead",
            description="local time that says it were UTC; its clock cannot be set",
            habits=frozenset({Habit.IGNORES_TIME}),
            clock_error=2 * HOUR,
        ),
        Quirk(
            name="seventies",
            description="no battery for the clock: 1970 until the central system sets it",
            clock_error=-YEARS,
        ),
        Quirk(
            name="always-the-seventies",
            description="1970, and it stays so",
            habits=frozenset({Habit.IGNORES_TIME}),
            clock_error=-YEARS,
        ),
        Quirk(
            name="unknown-transaction-id",
            description="the id of the transaction is -1, whatever the central system gave",
            rules=tuple(
                Rewrite(action=action, of="call", field="transactionId", value=-1)
                for action in ("StopTransaction", "MeterValues")
            ),
        ),
        Quirk(
            name="largest-transaction-id",
            description="the id of the transaction is the largest number there is",
            rules=tuple(
                Rewrite(action=action, of="call", field="transactionId", value=(1 << 63) - 1)
                for action in ("StopTransaction", "MeterValues")
            ),
        ),
        Quirk(
            name="everything-four-times",
            description="each call is sent four times with the same message id before it is answered",
            rules=(Duplicate(of="call", copies=3),),
        ),
        Quirk(
            name="again-under-another-id",
            description="transaction messages are sent again with the same content and a new message id",
            rules=tuple(
                Duplicate(action=action, of="call", with_new_id=True)
                for action in ("StartTransaction", "StopTransaction")
            ),
        ),
        Quirk(
            name="hasty-start",
            description="StartTransaction leaves before the answer to the remote start that asked for it",
            rules=(Reorder(action="RemoteStartTransaction", of="answer"),),
        ),
        Quirk(
            name="refuses-profiles",
            description="smart charging is announced, and every profile is refused",
            rules=(Answer(action="SetChargingProfile", reply="Rejected"),),
        ),
        Quirk(
            name="ignores-profiles",
            description="profiles are accepted and change nothing",
            rules=(Answer(action="SetChargingProfile", reply={"status": "Accepted"}),),
        ),
        Quirk(
            name="flood-of-uploading",
            description="tells many times that diagnostics are being uploaded",
            rules=(
                Duplicate(action="DiagnosticsStatusNotification", of="call", copies=30, with_new_id=True),
            ),
        ),
        Quirk(
            name="never-gives-up",
            description="a transaction message that is refused is sent again at once and for ever",
            configuration={"TransactionMessageAttempts": "1000000", "TransactionMessageRetryInterval": "1"},
        ),
        Quirk(
            name="message-type-1",
            description="sends frames of a type that the protocol does not have",
            rules=(Extra(action="Heartbeat", of="call", text='[1,"hello","Heartbeat",{}]'),),
        ),
    )
}
