"""Actions as class blocks, and the catalogue of those that a version of OCPP has."""

import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from types import ModuleType
from typing import Any, ClassVar, Final

from ocpp_core.payload import Payload, RawPayload


class Role(Enum):
    """The two ends of a connection."""

    CHARGE_POINT = "charge point"
    CENTRAL_SYSTEM = "central system"

    @property
    def other(self) -> "Role":
        return Role.CENTRAL_SYSTEM if self is Role.CHARGE_POINT else Role.CHARGE_POINT


CHARGE_POINT: Final = Role.CHARGE_POINT
CENTRAL_SYSTEM: Final = Role.CENTRAL_SYSTEM
BOTH: Final = (CHARGE_POINT, CENTRAL_SYSTEM)


class Queued(Enum):
    """What becomes of a call that a charge point wants to send while it is offline."""

    NO = "no"
    TRANSACTION = "transaction"
    """Kept, and delivered in order with the others of its transaction."""
    GUARANTEED = "guaranteed"
    """Kept, and delivered in any case."""


class Action:
    """One action: its request, its response, and what the standard says of it.

    Subclasses are never instantiated; they are the row of a table. Facts are given as class keywords:
    sent_by: one Role, or both.    source: where the standard defines it.
    profile: its feature profile or block; PROFILE of the module when not given.
    before_accepted: it may pass before the registration was accepted.
    queued_offline: what a charge point does with it while there is no connection.
    """

    Request: ClassVar[type[Payload]] = RawPayload
    Response: ClassVar[type[Payload]] = RawPayload
    name: ClassVar[str]
    sent_by: ClassVar[frozenset[Role]] = frozenset(BOTH)
    source: ClassVar[str] = ""
    profile: ClassVar[str] = ""
    before_accepted: ClassVar[bool] = False
    queued_offline: ClassVar[Queued] = Queued.NO

    def __init_subclass__(
        cls,
        *,
        sent_by: Role | tuple[Role, ...] | None = None,
        source: str | None = None,
        profile: str | None = None,
        before_accepted: bool | None = None,
        queued_offline: Queued | None = None,
    ) -> None:
        cls.name = cls.__name__
        if sent_by is not None:
            cls.sent_by = frozenset((sent_by,) if isinstance(sent_by, Role) else sent_by)
        if source is not None:
            cls.source = source
        if profile is None:
            profile = vars(sys.modules[cls.__module__]).get("PROFILE")
        if profile is not None:
            cls.profile = profile
        if before_accepted is not None:
            cls.before_accepted = before_accepted
        if queued_offline is not None:
            cls.queued_offline = queued_offline


def undeclared(name: str) -> type[Action]:
    """An action that stands in no catalogue, as a raw call may name one; its payloads are RawPayload."""
    return type(name, (Action,), {"__module__": __name__})


class Catalogue(Mapping[str, type[Action]]):
    """The actions of one version of OCPP, by name.

    subprotocol: as in the WebSocket handshake.
    modules: the blocks, explicitly; their Action classes are taken in order.
    base: catalogue of an older version whose actions hold unless a module restates them.
    """

    def __init__(self, subprotocol: str, *modules: ModuleType, base: "Catalogue | None" = None) -> None:
        self.subprotocol = subprotocol
        self._actions: dict[str, type[Action]] = dict(base or {})
        for module in modules:
            own = (
                value
                for value in vars(module).values()
                if _is_action(value) and value.__module__ == module.__name__
            )
            self._actions.update((action.name, action) for action in own)
        self._by_payload: dict[type[Payload], type[Action]] = {}
        for action in self._actions.values():
            self._by_payload[action.Request] = self._by_payload[action.Response] = action

    def __getitem__(self, name: str) -> type[Action]:
        return self._actions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def __repr__(self) -> str:
        return f"<Catalogue {self.subprotocol}: {len(self)} actions>"

    def sent_by(self, role: Role) -> tuple[type[Action], ...]:
        """The actions that `role` may call."""
        return tuple(action for action in self._actions.values() if role in action.sent_by)

    def action_of(self, payload: Payload | type[Payload]) -> type[Action]:
        """The action of a request or response, or of its class. Raises KeyError when it is none of ours."""
        return self._by_payload[payload if isinstance(payload, type) else type(payload)]


def _is_action(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Action) and value is not Action
