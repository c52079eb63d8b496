"""What survives a power cut, part by part: names and texts for the `Store` effect, and the way back.

configuration        changed keys
counters             the number of the next transaction, and the figures for displays
connector:<n>        availability, also what is scheduled
hardware:<n>         socket, meter and vehicle (a real one would simply still be there)
token:<folded>       an entry of the authorization cache
list                 the local authorization list and its version
reservation:<id>     a reservation
profile:<id>         a charging profile
firmware             the version that runs, and the latest update
security             the security log
certificates         the root certificates
identity             our own certificate and key, and those asked for
transaction:<k>      a transaction whose stop was not delivered yet
queue:<sequence>     a transaction-related message that was not delivered yet
"""

from collections.abc import Callable, Mapping

import msgspec

from chargepoint_sim.hardware import Socket
from chargepoint_sim.models import Model
from chargepoint_sim.v16.charging_profiles import Profile
from chargepoint_sim.v16.state import (
    ChargePointState,
    Clock,
    Connector,
    Counters,
    FirmwareUpdate,
    KeyRequest,
    Link,
    QueuedMessage,
    Reservation,
    SecurityEvent,
    StationCertificate,
    TokenInfo,
    Traffic,
    Transaction,
)


class StoredCounters(msgspec.Struct):
    next_transaction: int
    next_sequence: int
    counters: Counters


class StoredConnector(msgspec.Struct):
    is_operative: bool
    scheduled_operative: bool | None


class StoredFirmware(msgspec.Struct):
    version: str
    update: FirmwareUpdate | None


class StoredIdentity(msgspec.Struct):
    request: KeyRequest | None
    certificate: StationCertificate | None


class StoredList(msgspec.Struct):
    version: int
    entries: dict[str, TokenInfo]


def new_state(identity: str, model: Model, *, connectors: int | None = None) -> ChargePointState:
    """A charge point fresh from the factory, switched off."""
    count = model.connectors if connectors is None else connectors
    sockets = [Connector(number=number + 1, socket=Socket(type=model.socket)) for number in range(count)]
    return ChargePointState(
        identity=identity,
        model=model,
        connectors=[Connector(number=0), *sockets],
        clock=Clock(),
        link=Link(),
        traffic=Traffic(),
        counters=Counters(),
    )


def restore(
    identity: str,
    model: Model,
    stored: Mapping[str, str],
    *,
    connectors: int | None = None,
    sockets: list[Socket] | None = None,
) -> ChargePointState:
    """A charge point with the memory that storage has of it, switched off.

    sockets: the physical ones, when they are at hand; else what storage last heard of them.
    """
    state = new_state(identity, model, connectors=connectors)
    for part, text in stored.items():
        kind, _, key = part.partition(":")
        _READERS[kind](state, key, text)
    state.traffic.queue.sort(key=lambda message: message.sequence)
    highest = state.traffic.queue[-1].sequence if state.traffic.queue else 0
    state.traffic.next_sequence = max(state.traffic.next_sequence, highest + 1)
    state.next_transaction = max(state.next_transaction, *(number + 1 for number in state.transactions), 1)
    for connector in state.outlets:
        if sockets is not None:
            connector.socket = sockets[connector.number - 1]
        elif connector.socket is not None:
            connector.socket.offered_w = 0.0
    return state


def texts(state: ChargePointState, parts: Mapping[str, None]) -> dict[str, str | None]:
    """The present texts of some parts; None for those that are gone."""
    changes: dict[str, str | None] = {}
    for part in parts:
        kind, _, key = part.partition(":")
        value = _WRITERS[kind](state, key)
        changes[part] = None if value is None else _encode(value).decode()
    return changes


def _read_configuration(state: ChargePointState, key: str, text: str) -> None:
    state.configuration = msgspec.json.decode(text, type=dict[str, str])


def _read_counters(state: ChargePointState, key: str, text: str) -> None:
    stored = msgspec.json.decode(text, type=StoredCounters)
    state.next_transaction = stored.next_transaction
    state.traffic.next_sequence = stored.next_sequence
    state.counters = stored.counters


