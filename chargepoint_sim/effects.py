"""What a step may ask the outside world to do. Effects are data; only a runtime performs them.

Order matters: a runtime performs the effects of one step from first to last. A step asks for at most one
`Store`, and it comes first, so that nothing is said on the wire that a power cut could make the charge point
forget.
"""

import msgspec


class Effect(msgspec.Struct, frozen=True, tag=True):
    """Base of all effects."""


class Store(Effect, frozen=True):
    """Write these parts of the state to storage that survives a power cut, all of them or none.

    changes: name of the part -> its new text; None deletes the part.
    """

    changes: dict[str, str | None]


class Connect(Effect, frozen=True):
    """Open the connection to the central system; the outcome comes back as `Connected` or `Disconnected`."""


class Disconnect(Effect, frozen=True):
    """Close the connection in good order."""

    reason: str = ""


class Send(Effect, frozen=True):
    """Send one frame."""

    text: str


class StartTimer(Effect, frozen=True):
    """Feed `TimerFired(name)` at this time; a timer of the same name is replaced."""

    name: str
    at: float


class StopTimer(Effect, frozen=True):
    """The timer is no longer wanted."""

    name: str


class Download(Effect, frozen=True, kw_only=True):
    """Fetch a firmware image; the outcome comes back as `Downloaded`.

    signature, signing_certificate: to be checked, when given.    roots: who may have issued the certificate;
    none = anybody.
    """

    job: str
    location: str
    signing_certificate: str = ""
    signature: str = ""
    roots: tuple[str, ...] = ()


class Upload(Effect, frozen=True, kw_only=True):
    """Put a file into a directory of a file server; the outcome comes back as `Uploaded`.

    text: what the file holds; None = the frames of the charge point between the two times.
    """

    job: str
    location: str
    file_name: str
    text: str | None = None
    oldest_utc: float | None = None
    latest_utc: float | None = None


class MakeKeyPair(Effect, frozen=True):
    """Make a key pair and a certificate signing request; they come back as `KeyPairMade`."""

    job: str
    organisation: str
    common_name: str


class CancelTransfer(Effect, frozen=True):
    """A download or upload is no longer wanted."""

    job: str


class Reboot(Effect, frozen=True):
    """Switch off, and on again after some seconds with nothing left but storage and hardware."""

    kind: str
    """Soft or Hard."""
    seconds: float


class Log(Effect, frozen=True):
    """Something a person who watches may want to know."""

    text: str


AnyEffect = (
    Store
    | Connect
    | Disconnect
    | Send
    | StartTimer
    | StopTimer
    | Download
    | Upload
    | MakeKeyPair
    | CancelTransfer
    | Reboot
    | Log
)
