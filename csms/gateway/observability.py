"""`/health/live`, `/health/ready` and `/metrics` of this process: a plain ASGI application, without Django.

live: the event loop answers. ready: the journal can begin a transaction now, and we are not going down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from csms.eventlog.state import Batch, StreamState
from csms.gateway.journal import Unit
from csms.gateway.runtime import Gateway, gateway

READY_WITHIN_S = 3.0
PROBE_STREAM = "health"  # nothing is recorded in it


class GatewayCollector(Collector):
    """Reads the gateway's own counts when it is asked; the hot path pays nothing for it."""

    def __init__(self, running: Gateway) -> None:
        self._gateway = running

    def collect(self) -> Iterator[Metric]:
        journal = self._gateway.journal
        yield GaugeMetricFamily(
            "pyrocpp_connections", "Open connections of charge points.", len(self._gateway.connections)
        )
        yield GaugeMetricFamily("pyrocpp_journal_waiting", "Units that wait for a commit.", journal.depth)
        yield GaugeMetricFamily(
            "pyrocpp_journal_database_away",
            "1 while the journal waits for the database.",
            int(journal.is_away),
        )
        yield CounterMetricFamily("pyrocpp_journal_events", "Events that were committed.", journal.events)
        yield CounterMetricFamily("pyrocpp_journal_commits", "Commits of the journal.", journal.batches)


async def observability(scope: dict[str, Any], receive: Any, send: Any) -> None:
    answer = ROUTES.get(scope["path"])
    if answer is None:
        await _respond(send, 404, "text/plain", b"no such path\n")
    elif scope["method"] not in ("GET", "HEAD"):
        await _respond(send, 405, "text/plain", b"GET only\n")
    else:
        await _respond(send, *await answer())


async def live() -> tuple[int, str, bytes]:
    return 200, "text/plain", b"live\n"


async def ready() -> tuple[int, str, bytes]:
    running = gateway()
    if running.is_draining:
        return 503, "text/plain", b"going down\n"
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            await running.journal.submit(Unit(PROBE_STREAM, _nothing, events=1))
    except TimeoutError:
        return 503, "text/plain", b"the database is away\n"
    return 200, "text/plain", b"ready\n"


def _nothing(_: StreamState, __: Batch) -> None:
    """Take part in a batch and record nothing."""


async def metrics() -> tuple[int, str, bytes]:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(GatewayCollector(gateway()))
    return 200, CONTENT_TYPE_LATEST, generate_latest(registry)


ROUTES = {"/health/live": live, "/health/ready": ready, "/metrics": metrics}


async def _respond(send: Any, status: int, content_type: str, body: bytes) -> None:
    headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
