"""A charge point and a central system on a virtual clock, and a judge of frames: the published schemas."""

import functools
import importlib.resources
import json
from collections.abc import Iterable
from typing import Any

import jsonschema

from chargepoint_sim.hardware import Vehicle
from chargepoint_sim.shell import Frame
from chargepoint_sim.testing import VirtualCentralSystem, VirtualChargePoint


class Stage:
    """Booted unless `booted=False`; leave with `check()`, which judges all frames."""

    def __init__(
        self,
        answers: dict[str, Any] | None = None,
        *,
        booted: bool = True,
        settings: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.central_system = VirtualCentralSystem(answers)
        self.cp = VirtualChargePoint(self.central_system, configuration=settings, **options)
        self.clock = self.cp.clock
        if booted:
            self.cp.power_on()
            self.clock.run_for()
            self.forget()

    def forget(self) -> None:
        """What the central system received so far no longer counts."""
        self.central_system.received.clear()

    def actions(self) -> list[str]:
        """Actions received since the last `forget`, without security events, which come anywhere."""
        return [a for a, _ in self.central_system.received if a != "SecurityEventNotification"]

    def of(self, action: str) -> list[dict[str, Any]]:
        return self.central_system.of(action)

    def statuses(self, connector: int = 1) -> list[str]:
        """Statuses of one connector received since the last `forget`."""
        return [p["status"] for p in self.of("StatusNotification") if p["connectorId"] == connector]

    def ask(self, action: str, **payload: Any) -> Any:
        """Call the charge point; its result's payload, or the code of its CALLERROR, or None."""
        reply = self.central_system.call(self.cp, action, payload)
        return reply[2] if reply else None

    def plug_in(self, connector: int = 1, **vehicle: Any) -> None:
        self.cp.plug_in(connector, Vehicle(**vehicle))
        self.clock.run_for()

    def unplug(self, connector: int = 1) -> None:
        self.cp.unplug(connector)
        self.clock.run_for()

    def present(self, id_token: str = "TAG", connector: int = 1) -> None:
        self.cp.present(connector, id_token)
        self.clock.run_for()

    def charge(self, id_token: str = "TAG", connector: int = 1, **vehicle: Any) -> None:
        """Plug in and present a token."""
        self.plug_in(connector, **vehicle)
        self.present(id_token, connector)

    def go_offline(self) -> None:
        self.central_system.is_reachable = False
        self.cp.drop_connection()
        self.clock.run_for()

    def go_online(self) -> None:
        self.central_system.is_reachable = True
        self.clock.run_while(lambda: not self.cp.is_connected)
        self.clock.run_for()

    def check(self) -> None:
        check_frames(self.cp.frames)


@functools.cache
def validator(name: str) -> Any:
    """The validator of a published schema, e.g. "BootNotificationResponse"."""
    text = (importlib.resources.files("ocpp") / "v16" / "schemas" / f"{name}.json").read_text("utf-8-sig")
    schema = json.loads(text)
    kind = jsonschema.validators.validator_for(schema)
    return kind(schema)


def check_frames(frames: Iterable[Frame]) -> None:
    """Every frame that the charge point sent is what the schemas and the rules of the wire demand."""
    asked: dict[str, str] = {}
    sent: dict[str, str] = {}
    for frame in frames:
        message = frame.message
        if frame.direction == "in":
            if len(message) < 2:
                continue
            if message[0] == 2 and len(message) == 4:
                asked[str(message[1])] = message[2]
            continue
        kind, unique_id = message[0], message[1]
        if kind == 2:
            assert len(message) == 4
            assert 0 < len(unique_id) <= 36
            assert sent.setdefault(unique_id, message[2]) == message[2], "a message id has two meanings"
            validator(message[2]).validate(message[3])
        elif kind == 3:
            assert len(message) == 3
            validator(f"{asked[unique_id]}Response").validate(message[2])
        else:
            assert kind == 4
            assert len(message) == 5
            assert len(message[3]) <= 255
            assert isinstance(message[4], dict)