def _read_connector(state: ChargePointState, key: str, text: str) -> None:
    if int(key) < len(state.connectors):
        stored = msgspec.json.decode(text, type=StoredConnector)
        state.connectors[int(key)].is_operative = stored.is_operative
        state.connectors[int(key)].scheduled_operative = stored.scheduled_operative


def _read_hardware(state: ChargePointState, key: str, text: str) -> None:
    if int(key) < len(state.connectors):
        state.connectors[int(key)].socket = msgspec.json.decode(text, type=Socket)


def _read_token(state: ChargePointState, key: str, text: str) -> None:
    state.cache[key] = msgspec.json.decode(text, type=TokenInfo)


def _read_list(state: ChargePointState, key: str, text: str) -> None:
    stored = msgspec.json.decode(text, type=StoredList)
    state.local_list, state.local_list_version = stored.entries, stored.version


def _read_reservation(state: ChargePointState, key: str, text: str) -> None:
    kept = msgspec.json.decode(text, type=Reservation)
    if kept.connector < len(state.connectors):
        state.reservations[int(key)] = kept
        if kept.connector:
            state.connectors[kept.connector].reservation = kept.reservation_id


def _read_profile(state: ChargePointState, key: str, text: str) -> None:
    state.profiles[int(key)] = msgspec.json.decode(text, type=Profile)


def _read_firmware(state: ChargePointState, key: str, text: str) -> None:
    stored = msgspec.json.decode(text, type=StoredFirmware)
    state.firmware_version, state.firmware = stored.version, stored.update


def _read_security(state: ChargePointState, key: str, text: str) -> None:
    state.security_log = msgspec.json.decode(text, type=list[SecurityEvent])


def _read_certificates(state: ChargePointState, key: str, text: str) -> None:
    state.certificates = msgspec.json.decode(text, type=list[list[str]])


def _read_identity(state: ChargePointState, key: str, text: str) -> None:
    stored = msgspec.json.decode(text, type=StoredIdentity)
    state.key_request, state.station_certificate = stored.request, stored.certificate


def _read_transaction(state: ChargePointState, key: str, text: str) -> None:
    state.transactions[int(key)] = msgspec.json.decode(text, type=Transaction)


def _read_queue(state: ChargePointState, key: str, text: str) -> None:
    state.traffic.queue.append(msgspec.json.decode(text, type=QueuedMessage))


def _stored_connector(state: ChargePointState, key: str) -> StoredConnector:
    connector = state.connectors[int(key)]
    return StoredConnector(connector.is_operative, connector.scheduled_operative)


def _queued(state: ChargePointState, key: str) -> QueuedMessage | None:
    # From the end: a part is usually touched when its message has just joined.
    sequence = int(key)
    return next((message for message in reversed(state.traffic.queue) if message.sequence == sequence), None)


_encode = msgspec.json.Encoder().encode

_READERS: dict[str, Callable[[ChargePointState, str, str], None]] = {
    "configuration": _read_configuration,
    "counters": _read_counters,
    "connector": _read_connector,
    "hardware": _read_hardware,
    "token": _read_token,
    "list": _read_list,
    "reservation": _read_reservation,
    "profile": _read_profile,
    "firmware": _read_firmware,
    "security": _read_security,
    "certificates": _read_certificates,
    "identity": _read_identity,
    "transaction": _read_transaction,
    "queue": _read_queue,
}

_WRITERS: dict[str, Callable[[ChargePointState, str], object]] = {
    "configuration": lambda state, key: state.configuration,
    "counters": lambda state, key: StoredCounters(
        state.next_transaction, state.traffic.next_sequence, state.counters
    ),
    "connector": _stored_connector,
    "hardware": lambda state, key: state.connectors[int(key)].socket,
    "token": lambda state, key: state.cache.get(key),
    "list": lambda state, key: StoredList(state.local_list_version, state.local_list),
    "reservation": lambda state, key: state.reservations.get(int(key)),
    "profile": lambda state, key: state.profiles.get(int(key)),
    "firmware": lambda state, key: StoredFirmware(state.firmware_version, state.firmware),
    "security": lambda state, key: state.security_log,
    "certificates": lambda state, key: state.certificates,
    "identity": lambda state, key: StoredIdentity(state.key_request, state.station_certificate),
    "transaction": lambda state, key: state.transactions.get(int(key)),
    "queue": _queued,
}
