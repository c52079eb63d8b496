"""Root certificates (security extension M03 to M05); the judge of our reading is another library."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from chargepoint_sim.v16 import certificates
from tests.chargepoint_sim import pki
from tests.chargepoint_sim.stage import Stage

CENTRAL, MAKER = "CentralSystemRootCertificate", "ManufacturerRootCertificate"


def install(stage, pem, kind=CENTRAL):
    return stage.ask("InstallCertificate", certificateType=kind, certificate=pem)["status"]


def ids(stage, kind=CENTRAL):
    return stage.ask("GetInstalledCertificateIds", certificateType=kind)


def expected(pem, algorithm="sha256"):
    made = x509.load_pem_x509_certificate(pem.encode())
    key = made.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return {
        "hashAlgorithm": algorithm.upper(),
        "issuerNameHash": hashlib.new(algorithm, made.issuer.public_bytes()).hexdigest(),
        "issuerKeyHash": hashlib.new(algorithm, key).hexdigest(),
        "serialNumber": f"{made.serial_number:x}",
    }


def test_installed_listed_and_deleted():
    stage = Stage()
    assert ids(stage) == {"status": "NotFound"}
    first, second = (pki.certificate(name)[0] for name in ("One", "Two"))
    assert [install(stage, pem) for pem in (first, second, first)] == ["Accepted"] * 3
    assert install(stage, first, MAKER) == "Accepted"
    assert ids(stage) == {"status": "Accepted", "certificateHashData": [expected(first), expected(second)]}
    hash_data = expected(second, "sha512")
    hash_data["issuerKeyHash"] = hash_data["issuerKeyHash"].upper()
    assert stage.ask("DeleteCertificate", certificateHashData=hash_data) == {"status": "Accepted"}
    assert stage.ask("DeleteCertificate", certificateHashData=hash_data) == {"status": "NotFound"}
    assert ids(stage)["certificateHashData"] == [expected(first)]
    stage.check()


def test_they_survive_a_power_cut():
    stage = Stage()
    install(stage, pki.certificate()[0])
    stage.cp.cut_power()
    stage.cp.power_on()
    stage.clock.run_for()
    assert ids(stage)["status"] == "Accepted"


@pytest.mark.parametrize("wrong", ["nonsense", "expired", "cut", "full"])
def test_what_is_rejected(wrong):
    stage = Stage(settings={"CertificateStoreMaxLength": "1"})
    pem = pki.certificate("New", lasts=pki.YEAR / 2 if wrong == "expired" else pki.YEAR * 5)[0]
    if wrong == "full":
        install(stage, pki.certificate("Old")[0])
    pem = {"nonsense": "nonsense", "cut": pem[:200] + "\n-----END CERTIFICATE-----"}.get(wrong, pem)
    assert install(stage, pem) == "Rejected"
    assert len(stage.cp.state.certificates) == (wrong == "full")


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_fields(kind):
    pem, _ = pki.certificate("Root", kind=kind)
    read = certificates.read("something before\n" + pem.replace("\n", "\r\n"))
    made = x509.load_pem_x509_certificate(pem.encode())
    assert read.serial == made.serial_number
    assert read.subject == made.subject.public_bytes()
    assert read.is_self_issued
    assert read.not_before_utc == made.not_valid_before_utc.timestamp()
    assert read.not_after_utc == made.not_valid_after_utc.timestamp()


@pytest.mark.parametrize("length", range(0, 400, 7))
def test_whatever_is_cut_off_is_no_certificate(length):
    body = "".join(pki.certificate()[0].splitlines()[1:-1])
    cut = body[: len(body) - 1 - length % len(body)]
    with pytest.raises(ValueError, match="certificate"):
        certificates.read(f"-----BEGIN CERTIFICATE-----\n{cut}\n-----END CERTIFICATE-----\n")
