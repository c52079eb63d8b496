"""Whatever happens in whatever order: no exception, no invalid frame, no move outside the table."""

import itertools
import json
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chargepoint_sim import inputs
from chargepoint_sim.hardware import Vehicle
from chargepoint_sim.models import MODELS
from chargepoint_sim.testing import VirtualCentralSystem, VirtualChargePoint
from chargepoint_sim.v16 import step
from chargepoint_sim.v16.configuration import FACTORY
from chargepoint_sim.v16.state import ChargePointState
from chargepoint_sim.v16.status import TRANSITIONS
from ocpp_core.action import Role
from ocpp_core.v16 import CATALOGUE
from ocpp_core.v16.core import ChargePointErrorCode
from tests.chargepoint_sim.stage import check_frames

MOVES = {(source.value, target.value) for (source, _), target in TRANSITIONS.items()}


class Twin(VirtualChargePoint):
    """Makes every step twice: with the state, and with its copy out of JSON."""

    def feed(self, input: inputs.AnyInput) -> None:
        copy = msgspec.json.decode(msgspec.json.encode(self.state), type=ChargePointState)
        super().feed(input)
        step(copy, input, self.now())
        assert copy == self.state
        assert self.status(0) in ("Available", "Unavailable", "Faulted")


numbers = st.sampled_from([1, 1, 1, 1, 2, 2, 0, 3, -1])  # mostly where something can happen
tokens = st.sampled_from(["A", "a", "B", "MASTER", ""])
texts = st.text(max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
profiles = st.fixed_dictionaries(
    {
        "chargingProfileId": st.integers(0, 4),
        "stackLevel": st.integers(0, 2),
        "chargingProfilePurpose": st.sampled_from(["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]),
        "chargingProfileKind": st.sampled_from(["Absolute", "Relative", "Recurring"]),
        "recurrencyKind": st.sampled_from(["Daily", "Weekly"]),
        "chargingSchedule": st.fixed_dictionaries(
            {
                "chargingRateUnit": st.sampled_from(["A", "W"]),
                "chargingSchedulePeriod": st.lists(
                    st.tuples(st.sampled_from([0, 60, 900, 5000]), st.sampled_from([0, 6.5, 20, 9000])),
                    unique_by=lambda pair: pair[0],
                    max_size=3,
                ).map(
                    lambda pairs: [{"startPeriod": s, "limit": v} for s, v in [(0, 16), *sorted(pairs)]][-3:]
                ),
            },
            optional={
                "startSchedule": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T18:10:00Z"]),
                "duration": st.sampled_from([0, 1000, 10**6]),
            },
        ),
    },
    optional={"validTo": st.just("2026-01-01T19:00:00Z"), "transactionId": st.integers(0, 3)},
)
calls = st.one_of(
    st.tuples(
        st.just("RemoteStartTransaction"),
        st.fixed_dictionaries({"idTag": tokens}, optional={"connectorId": numbers}),
    ),
    st.tuples(st.just("RemoteStopTransaction"), st.fixed_dictionaries({"transactionId": st.integers(-1, 5)})),
    st.tuples(
        st.just("ChangeAvailability"),
        st.fixed_dictionaries(
            {"connectorId": numbers, "type": st.sampled_from(["Operative", "Inoperative"])}
        ),
    ),
    st.tuples(
        st.just("ChangeConfiguration"),
        st.fixed_dictionaries(
            {
                "key": st.sampled_from([*FACTORY, "Nonsense"]),
                "value": st.sampled_from(["0", "1", "7", "100", "true", "false", "", "Voltage", "SoC", "-1"]),
            }
        ),
    ),
    st.tuples(
        st.just("GetConfiguration"), st.fixed_dictionaries({}, optional={"key": st.lists(texts, max_size=60)})
    ),
    st.tuples(st.just("Reset"), st.fixed_dictionaries({"type": st.sampled_from(["Soft", "Hard"])})),
    st.tuples(st.just("UnlockConnector"), st.fixed_dictionaries({"connectorId": numbers})),
    st.tuples(st.just("ClearCache"), st.just({})),
    st.tuples(
        st.just("UpdateFirmware"),
        st.fixed_dictionaries(
            {
                "location": st.sampled_from(
                    ["http://files/good-2.0", "http://files/broken", "http://files/none"]
                ),
                "retrieveDate": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T18:10:00Z"]),
            },
            optional={"retries": st.integers(-1, 2), "retryInterval": st.integers(0, 60)},
        ),
    ),
    st.tuples(st.just("GetDiagnostics"), st.just({"location": "http://files/logs"})),
    st.tuples(
        st.just("GetLog"),
        st.fixed_dictionaries(
            {
                "log": st.just({"remoteLocation": "http://files/logs"}),
                "logType": st.sampled_from(["DiagnosticsLog", "SecurityLog"]),
                "requestId": st.integers(0, 3),
            }
        ),
    ),
    st.tuples(
        st.just("ExtendedTriggerMessage"),
        st.fixed_dictionaries(
            {"requestedMessage": st.sampled_from(["FirmwareStatusNotification", "LogStatusNotification"])}
        ),
    ),
    st.tuples(
        st.just("SendLocalList"),
        st.fixed_dictionaries(
            {
                "listVersion": st.integers(-1, 5),
                "updateType": st.sampled_from(["Full", "Differential"]),
                "localAuthorizationList": st.lists(
                    st.fixed_dictionaries(
                        {"idTag": tokens},
                        optional={
                            "idTagInfo": st.sampled_from(["Accepted", "Blocked"]).map(
                                lambda status: {"status": status, "parentIdTag": "GROUP"}
                            )
                        },
                    ),
                    max_size=3,
                ),
            }
        ),
    ),
    st.tuples(
        st.just("ReserveNow"),
        st.fixed_dictionaries(
            {
                "connectorId": numbers,
                "idTag": tokens,
                "reservationId": st.integers(0, 3),
                "expiryDate": st.sampled_from(["2026-01-01T18:20:00Z", "2026-01-02T00:00:00Z"]),
            },
            optional={"parentIdTag": st.just("GROUP")},
        ),
    ),
    st.tuples(
        st.just("SetChargingProfile"),
        st.fixed_dictionaries({"connectorId": numbers, "csChargingProfiles": profiles}),
    ),
    st.tuples(
        st.just("RemoteStartTransaction"),
        st.fixed_dictionaries({"idTag": tokens, "chargingProfile": profiles}),
    ),
    st.tuples(st.just("ClearChargingProfile"), st.fixed_dictionaries({}, optional={"id": st.integers(0, 4)})),
    st.tuples(
        st.just("GetCompositeSchedule"),
        st.fixed_dictionaries({"connectorId": numbers, "duration": st.integers(0, 10**6)}),
    ),
    st.tuples(st.just("CancelReservation"), st.fixed_dictionaries({"reservationId": st.integers(0, 3)})),
    st.tuples(st.just("DataTransfer"), st.fixed_dictionaries({"vendorId": texts}, optional={"data": texts})),
    st.tuples(
        st.just("TriggerMessage"),
        st.fixed_dictionaries(
            {
                "requestedMessage": st.sampled_from(
                    ["BootNotification", "Heartbeat", "MeterValues", "StatusNotification"]
                )
            },
            optional={"connectorId": numbers},
        ),
    ),
    st.tuples(st.sampled_from([a.name for a in CATALOGUE.sent_by(Role.CENTRAL_SYSTEM)] + ["X"]), json_values),
)
verdicts = st.sampled_from(["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"])
answers = st.one_of(
    st.tuples(st.just("Authorize"), verdicts.map(lambda s: {"idTagInfo": {"status": s, "parentIdTag": "P"}})),
    st.tuples(
        st.just("StartTransaction"),
        st.tuples(verdicts, st.integers(-1, 9)).map(
            lambda pair: {"idTagInfo": {"status": pair[0]}, "transactionId": pair[1]}
        ),
    ),
    st.tuples(
        st.just("BootNotification"),
        st.tuples(st.sampled_from(["Accepted", "Pending", "Rejected"]), st.integers(0, 400)).map(
            lambda pair: {"status": pair[0], "interval": pair[1], "currentTime": "2026-01-01T19:00:00"}
        ),
    ),
    st.tuples(
        st.sampled_from(
            ["BootNotification", "StartTransaction", "StopTransaction", "Authorize", "Heartbeat"]
        ),
        st.sampled_from(
            [None, ["InternalError", "no"], ["GenericError", "x" * 300], "[3]", "nonsense", {"odd": 1}]
        ),
    ),
)
charge = st.tuples(st.just("charge"), st.sampled_from([1, 2]), st.sampled_from(["A", "B"]))
call = st.tuples(st.just("call"), calls)
wait = st.tuples(st.just("wait"), st.floats(0, 4000))
happenings = st.one_of(
    charge,
    charge,
    call,
    call,
    call,
    wait,
    wait,
    st.tuples(st.just("plug_in"), numbers, st.floats(0, 1)),
    st.tuples(st.just("unplug"), numbers),
    st.tuples(st.just("present"), numbers, st.sampled_from(["A", "A", "A", "a", "B", "X" * 20])),
    st.tuples(st.just("press_stop"), numbers),
    st.tuples(st.just("pause_vehicle"), numbers),
    st.tuples(
        st.just("fault"), numbers, st.sampled_from([code.value for code in ChargePointErrorCode]), texts
    ),
    st.tuples(st.just("clear_fault"), numbers),
    st.tuples(st.just("drop_connection")),
    st.tuples(st.just("cut_power")),
    st.tuples(st.just("power_on")),
    st.tuples(st.just("reach"), st.booleans()),
    st.tuples(st.just("answer"), answers),
    st.tuples(st.just("text"), texts | json_values.map(json.dumps)),
)


def perform(cp: VirtualChargePoint, name: str, *details: Any) -> None:
    match name:
        case "plug_in":
            cp.plug_in(details[0], Vehicle(charge_wh=60_000 * details[1]))
        case "charge":
            cp.plug_in(details[0])
            cp.clock.run_for()
            cp.present(*details)
        case "reach":
            cp.central_system.is_reachable = details[0]
        case "wait":
            cp.clock.run_for(details[0])
        case "call":
            cp.central_system.call(cp, *details[0])
        case "answer":
            cp.central_system.answers[details[0][0]] = details[0][1]
        case "text":
            cp.deliver(details[0])
        case _:
            getattr(cp, name)(*details)
    cp.clock.run_for()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(happenings, min_size=10, max_size=60),
    st.sampled_from(sorted(MODELS)),
    st.sampled_from(["0", "5"]),
    st.sampled_from([0.0, 0.3]),
)
def test_a_random_life(life, model, status_duration, latency):
    factory = {"MinimumStatusDuration": status_duration, "AllowOfflineTxForUnknownId": "true"}
    cp = Twin(VirtualCentralSystem(), model=model, configuration=factory, latency=latency)
    cp.central_system.files = {"http://files/good-2.0": b"x", "http://files/broken": b"BROKEN"}
    cp.power_on()
    cp.clock.run_for(3)
    register = 0.0
    for name, *details in life:
        perform(cp, name, *details)
        assert cp.energy_wh >= register
        register = cp.energy_wh
    cp.clock.run_for(600)
    check_frames(cp.frames)
    told: dict[int, list[str]] = {}
    if status_duration == "0" and not {"cut_power", "drop_connection"} & {name for name, *_ in life}:
        for payload in cp.sent("StatusNotification"):
            told.setdefault(payload["connectorId"], []).append(payload["status"])
    if cp.tally.reboots == 0 and cp.tally.connections == 1:
        for statuses in told.values():
            moves = {(a, b) for a, b in itertools.pairwise(statuses) if a != b}
            assert moves <= MOVES
