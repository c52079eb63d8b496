"""Reports that only want to be answered: faults, firmware, diagnostics, security events.

Where the case begins with a request of the operator that the target cannot send, the rest is played: PARTIAL.
"""

from __future__ import annotations

from typing import Any

from tests.conformance.cases.v16.central_system.openings import booted, status
from tests.conformance.kit.case import Case, case
from tests.conformance.kit.stage import Stage, moments

LOCATION = "ftp://files.example/x"
LATER = "2035-01-01T00:00:00Z"


@case(
    "TC_024_CSMS",
    "Lock failure",
    source="4.9, 7.6 (ConnectorLockFailure)",
    passes="Faulted with ConnectorLockFailure, info and vendor members is answered; so is the end of it",
)
def lock_failure(stage: Stage) -> None:
    charge_point = booted(stage)
    status(charge_point, 1, "Preparing")
    status(
        charge_point, 1, "Faulted", "ConnectorLockFailure", info="jammed", vendorId="x", vendorErrorCode="7"
    )
    status(charge_point, 1, "Available")


def reported(
    id_: str,
    title: str,
    source: str,
    profile: str,
    asks: tuple[str, dict[str, Any], dict[str, Any]] | None,
    action: str,
    reports: tuple[dict[str, Any], ...],
    reboots_before: int | None = None,
) -> Case:
    """asks: what the operator sends first, with the charge point's answer. reports: what comes of it."""

    @case(
        id_,
        title,
        source=source,
        profile=profile,
        passes=(f"{asks[0]} is sent as asked; " if asks else "") + f"each {action} is answered",
    )
    def play(stage: Stage) -> None:
        charge_point = booted(stage)
        if asks and stage.can(asks[0], f"{asks[0]} is sent as asked"):
            request, payload, response = asks
            asked = stage.operator(charge_point, request, payload)
            charge_point.respond(charge_point.expect_call(request, **payload), response)
            stage.shows(asked, status=response.get("status", ""))
        for number, report in enumerate(reports):
            if number == reboots_before:
                charge_point.vanish()
                charge_point = booted(stage, charge_point.door)
            charge_point.ask(action, report)

    return play


def statuses(*words: str, **more: Any) -> tuple[dict[str, Any], ...]:
    return tuple({"status": word} | more for word in words)


UPDATE = ("UpdateFirmware", {"location": LOCATION, "retrieveDate": LATER}, {})
DIAGNOSTICS = ("GetDiagnostics", {"location": LOCATION}, {"fileName": "x.log"})
LOG = (
    "GetLog",
    {"logType": "SecurityLog", "requestId": 5, "log": {"remoteLocation": LOCATION}},
    {"status": "Accepted"},
)
SIGNED = (
    "SignedUpdateFirmware",
    {
        "requestId": 5,
        "firmware": {
            "location": LOCATION,
            "retrieveDateTime": LATER,
            "signingCertificate": "-----BEGIN CERTIFICATE-----",
            "signature": "c2lnbmF0dXJl",
        },
    },
    {"status": "Accepted"},
)
FIRMWARE = "FirmwareStatusNotification"
SECURITY = "security whitepaper 5"


def event(kind: str) -> tuple[dict[str, Any], ...]:
    return ({"type": kind, "timestamp": moments(1)[0]},)


REPORTED = (
    reported(
        "TC_044_1_CSMS",
        "Firmware update",
        "4.5, 5.19",
        "FirmwareManagement",
        UPDATE,
        FIRMWARE,
        statuses("Downloading", "Downloaded", "Installing", "Installed"),
        reboots_before=3,
    ),
    reported(
        "TC_044_2_CSMS",
        "Firmware update, download failed",
        "4.5, 5.19",
        "FirmwareManagement",
        UPDATE,
        FIRMWARE,
        statuses("Downloading", "DownloadFailed"),
    ),
    reported(
        "TC_044_3_CSMS",
        "Firmware update, installation failed",
        "4.5, 5.19",
        "FirmwareManagement",
        UPDATE,
        FIRMWARE,
        statuses("Downloading", "Downloaded", "Installing", "InstallationFailed"),
    ),
    reported(
        "TC_045_1_CSMS",
        "Get diagnostics",
        "4.4, 5.9",
        "FirmwareManagement",
        DIAGNOSTICS,
        "DiagnosticsStatusNotification",
        statuses("Uploading", "Uploaded"),
    ),
    reported(
        "TC_045_2_CSMS",
        "Get diagnostics, upload failed",
        "4.4, 5.9",
        "FirmwareManagement",
        DIAGNOSTICS,
        "DiagnosticsStatusNotification",
        statuses("Uploading", "UploadFailed"),
    ),
    reported(
        "TC_077_CSMS",
        "Invalid ChargePointCertificate event",
        SECURITY,
        "Security",
        None,
        "SecurityEventNotification",
        event("InvalidChargePointCertificate"),
    ),
    reported(
        "TC_078_CSMS",
        "Invalid CentralSystemCertificate event",
        SECURITY,
        "Security",
        None,
        "SecurityEventNotification",
        event("InvalidCentralSystemCertificate"),
    ),
    reported(
        "TC_079_CSMS",
        "Get security log",
        SECURITY,
        "Security",
        LOG,
        "LogStatusNotification",
        statuses("Uploading", "Uploaded", requestId=5),
    ),
    reported(
        "TC_080_CSMS",
        "Secure firmware update",
        SECURITY,
        "Security",
        SIGNED,
        "SignedFirmwareStatusNotification",
        statuses(
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "Installing",
            "InstallRebooting",
            "Installed",
            requestId=5,
        ),
        reboots_before=5,
    ),
    reported(
        "TC_081_CSMS",
        "Secure firmware update, invalid signature",
        SECURITY,
        "Security",
        SIGNED,
        "SignedFirmwareStatusNotification",
        statuses("Downloading", "Downloaded", "InvalidSignature", requestId=5),
    ),
)


@case(
    "TC_047_CSMS",
    "Reservation expires",
    source="3.6, 4.9",
    profile="Reservation",
    passes="ReserveNow is sent as asked; Reserved and, later, Available are answered",
    needs=("idTag Accepted",),
)
def reservation_expires(stage: Stage) -> None:
    charge_point = booted(stage)
    if stage.can("ReserveNow", "ReserveNow is sent as asked"):
        payload = {"connectorId": 1, "expiryDate": LATER, "idTag": stage.id_tag(), "reservationId": 9}
        asked = stage.operator(charge_point, "ReserveNow", payload)
        charge_point.respond(charge_point.expect_call("ReserveNow", **payload), {"status": "Accepted"})
        stage.shows(asked, status="Accepted")
    status(charge_point, 1, "Reserved")
    status(charge_point, 1, "Available")
