"""The stored event types: stable strings, never Python paths.

A payload is text. For a frame it is the frame as it was on the wire (a secret in it is masked); for the
others it is a JSON object with the members named here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# --- frames: payload is the frame's text ---------------------------------------------------------------
CALL_RECEIVED = "call.received"
CALL_ANSWERED = "call.answered"  # cause: the call. Our CALLRESULT
CALL_REFUSED = "call.refused"  # cause: the call. Our CALLERROR
CALL_SENT = "call.sent"  # cause: command.requested
RESULT_RECEIVED = "result.received"  # cause: call.sent
ERROR_RECEIVED = "error.received"  # cause: call.sent. The charge point's CALLERROR
RESULT_REJECTED = "result.rejected"  # cause: call.sent. A CALLRESULT that does not fit the action
ANSWER_UNEXPECTED = "answer.unexpected"  # late, or for a call that nobody made
FRAME_REJECTED = "frame.rejected"  # not readable as a frame, or not to be answered

# --- the life of a connection --------------------------------------------------------------------------
CONNECTION_OPENED = "connection.opened"  # gateway, remote_address, subprotocol, security_profile
CONNECTION_REFUSED = "connection.refused"  # remote_address, path, status, reason
CONNECTION_CLOSED = "connection.closed"  # code, reason

# --- what was asked of a charge point ------------------------------------------------------------------
CALL_EXPIRED = "call.expired"  # cause: call.sent. {}
COMMAND_REQUESTED = "command.requested"  # command_id, kind, parameters, reason, idempotency_key, expires_at
COMMAND_IMPOSSIBLE = "command.impossible"  # command_id, reason
COMMAND_EXPIRED = "command.expired"  # command_id, stage
COMMAND_CANCELLED = "command.cancelled"  # command_id

# --- housekeeping --------------------------------------------------------------------------------------
PROJECTION_REBUILT = "projection.rebuilt"  # projections

FRAMES = frozenset(
    {
        CALL_RECEIVED,
        CALL_ANSWERED,
        CALL_REFUSED,
        CALL_SENT,
        RESULT_RECEIVED,
        ERROR_RECEIVED,
        RESULT_REJECTED,
        ANSWER_UNEXPECTED,
        FRAME_REJECTED,
    }
)
OUTBOUND = frozenset({CALL_ANSWERED, CALL_REFUSED, CALL_SENT})

# Newest shape of each type whose payload is JSON of our own; 1 where a type is not named.
SCHEMA_VERSIONS: dict[str, int] = {}

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

# (type, version) -> function that lifts a payload of that version to the next one. Frames need none.
UPCASTERS: dict[tuple[str, int], Upcaster] = {}


def schema_version(type_: str) -> int:
    """The version in which events of this type are written today."""
    return SCHEMA_VERSIONS.get(type_, 1)


def lifted(
    type_: str,
    version: int,
    payload: dict[str, Any],
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> dict[str, Any]:
    """Bring an old payload to the newest shape, one version at a time, so that readers know only that one."""
    while (upcaster := upcasters.get((type_, version))) is not None:
        payload = upcaster(payload)
        version += 1
    return payload
