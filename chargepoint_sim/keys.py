"""Key pairs and certificate signing requests, made with the package `cryptography` where it is installed."""

from chargepoint_sim.effects import MakeKeyPair
from chargepoint_sim.inputs import KeyPairMade


def make(effect: MakeKeyPair) -> KeyPairMade:
    """A new P-256 key, and a request for its certificate."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError:
        return KeyPairMade(job=effect.job, problem="the package cryptography is not installed")
    key = ec.generate_private_key(ec.SECP256R1())
    try:
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, effect.organisation),
                x509.NameAttribute(NameOID.COMMON_NAME, effect.common_name),
            ]
        )
    except ValueError as error:
        return KeyPairMade(job=effect.job, problem=str(error))
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPairMade(
        job=effect.job,
        csr=request.public_bytes(serialization.Encoding.PEM).decode(),
        private_key=private.decode(),
        public_key=point.hex(),
    )
