"""Any central system by its URL, with one charge point that it knows. Nobody operates it, nobody asks it.

So cases that need a command to be sent, or a charge point of another kind, are not applicable.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

from tests.conformance.kit.target import Asked, Door, KnownFailure, Session


class ExternalCentralSystem:
    """url: what stands before the identity, ws://host/ocpp. id_tags: standing -> idTag, as it knows them."""

    def __init__(self, url: str, identity: str, password: str | None, id_tags: dict[str, str]) -> None:
        self.name = url
        self.known_failures: dict[str, KnownFailure] = {}
        self._door = Door(f"{url.rstrip('/')}/", identity, password)
        self._id_tags = {standing: id_tag for standing, id_tag in id_tags.items() if id_tag}
        self._run = os.urandom(3).hex()
        self._numbers = itertools.count(1)

    def lacks(self, need: str) -> str:
        if need == "password":
            return "" if self._door.password else "no --password was given"
        if need.startswith("idTag "):
            standing = need.removeprefix("idTag ")
            known = standing == "Invalid" or standing in self._id_tags
            return "" if known else f"no --id-tag-{standing.lower()} was given"
        if need.startswith("registration "):
            return "no driver that sets the registration"
        if need == "sessions":
            return "no driver that lists transactions"
        return f"no driver that has it send {need}"

    def door(self, *, registration: str = "Accepted", with_password: bool = False) -> Door:
        return self._door

    def id_tag(self, standing: str) -> str:
        return self._id_tags.get(standing) or f"NOBODY{self._run}{next(self._numbers)}"

    # A case that needs one of these is NOT APPLICABLE before it begins: `lacks` says why.

    def ask(self, door: Door, action: str, payload: dict[str, Any]) -> Asked:
        raise NotImplementedError(action)

    def sessions(self, door: Door) -> list[Session]:
        raise NotImplementedError
