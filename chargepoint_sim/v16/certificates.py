"""Root certificates: installed, listed, deleted (security extension M03 to M05).

Certificates are read, not verified: the few fields needed are found by walking their DER, so that the engine
needs no cryptographic library. Signatures are the runtime's business.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chargepoint_sim.v16 import configuration
from chargepoint_sim.v16.state import ChargePointState
from chargepoint_sim.v16.turn import Turn
from ocpp_core.v16 import security
from ocpp_core.v16.security import (
    CertificateHashDataType,
    DeleteCertificateStatusEnumType,
    GetInstalledCertificateStatusEnumType,
    HashAlgorithmEnumType,
    InstallCertificateStatusEnumType,
)

PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s+(.*?)-----END CERTIFICATE-----", re.DOTALL)
SEQUENCE, INTEGER, BIT_STRING, UTC_TIME, VERSION = 0x30, 0x02, 0x03, 0x17, 0xA0


class Certificate(NamedTuple):
    """The fields of a certificate that matter here."""

    serial: int
    issuer: bytes
    subject: bytes
    key: bytes
    """The bits of the public key."""
    not_before_utc: float
    not_after_utc: float

    @property
    def is_self_issued(self) -> bool:
        return self.issuer == self.subject


def on_install_certificate(
    turn: Turn, request: security.InstallCertificate.Request
) -> security.InstallCertificate.Response:
    """Rejected: not a certificate that is valid now, or the store is full."""
    configuration.demand(turn.state, security.PROFILE)
    why = problem(request.certificate, turn.utc)
    store = turn.state.certificates
    same = [entry for entry in store if entry[0] == request.certificate_type.value]
    if not why and [request.certificate_type.value, request.certificate] not in store:
        if len(store) >= configuration.number(turn.state, "CertificateStoreMaxLength"):
            why = f"the store is full, {len(same)} of this type"
        else:
            store.append([request.certificate_type.value, request.certificate])
            turn.touch("certificates")
    if why:
        turn.log(f"certificate refused: {why}")
        return security.InstallCertificate.Response(status=InstallCertificateStatusEnumType.REJECTED)
    return security.InstallCertificate.Response(status=InstallCertificateStatusEnumType.ACCEPTED)


def on_get_installed_certificate_ids(
    turn: Turn, request: security.GetInstalledCertificateIds.Request
) -> security.GetInstalledCertificateIds.Response:
    configuration.demand(turn.state, security.PROFILE)
    hashes = tuple(
        hash_data(pem, HashAlgorithmEnumType.SHA256)
        for pem in installed(turn.state, request.certificate_type.value)
    )
    status = GetInstalledCertificateStatusEnumType
    return security.GetInstalledCertificateIds.Response(
        certificate_hash_data=hashes or None, status=status.ACCEPTED if hashes else status.NOT_FOUND
    )


def on_delete_certificate(
    turn: Turn, request: security.DeleteCertificate.Request
) -> security.DeleteCertificate.Response:
    configuration.demand(turn.state, security.PROFILE)
    wanted = _folded(request.certificate_hash_data)
    store = turn.state.certificates
    found = [
        e for e in store if _folded(hash_data(e[1], request.certificate_hash_data.hash_algorithm)) == wanted
    ]
    if not found:
        return security.DeleteCertificate.Response(status=DeleteCertificateStatusEnumType.NOT_FOUND)
    turn.state.certificates = [entry for entry in store if entry not in found]
    turn.touch("certificates")
    return security.DeleteCertificate.Response(status=DeleteCertificateStatusEnumType.ACCEPTED)


def installed(state: ChargePointState, kind: str) -> list[str]:
    """The certificates of one type, PEM."""
    return [pem for other, pem in state.certificates if other == kind]


def problem(pem: str, utc: float) -> str:
    """Why a certificate cannot be used now; empty when it can, as far as its own fields tell."""
    try:
        certificate = read(pem)
    except ValueError as error:
        return str(error)
    if utc < certificate.not_before_utc:
        return "not valid yet"
    return "expired" if utc > certificate.not_after_utc else ""


def hash_data(pem: str, algorithm: HashAlgorithmEnumType) -> CertificateHashDataType:
    """What names a root certificate (RFC 6960): its issuer is itself, so the key is its own."""
    certificate = read(pem)

    def digest(data: bytes) -> str:
        return hashlib.new(algorithm.value.lower(), data).hexdigest()

    return CertificateHashDataType(
        hash_algorithm=algorithm,
        issuer_name_hash=digest(certificate.issuer),
        issuer_key_hash=digest(certificate.key),
        serial_number=f"{certificate.serial:x}",
    )


def read(pem: str) -> Certificate:
    """The first certificate of a PEM text. Raises ValueError."""
    found = PEM.search(pem)
    if found is None:
        raise ValueError("no PEM certificate")
    try:
        der = base64.b64decode("".join(found[1].split()), validate=True)
        outer = _items(_content(der, SEQUENCE))
        fields = _items(outer[0][1])
        if fields[0][0] == VERSION:
            fields = fields[1:]
        serial, _, issuer, validity, subject, key_info = fields[:6]
        begin, end = _items(validity[1])
        bits = next(content for tag, content, _ in _items(key_info[1]) if tag == BIT_STRING)
        return Certificate(
            serial=int.from_bytes(serial[1], "big"),
            issuer=issuer[2],
            subject=subject[2],
            key=bits[1:],  # without the count of unused bits
            not_before_utc=_time(begin),
            not_after_utc=_time(end),
        )
    except (binascii.Error, IndexError, StopIteration, ValueError) as error:
        raise ValueError(f"not a certificate: {error}") from None


Item = tuple[int, bytes, bytes]
"""Tag, content, and the whole of it."""


def _items(der: bytes) -> list[Item]:
    """The elements of a DER sequence's content. Raises ValueError, IndexError."""
    items: list[Item] = []
    at = 0
    while at < len(der):
        begin, tag, length = at, der[at], der[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(der[at : at + count], "big")
            at += count
        if at + length > len(der):
            raise ValueError("cut off")
        items.append((tag, der[at : at + length], der[begin : at + length]))
        at += length
    return items


def _content(der: bytes, tag: int) -> bytes:
    item = _items(der)[0]
    if item[0] != tag:
        raise ValueError("not a sequence")
    return item[1]


def _time(item: Item) -> float:
    """UTCTime has two digits for the year, from 1950 to 2049."""
    text = item[1].decode("ascii")
    if item[0] == UTC_TIME:
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _folded(data: CertificateHashDataType) -> tuple[str, str, str, str]:
    return (
        data.hash_algorithm.value,
        data.issuer_name_hash.lower(),
        data.issuer_key_hash.lower(),
        data.serial_number.lower().lstrip("0"),
    )


HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {
    "InstallCertificate": on_install_certificate,
    "GetInstalledCertificateIds": on_get_installed_certificate_ids,
    "DeleteCertificate": on_delete_certificate,
}
