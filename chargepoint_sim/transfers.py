"""Files over HTTP and HTTPS: firmware comes, logs go. Blocking; a runtime calls this in a thread.

What an image is. Any file will do. Its version is what follows "version" within its first kilobyte, else the
number in its name, else the version before with "+1". An image that begins with BROKEN does not install.
Signatures (RSA PKCS 1 or PSS, or ECDSA, over the whole file with SHA-256) are checked with the package
`cryptography`; where that is not installed, none is genuine.
"""

import base64
import binascii
import http.client
import re
import ssl
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit, urlunsplit

from chargepoint_sim.effects import Download, Upload
from chargepoint_sim.inputs import Downloaded, Uploaded

TIMEOUT = 30.0
LARGEST_IMAGE = 64 << 20
SCHEMES = ("http", "https")
STATED_VERSION = re.compile(rb"version[\s:=\"']{1,4}([0-9A-Za-z][\w.+-]{0,48})", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:\.\d+)+(?:[-+]\w+)?")
BROKEN = b"BROKEN"
PROBLEMS = {
    400: "BadMessage",
    401: "PermissionDenied",
    403: "PermissionDenied",
    405: "NotSupportedOperation",
    501: "NotSupportedOperation",
}


def download(effect: Download, present: str) -> Downloaded:
    """Fetch an image and judge it. present: the version that runs now."""
    try:
        with _open(effect.location, "GET", None) as response:
            image = response.read(LARGEST_IMAGE + 1)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Downloaded(job=effect.job, problem=f"{type(error).__name__}: {error}")
    return judge(effect, image, present)


def judge(effect: Download, image: bytes, present: str) -> Downloaded:
    """What an image is worth."""
    if not 0 < len(image) <= LARGEST_IMAGE:
        return Downloaded(job=effect.job, problem=f"{len(image)} bytes are no firmware")
    return Downloaded(
        job=effect.job,
        version=_version(effect.location, image, present),
        is_genuine=bool(effect.signature) and is_genuine(effect, image),
        is_broken=image.startswith(BROKEN),
    )


def upload(effect: Upload, text: str) -> Uploaded:
    """PUT a file; a server that does not take that gets a POST."""
    place = place_of(effect.location, effect.file_name)
    outcome = Uploaded(job=effect.job, problem="NotSupportedOperation")
    for method in ("PUT", "POST"):
        try:
            with _open(place, method, text.encode()):
                return Uploaded(job=effect.job)
        except urllib.error.HTTPError as error:
            problem = PROBLEMS.get(error.code, "UploadFailure")
            outcome = Uploaded(job=effect.job, problem=problem, details=f"HTTP {error.code}")
            if problem != "NotSupportedOperation":
                return outcome
        except ValueError as error:
            return Uploaded(job=effect.job, problem="NotSupportedOperation", details=str(error))
        except (OSError, http.client.HTTPException) as error:
            return Uploaded(
                job=effect.job, problem="UploadFailure", details=f"{type(error).__name__}: {error}"
            )
    return outcome


def place_of(location: str, file_name: str) -> str:
    """The URL of a file in a directory; what follows a question mark stays at the end."""
    parts = urlsplit(location)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{file_name}"))


def is_genuine(effect: Download, image: bytes) -> bool:
    """Is the signature that of the certificate, and (when roots are known) the certificate one of theirs?"""
    try:
        from cryptography import exceptions, x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    except ImportError:
        return False
    try:
        certificate = x509.load_pem_x509_certificate(effect.signing_certificate.encode())
        signature = base64.b64decode(effect.signature, validate=True)
    except (ValueError, binascii.Error):
        return False

    def is_issued_by(root: str) -> bool:
        try:
            certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(root.encode()))
        except (ValueError, TypeError, exceptions.InvalidSignature):
            return False
        return True

    if effect.roots and not any(map(is_issued_by, effect.roots)):
        return False
    key, sha256 = certificate.public_key(), hashes.SHA256()
    pss = padding.PSS(padding.MGF1(sha256), padding.PSS.AUTO)
    for scheme in (pss, padding.PKCS1v15()):
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, image, scheme, sha256)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, image, ec.ECDSA(sha256))
            else:
                return False
        except exceptions.InvalidSignature:
            continue
        return True
    return False


def _open(url: str, method: str, body: bytes | None) -> http.client.HTTPResponse:
    """Raises ValueError for a URL that is none of ours, OSError and HTTPException for the rest."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError(f"no {parts.scheme or 'such'} transfers")
    headers = {"Content-Type": "text/plain; charset=utf-8"} if body is not None else {}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    request = urllib.request.Request(urlunsplit(parts), body, headers, method=method)  # noqa: S310 - checked
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl.create_default_context())
    )
    response: http.client.HTTPResponse = opener.open(request, timeout=TIMEOUT)
    return response


def _version(location: str, image: bytes, present: str) -> str:
    stated = STATED_VERSION.search(image[:1024])
    if stated is not None:
        return stated[1].decode("ascii", "replace")
    named = NUMBER.search(urlsplit(location).path.rpartition("/")[2])
    return named[0][:50] if named is not None else f"{present}+1"[:50]
