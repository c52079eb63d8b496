"""Serve charge points, the API and the back office from this process."""

from __future__ import annotations

import logging
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from csms.eventlog.rebuild import outdated

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Serve charge points, the REST API and the back office over HTTP and WebSocket."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (%(default)s).")
        parser.add_argument("--port", type=int, default=9000, help="0 takes a free port (%(default)s).")
        parser.add_argument(
            "--endpoint",
            action="append",
            default=[],
            help="Twisted endpoint string instead of host and port, for example "
            "ssl:443:privateKey=key.pem:certKey=cert.pem; may be given several times.",
        )

    def handle(self, *args: Any, host: str, port: int, endpoint: list[str], **options: Any) -> None:
        from csms.gateway.server import GatewayServer  # installs the reactor, so not at import time

        from twisted.internet import reactor as installed  # isort: skip

        reactor: Any = installed

        from csms.asgi import application
        from csms.gateway.runtime import gateway, stop_gateway

        _check_database()
        interface = host.replace(":", r"\:")  # an IPv6 address in a Twisted endpoint string
        endpoints = endpoint or [f"tcp:{port}:interface={interface}"]
        server = GatewayServer(
            application,
            before_shutdown=stop_gateway,
            endpoints=endpoints,
            signal_handlers=False,
            ping_interval=settings.PYROCPP.ping_interval_s,
            ping_timeout=settings.PYROCPP.ping_timeout_s,
            websocket_max_message_size=settings.PYROCPP.max_frame_bytes,
            websocket_max_frame_size=settings.PYROCPP.max_frame_bytes,
            waiting_frames=settings.PYROCPP.max_pending_frames,
            server_name="pyrocpp",
            http_timeout=120,
            verbosity=2,  # Twisted reports errors through logging instead of dropping them
        )

        def announce() -> None:
            gateway()
            for address, bound in server.listening_addresses or []:
                self.stdout.write(f"listening on http://{address}:{bound}")
            self.stdout.flush()

        def ask_to_stop(*_: Any) -> None:
            reactor.callFromThread(_stop, reactor)

        signal.signal(signal.SIGTERM, ask_to_stop)
        signal.signal(signal.SIGINT, ask_to_stop)
        reactor.callLater(0, announce)
        server.run()
        if not server.listening_addresses:
            raise CommandError(f"cannot listen on {' or '.join(endpoints)}; the reason stands above")


def _check_database() -> None:
    """Refuse to serve on tables that are not ours, and say what is due."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("the database is not up to date; run: manage.py migrate")
    if names := outdated():
        logger.warning("rows of an older version; run: manage.py rebuild_projections %s", " ".join(names))


def _stop(reactor: Any) -> None:
    if reactor.running:
        reactor.stop()
