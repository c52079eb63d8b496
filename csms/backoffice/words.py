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


ENGINEERING = ("backoffice.send_commands", "backoffice.change_charge_point_settings")


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
    "RequestExtendedMessage": CommandWords("Ask for a message (security)", "forum"),
    "ReleaseCable": CommandWords("Unlock the cable", "lock_open"),
    "ReserveConnector": CommandWords("Reserve", "event_available"),
    "EndReservation": CommandWords("End a reservation", "event_busy"),
    "ForgetTokens": CommandWords("Empty the token cache", "mop"),
    "ReadSettings": CommandWords("Read settings", "download"),
    "ChangeSetting": CommandWords("Change a setting", "edit", ENGINEERING),
    "ReadLocalListVersion": CommandWords("Read the version of the local list", "list"),
    "UpdateLocalList": CommandWords("Send a local list", "list_alt", ENGINEERING),
    "ReadCompositeSchedule": CommandWords("Read the charging schedule", "schedule"),
    "InstallChargingProfile": CommandWords("Set a charging profile", "speed", ENGINEERING),
    "RemoveChargingProfiles": CommandWords("Remove charging profiles", "layers_clear", ENGINEERING),
    "FetchDiagnostics": CommandWords("Fetch diagnostics", "upload_file", ENGINEERING),
    "FetchLog": CommandWords("Fetch a log", "upload_file", ENGINEERING),
    "InstallFirmware": CommandWords("Update firmware", "system_update", ENGINEERING),
    "InstallSignedFirmware": CommandWords("Update signed firmware", "system_update", ENGINEERING),
    "ListCertificates": CommandWords("List certificates", "badge"),
    "AddCertificate": CommandWords("Install a certificate", "add_moderator", ENGINEERING),
    "RemoveCertificate": CommandWords("Delete a certificate", "remove_moderator", ENGINEERING),
    "DeliverCertificate": CommandWords("Hand out a signed certificate", "verified_user", ENGINEERING),
    "SendData": CommandWords("Send data of a vendor", "sync_alt", ENGINEERING),
}


RAW_CALL = CommandWords("A call as it is", "terminal")

# Buttons of their own on the page of a charge point; the others stand under "More".
EVERYDAY = frozenset(
    {
        "RemoteStart",
        "RemoteStop",
        "SetAvailability",
        "ResetChargePoint",
        "RequestMessage",
        "ReadSettings",
        "ChangeSetting",
        "ReleaseCable",
    }
)


def connector_name(evse: int, connector: int = 1) -> str:
    """What people call it: 1.6 counts connectors, later versions have several at an EVSE."""
    if not evse:
        return "Charge point"
    return f"Connector {evse}" if connector <= 1 else f"EVSE {evse}, connector {connector}"
