"""What can be tuned about OCPP. Each field is overridden by PYROCPP_<NAME> in the environment."""

import dataclasses
import os
from typing import Any, Literal, Self, get_args, get_type_hints

from django.core.exceptions import ImproperlyConfigured


@dataclasses.dataclass(frozen=True, kw_only=True)
class OcppSettings:
    # A charge point that is not registered: "lobby" lets it connect, records it and keeps its registration
    # pending until somebody accepts it; "refuse" ends the handshake with 404.
    unknown_charge_points: Literal["lobby", "refuse"] = "lobby"
    # Strangers in the lobby at most; further ones get 404.
    lobby_size: int = 100

    # Told to charge points in the answer to BootNotification.
    heartbeat_interval_s: int = 300
    # The same while the registration is pending or rejected: how soon to boot again.
    boot_retry_interval_s: int = 60

    # Our CALL without an answer for so long has failed, and the next one goes out.
    call_timeout_s: float = 30
    # A command waits so long for its charge point to come online, unless it says otherwise.
    command_expires_after_s: int = 3600

    # WebSocket ping from our side, and how long the answer may take before the connection is given up.
    ping_interval_s: float = 60
    ping_timeout_s: float = 30

    # One frame; anything longer closes the connection with 1009.
    max_frame_bytes: int = 1024 * 1024
    # Calls a second from one charge point, on average and in one burst; beyond, its frames wait. In a
    # long frame every 16 KiB count as a call.
    max_calls_per_s: float = 500
    max_calls_burst: int = 1000
    # Frames read from one connection and not yet answered.
    max_pending_frames: int = 64

    # The same before its registration is accepted: strangers may speak, slowly. A KiB counts as a call.
    max_calls_per_s_unaccepted: float = 2
    max_calls_burst_unaccepted: int = 100
    # Open sockets from one address (a site behind one router; 0 = unlimited).
    connections_per_address: int = 0
    # Addresses of proxies, separated by commas, whose X-Forwarded-For tells where a connection comes from.
    trusted_proxies: str = ""

    # A frame waits so long for the database; then the connection closes and the charge point sends it again.
    journal_wait_s: float = 60
    # Events in one commit at most.
    journal_batch_events: int = 2000

    # Wait for the last answers when the server stops, before the connections close with 1001.
    shutdown_grace_s: float = 10

    @classmethod
    def from_environment(cls) -> Self:
        """Raises ImproperlyConfigured with the variable's name for a value of the wrong kind."""
        kinds = get_type_hints(cls)
        given = {name: f"PYROCPP_{name.upper()}" for name in kinds if f"PYROCPP_{name.upper()}" in os.environ}
        return cls(**{name: _parse(variable, kinds[name]) for name, variable in given.items()})


def _parse(variable: str, kind: Any) -> Any:
    text = os.environ[variable]
    choices = get_args(kind)
    if kind is str or (choices and text in choices):
        return text
    if not choices:
        try:
            number: int | float = kind(text)
        except ValueError:
            pass
        else:
            if number >= 0:
                return number
    expected = " or ".join(choices) if choices else "a number that is not negative"
    raise ImproperlyConfigured(f"{variable}={text}: expected {expected}")
