"""How things are called and coloured on the screens: the one place for it.

A tone is a colour's meaning: good, busy, wait, bad, off or plain. Colour never stands alone; the word
is always beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from csms.eventlog import event_types as et

NOTHING = "\N{EN DASH}"  # where there is no value

GOOD, BUSY, WAIT, BAD, OFF, PLAIN = "good", "busy", "wait", "bad", "off", "plain"

CONNECTOR_TONES = {
    "Available": GOOD,
    "Preparing": WAIT,
    "Charging": BUSY,
    "SuspendedEV": WAIT,
    "SuspendedEVSE": WAIT,
    "Finishing": WAIT,
    "Reserved": WAIT,
    "Occupied": BUSY,
    "Unavailable": OFF,
    "Faulted": BAD,
}

# Words in answers, of any version.
ANSWER_TONES = {
    "Accepted": GOOD,
    "Scheduled": WAIT,
    "Pending": WAIT,
    "RebootRequired": WAIT,
    "Rejected": BAD,
    "Blocked": BAD,
    "Expired": BAD,
    "Invalid": BAD,
    "ConcurrentTx": BAD,
    "NotSupported": BAD,
    "NotImplemented": BAD,
    "UnknownVendorId": OFF,
    "UnknownMessageId": OFF,
}

TRANSACTION_TONES = {"running": BUSY, "ended": PLAIN, "presumed ended": WAIT}

COMMAND_TONES = {
    "requested": WAIT,
    "sent": WAIT,
    "answered": GOOD,
    "refused": BAD,
    "unanswered": BAD,
    "impossible": BAD,
    "expired": BAD,
    "cancelled": OFF,
}
EFFECT_TONES = {"awaited": WAIT, "seen": GOOD, "missing": BAD}


@dataclass(frozen=True)
class EventWords:
    title: str
    icon: str
    tone: str = PLAIN


EVENTS = {
    et.CONNECTION_OPENED: EventWords("Connected", "link", GOOD),
    et.CONNECTION_CLOSED: EventWords("Connection closed", "link_off", OFF),
    et.CONNECTION_REFUSED: EventWords("Connection refused", "block", BAD),
    et.COMMAND_REQUESTED: EventWords("Command asked for", "person", PLAIN),
    et.COMMAND_CANCELLED: EventWords("Command cancelled", "cancel", OFF),
    et.COMMAND_EXPIRED: EventWords("Command expired", "timer_off", BAD),
    et.COMMAND_IMPOSSIBLE: EventWords("Command not possible", "block", BAD),
    et.FRAME_REJECTED: EventWords("Unreadable frame", "error", BAD),
    et.ANSWER_UNEXPECTED: EventWords("Unexpected answer", "help", WAIT),
    et.PROJECTION_REBUILT: EventWords("Tables rebuilt", "restart_alt", PLAIN),
}


@dataclass(frozen=True)
class CommandWords:
    """permissions: all of them are needed."""

    label: str
    icon: str
    permissions: tuple[str, ...] = ("backoffice.send_commands",)


COMMANDS = {
    "RemoteStart": CommandWords("Start charging", "play_arrow"),
    "RemoteStop": CommandWords("Stop charging", "stop"),
    "SetAvailability": CommandWords("In or out of service", "power_settings_new"),
    "ResetChargePoint": CommandWords("Restart", "restart_alt"),
    "RequestMessage": CommandWords("Ask for a message", "forum"),
    "ReadSettings": CommandWords("Read settings", "download"),
    "ChangeSetting": CommandWords(
        "Change a setting", "edit", ("backoffice.send_commands", "backoffice.change_charge_point_settings")
    ),
}


def connector_name(evse: int, connector: int = 1) -> str:
    """What people call it: 1.6 counts connectors, later versions have several at an EVSE."""
    if not evse:
        return "Charge point"
    return f"Connector {evse}" if connector <= 1 else f"EVSE {evse}, connector {connector}"
