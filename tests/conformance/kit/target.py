"""What a central system must offer to be judged. `targets/` holds one file a system.

Needs, as cases name them and `lacks` is asked about:

an action             an operator (or a driver in his place) can make the system send it: "Reset",
                      "RemoteStartTransaction with a profile"
"idTag Accepted"      an idTag of that standing, with no parent; also "idTag Blocked", "idTag Expired",
                      "idTag Invalid", and "idTag grouped": Accepted, with a parent
"password"            a charge point that must show a password
"registration Pending", "registration Rejected"    a charge point whose registration has that state
"sessions"            what the system believes of transactions can be read
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Door:
    """How one charge point gets in. url: everything before the identity, with the slash."""

    url: str
    identity: str
    password: str | None = None


@dataclass(frozen=True)
class Shown:
    """What the operator is shown of a command: the status that came back, or the error code."""

    status: str = ""
    error: str = ""
    response: Any = None


class Asked(Protocol):
    def shown(self, within_s: float) -> Shown:
        """What the operator is shown once the charge point answered. Raises TimeoutError."""


@dataclass(frozen=True)
class Session:
    """One transaction as the system tells of it."""

    transaction_id: int
    connector_id: int
    id_tag: str
    meter_start: int
    meter_stop: int | None
    is_running: bool


@dataclass(frozen=True)
class KnownFailure:
    """reason: why it fails. place: where that is written down."""

    reason: str
    place: str


class Target(Protocol):
    name: str
    known_failures: Mapping[str, KnownFailure]

    def lacks(self, need: str) -> str:
        """Why this need cannot be met; "" when it can."""

    def door(self, *, registration: str = "Accepted", with_password: bool = False) -> Door:
        """For a charge point that, if at all possible, nobody used before."""

    def id_tag(self, standing: str) -> str:
        """An idTag of this standing that, if at all possible, nobody used before."""

    def ask(self, door: Door, action: str, payload: dict[str, Any]) -> Asked:
        """Do what an operator does to have this request sent; do not wait for the answer."""

    def sessions(self, door: Door) -> list[Session]:
        """All transactions of this charge point."""
