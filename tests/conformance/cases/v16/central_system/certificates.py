"""Root certificates at the charge point: install, list, delete (security whitepaper 3 and 5)."""

from __future__ import annotations

from typing import Any

from tests.conformance.cases.v16.central_system.openings import booted
from tests.conformance.kit.case import Case, case
from tests.conformance.kit.stage import Stage
from tests.conformance.kit.wire import ChargePoint

LIST = "GetInstalledCertificateIds"
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
MANUFACTURER, CENTRAL_SYSTEM = "ManufacturerRootCertificate", "CentralSystemRootCertificate"


def hash_data(algorithm: str) -> dict[str, str]:
    return {
        "hashAlgorithm": algorithm,
        "issuerNameHash": "0a" * 32,
        "issuerKeyHash": "0b" * 32,
        "serialNumber": "0c0d",
    }


def exchanged(
    stage: Stage, charge_point: ChargePoint, action: str, payload: dict[str, Any], **more: Any
) -> None:
    """Asked, sent with these members, answered Accepted, shown."""
    asked = stage.operator(charge_point, action, payload)
    charge_point.respond(charge_point.expect_call(action, **payload), {"status": "Accepted"} | more)
    stage.shows(asked, status="Accepted")


def installed(id_: str, kind: str) -> Case:
    @case(
        id_,
        f"Install {kind}",
        source="security whitepaper 5",
        profile="Security",
        passes=f"InstallCertificate.req with type {kind}, then {LIST}.req; both answers are shown",
        needs=("InstallCertificate", LIST),
    )
    def play(stage: Stage) -> None:
        charge_point = booted(stage)
        payload = {"certificateType": kind, "certificate": PEM}
        exchanged(stage, charge_point, "InstallCertificate", payload)
        found = {"certificateHashData": [hash_data("SHA256")]}
        exchanged(stage, charge_point, LIST, {"certificateType": kind}, **found)

    return play


INSTALLED = (installed("TC_075_1_CSMS", MANUFACTURER), installed("TC_075_2_CSMS", CENTRAL_SYSTEM))


@case(
    "TC_076_CSMS",
    "Delete a certificate",
    source="security whitepaper 5",
    profile="Security",
    passes=f"for SHA256, SHA384, SHA512: {LIST}.req, then DeleteCertificate.req with these hashes; shown",
    needs=("DeleteCertificate", LIST),
)
def deleted(stage: Stage) -> None:
    charge_point = booted(stage)
    for algorithm in ("SHA256", "SHA384", "SHA512"):
        found = hash_data(algorithm)
        wanted = {"certificateType": CENTRAL_SYSTEM}
        exchanged(stage, charge_point, LIST, wanted, certificateHashData=[found])
        exchanged(stage, charge_point, "DeleteCertificate", {"certificateHashData": found})
