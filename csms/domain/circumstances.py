"""What a decision may look at. The gateway provides it; the functions that decide know nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from csms.domain.authorization import IdTokenRecord
from csms.domain.questions import Begun


class Circumstances(Protocol):
    """now: aware, UTC. registration: the charge point's, as the operator set it."""

    now: datetime
    registration: str

    @property
    def heartbeat_interval_s(self) -> int:
        """Told to an accepted charge point."""

    @property
    def boot_retry_interval_s(self) -> int:
        """Told to one that is not accepted."""

    def id_token(self, id_token: str) -> IdTokenRecord | None:
        """The enrolled token, or None."""

    def running_elsewhere(self, id_token: str, evse: int, connector: int) -> int:
        """How many transactions of this token run, not counting one on this very connector."""

    def note_begun(self, id_token: str, evse: int, connector: int) -> None:
        """A transaction of this token begins here; decisions of the same batch count it."""

    def known_start(self, start_key: str) -> Begun | None:
        """What was answered when this start was first reported, or None."""

    def new_transaction_id(self) -> str:
        """A transaction id that was never given out."""
