"""Certificates and signatures for tests, made by a library that shares no code with us."""

import base64
import functools
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

YEAR = timedelta(days=365)
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


@functools.cache
def key(kind="ec", number=0):
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    name="Root", *, signer=None, kind="ec", begin=datetime(2025, 1, 1, tzinfo=UTC), lasts=5 * YEAR
):
    """PEM and private key; signer: name and key of the issuer, None = itself."""
    own = key(kind, name)
    issuer, issuer_key = signer or (name, own)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(own.public_key())
        .serial_number(0x1234ABCD)
        .not_valid_before(begin)
        .not_valid_after(begin + lasts)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), own


def sign(private_key, data, scheme="pss"):
    if isinstance(private_key, rsa.RSAPrivateKey):
        pad = padding.PKCS1v15()
        if scheme == "pss":
            pad = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        signature = private_key.sign(data, pad, hashes.SHA256())
    else:
        signature = private_key.sign(data, ec.ECDSA(hashes.SHA256()))
    return base64.b64encode(signature).decode()


def answer(csr, signer, *, lasts=5 * YEAR):
    """The certificate (PEM) that a request asks for. signer: name and key of the issuer."""
    request = x509.load_pem_x509_csr(csr.encode())
    assert request.is_signature_valid
    made = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, signer[0])]))
        .public_key(request.public_key())
        .serial_number(77)
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + lasts)
        .sign(signer[1], hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def subject_of(csr):
    return x509.load_pem_x509_csr(csr.encode()).subject.rfc4514_string()


def private_pem(private_key):
    return private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
