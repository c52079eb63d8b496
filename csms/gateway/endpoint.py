"""The OCPP-J endpoint: a plain ASGI application. Connect, text in, text out, disconnect.

Every version of OCPP is served under one path, `/ocpp/<identity>`; the subprotocol decides. A refused
handshake ends with an HTTP status (404 unknown, 401 wrong credentials), which needs the ASGI extension
`websocket.http.response`; csms.gateway.server gives it to Daphne.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from csms.dialects import DIALECTS
from csms.gateway.authentication import Refusal, authenticated, identity_of
from csms.gateway.backends import DatabaseAway
from csms.gateway.connection import Connection
from csms.gateway.runtime import Gateway, gateway

logger = logging.getLogger(__name__)

Scope = dict[str, Any]

HANDSHAKE_WAIT_S = 10.0


async def ocpp(scope: Scope, receive: Any, send: Any) -> None:
    """Serve one connection of one charge point, from the handshake to the end."""
    await receive()  # websocket.connect
    running = gateway()
    address = address_of(scope, running.trusted_proxies)
    running.per_address[address] += 1
    try:
        await _serve(running, address, scope, receive, send)
    except Refusal as refusal:
        running.refusals.record(scope, address, refusal)
        await _deny(scope, send, refusal)
    finally:
        running.per_address[address] -= 1
        if not running.per_address[address]:
            del running.per_address[address]


def address_of(scope: Scope, trusted_proxies: frozenset[str]) -> str:
    """Where the connection comes from: behind trusted proxies, what the last of them saw."""
    address: str = (scope.get("client") or ("", 0))[0]
    if address in trusted_proxies:
        forwarded = b",".join(value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for")
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            if hop.strip() and hop.strip() not in trusted_proxies:
                return hop.strip()[:60]
    return address


async def _serve(running: Gateway, address: str, scope: Scope, receive: Any, send: Any) -> None:
    limit = running.options.connections_per_address
    if running.is_draining:
        raise Refusal(503, "going down")
    if limit and running.per_address[address] > limit:
        raise Refusal(429, "too many connections from this address")
    charge_point = await authenticated(running, identity_of(scope), address, scope)
    dialect = next((DIALECTS[name] for name in scope["subprotocols"] if name in DIALECTS), None)
    if dialect is None:
        # The standard: finish the handshake without a subprotocol, then close at once.
        offered = ", ".join(scope["subprotocols"])[:100] or "none"
        running.refusals.record(scope, address, Refusal(101, f"no common subprotocol, offered: {offered}"))
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1002})
        return
    connection = Connection(
        running, charge_point, dialect, remote_address=address, receive=receive, send=send
    )
    try:
        async with asyncio.timeout(HANDSHAKE_WAIT_S):
            await connection.open()
    except (TimeoutError, DatabaseAway) as error:
        connection.give_up()
        raise Refusal(503, "the database is away") from error
    code = 1006
    try:
        await send({"type": "websocket.accept", "subprotocol": dialect.subprotocol})
        await connection.take_over()
        code = await connection.serve()
    finally:
        await asyncio.shield(connection.end(code))


async def _deny(scope: Scope, send: Any, refusal: Refusal) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    await send(
        {
            "type": "websocket.http.response.start",
            "status": refusal.status,
            "headers": [(b"content-type", b"text/plain; charset=utf-8"), *refusal.headers],
        }
    )
    await send({"type": "websocket.http.response.body", "body": f"{refusal.message}\n".encode()})


async def not_found(scope: Scope, receive: Any, send: Any) -> None:
    """Every other WebSocket path."""
    await receive()
    await _deny(scope, send, Refusal(404, "no such path"))
