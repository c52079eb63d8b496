"""The security log, and the events of it that the central system is told (security extension, A04).

What must be told waits in the queue until it is delivered; see `delivery.py`.
"""

from chargepoint_sim.v16 import configuration, delivery
from chargepoint_sim.v16.state import SecurityEvent
from chargepoint_sim.v16.turn import Turn, moment_of
from ocpp_core.v16 import security

LOG_LIMIT = 200
TOLD = frozenset(
    {
        "FirmwareUpdated",
        "SettingSystemTime",
        "StartupOfTheDevice",
        "ResetOrReboot",
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
        "InvalidChargePointCertificate",
    }
)
"""Those that happen here and are critical, or that a use case wants told; the others are only logged."""


def note(turn: Turn, kind: str, info: str = "") -> None:
    """Something that matters for security happened. kind: one of the extension's list."""
    state = turn.state
    if not configuration.offers(state, security.PROFILE):
        return
    state.security_log.append(SecurityEvent(utc=turn.utc, type=kind, info=info))
    del state.security_log[:-LOG_LIMIT]
    turn.touch("security")
    if kind in TOLD:
        request = security.SecurityEventNotification.Request(
            type=kind, timestamp=turn.moment, tech_info=info[:255] or None
        )
        delivery.enqueue(turn, request, None)


def text(turn: Turn, oldest_utc: float | None, latest_utc: float | None) -> str:
    """The log as a file, one event a line."""
    lines = [
        f"{moment_of(event.utc).isoformat()} {event.type} {event.info}".rstrip()
        for event in turn.state.security_log
        if (oldest_utc is None or event.utc >= oldest_utc) and (latest_utc is None or event.utc <= latest_utc)
    ]
    return "".join(f"{line}\n" for line in lines)
