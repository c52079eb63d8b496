"""A charge point on a real wire: WebSocket, clock and storage (files over HTTP are in `transfers.py`).

    async with ChargePoint("ws://localhost:8000/ocpp", "CP1") as cp:
        await cp.wait_booted()
        cp.plug_in(1)
        cp.present(1, "TAG")
        await cp.wait_status(1, "Charging")

Speed. With `speed=60` the inner clock runs sixty times as fast: vehicles charge, sampling intervals and
ConnectionTimeOut run out, people come and go. The calendar does not: timestamps stay real, and so does
everything agreed with the central system about the wire (heartbeat, boot interval, call timeout, retries,
back-off). Power and current are the ordinary ones; only the register rises faster than power times time,
which is what makes a demo worth watching.
"""

import asyncio
import base64
import secrets
import sqlite3
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Self
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from chargepoint_sim import effects, inputs, transfers
from chargepoint_sim import keys as key_pairs
from chargepoint_sim.models import DEFAULT_MODEL, Model
from chargepoint_sim.shell import Frame, Shell, Storage
from chargepoint_sim.v16 import certificates
from chargepoint_sim.v16 import configuration as keys

SUBPROTOCOL = Subprotocol("ocpp1.6")
OPEN_TIMEOUT = 10.0
CLOSE_TIMEOUT = 3.0
LARGEST_FRAME = 1 << 20


class SqliteStorage:
    """Survives the process; one file serves any number of charge points."""

    def __init__(self, path: str | Path, identity: str) -> None:
        self._identity = identity
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS parts "
            "(identity TEXT, part TEXT, content TEXT, PRIMARY KEY (identity, part))"
        )

    def read(self) -> dict[str, str]:
        rows = self._database.execute("SELECT part, content FROM parts WHERE identity = ?", (self._identity,))
        return dict(rows.fetchall())

    def write(self, changes: Mapping[str, str | None]) -> None:
        gone = [(self._identity, part) for part, text in changes.items() if text is None]
        kept = [(self._identity, part, text) for part, text in changes.items() if text is not None]
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("DELETE FROM parts WHERE identity = ? AND part = ?", gone)
        self._database.executemany("INSERT OR REPLACE INTO parts VALUES (?, ?, ?)", kept)
        self._database.execute("COMMIT")

    def close(self) -> None:
        self._database.close()


class ChargePoint(Shell):
    """One charge point in an asyncio loop; see the module and the package's README."""

    def __init__(
        self,
        url: str,
        identity: str,
        *,
        password: str | None = None,
        model: str | Model = DEFAULT_MODEL,
        connectors: int | None = None,
        speed: float = 1.0,
        configuration: Mapping[str, str] | None = None,
        storage: Storage | str | Path | None = None,
        record: int | None = None,
        ssl_context: ssl.SSLContext | None = None,
        quirk: str | None = None,
        secure_url: str | None = None,
        seed: int = 0,
    ) -> None:
        """url: without the identity.    password: HTTP Basic, the user is the identity.

        storage: None = memory, a path = SQLite file.    record: how many frames to keep, None = all.
        secure_url: for security profiles 2 and 3; None = the same with wss.
        quirk: a row of `quirks.py`.    seed: decides when faults strike; never message ids.
        """
        if isinstance(storage, str | Path):
            storage = SqliteStorage(storage, identity)
        super().__init__(
            identity,
            model=model,
            connectors=connectors,
            configuration=configuration,
            storage=storage,
            record=record,
            rate=1.0 / speed,
            quirk=quirk,
            seed=seed,
        )
        self.url = f"{url.rstrip('/')}/{quote(identity, safe='')}"
        self.password = password
        if "SecurityProfile" not in self.model.configuration:
            profile = "2" if url.startswith("wss:") else "1" if password is not None else "0"
            self.set_factory({"SecurityProfile": profile})
        self.secure_url = secure_url and f"{secure_url.rstrip('/')}/{quote(identity, safe='')}"
        self.speed = speed
        self._ssl = ssl_context
        self._wire: _Wire | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._jobs: set[str] = set()
        self._laters: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._inner_start = time.time()
        self._loop_start = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    # Life

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def start(self) -> None:
        """Switch on, inside a running loop."""
        self._loop = asyncio.get_running_loop()
        self._loop_start = self._loop.time()
        self.power_on()

    async def stop(self) -> None:
        """Close the connection in good order and let go of everything."""
        for handle in list(self._laters):
            handle.cancel()
        self._laters.clear()
        self._jobs.clear()
        self.state.is_on = False
        self.state.timers.clear()
        self.arm()
        tasks = list(self._tasks)
        if self._wire is not None and not self._wire.close(""):
            for task in tasks:
                task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT + 1)
            for task in late:
                task.cancel()
        for _, future in self._waiting:
            future.cancel()
        self.storage.close()

    # Waiting for things (all times are real seconds)

    async def wait_for(self, condition: Callable[[], bool], *, within: float = 10.0, what: str = "") -> None:
        """Wait for a condition, looked at after every step. Raises TimeoutError with what is known."""
        if condition():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (condition, future)
        self._waiting.append(entry)
        try:
            await asyncio.wait_for(future, within)
        except TimeoutError:
            raise TimeoutError(
                f"{self.identity}: {what or 'nothing'} within {within} s; {self.describe()}"
            ) from None
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    async def wait_booted(self, within: float = 10.0) -> None:
        """Connected, and the boot notification was accepted."""
        await self.wait_for(lambda: self.is_connected and self.is_booted, within=within, what="not accepted")

    async def wait_status(self, connector: int, status: str, within: float = 10.0) -> None:
        """The connector has this status ("Charging", ...), and nothing about it is left to be told."""
        await self.wait_for(
            lambda: self.status(connector) == status and self._is_told(),
            within=within,
            what=f"connector {connector} not {status}",
        )

    async def wait_transaction(self, connector: int = 1, within: float = 10.0) -> int:
        """A transaction runs on the connector; returns the id the central system gave it."""

        def confirmed() -> bool:
            transaction = self.transaction(connector)
            return transaction is not None and transaction.transaction_id is not None

        await self.wait_for(
            confirmed, within=within, what=f"no confirmed transaction on connector {connector}"
        )
        transaction = self.transaction(connector)
        assert transaction is not None
        assert transaction.transaction_id is not None
        return transaction.transaction_id

    async def wait_delivered(self, within: float = 10.0) -> None:
        """Nothing waits for the central system any more."""
        await self.wait_for(self._is_quiet, within=within, what="messages left")

    async def wait_frame(self, condition: Callable[[Frame], bool], within: float = 10.0) -> Frame:
        """A frame on record (past or to come) for which the condition holds."""
        await self.wait_for(lambda: any(map(condition, self.frames)), within=within, what="no such frame")
        return next(frame for frame in self.frames if condition(frame))

    async def wait_sent(self, action: str, within: float = 10.0) -> Frame:
        """A call of this action that was sent."""
        return await self.wait_frame(lambda f: f.direction == "out" and f.action == action, within)

    # Time

    def now(self) -> float:
        loop = self._loop
        elapsed = loop.time() - self._loop_start if loop is not None else 0.0
        return self._inner_start + elapsed * self.speed

    def later(self, seconds: float, callback: Callable[[], None]) -> Callable[[], None]:
        loop = self._loop
        assert loop is not None, "not started"

        def run() -> None:
            self._laters.discard(handle)
            callback()

        handle = loop.call_later(max(0.0, seconds / self.speed), run)
        self._laters.add(handle)

        def cancel() -> None:
            handle.cancel()
            self._laters.discard(handle)

        return cancel

    def entropy(self) -> int:
        return secrets.randbits(64)

    def calendar(self) -> float:
        return time.time()

    def arm(self) -> None:
        due = self.next_timer()
        if due is None or self._loop is None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            return
        if self._timer is not None:
            if self._timer_at == due[0]:
                return
            self._timer.cancel()
        self._timer_at = due[0]
        self._timer = self._loop.call_later(max(0.0, (due[0] - self.now()) / self.speed), self._on_timer)

    def settled(self) -> None:
        if self._waiting:
            for condition, future in self._waiting:
                if not future.done() and condition():
                    future.set_result(None)

    # Wire

    def connect(self) -> None:
        self._wire = wire = _Wire(self)
        task = asyncio.get_running_loop().create_task(wire.run())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def disconnect(self, reason: str) -> None:
        if self._wire is not None:
            self._wire.close(reason)

    def abort(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    def transmit(self, text: str) -> None:
        if self._wire is not None:
            self._wire.outgoing.put_nowait(text)

    # Files

    def download(self, effect: effects.Download) -> None:
        self._transfer(effect.job, partial(transfers.download, effect, self.state.model.firmware))

    def upload(self, effect: effects.Upload) -> None:
        self._transfer(effect.job, partial(transfers.upload, effect, self.file_text(effect)))

    def make_key_pair(self, effect: effects.MakeKeyPair) -> None:
        self._transfer(effect.job, partial(key_pairs.make, effect))

    def cancel_transfer(self, job: str) -> None:
        self._jobs.discard(job)

    def _transfer(self, job: str, work: Callable[[], inputs.AnyInput]) -> None:
        """Do the work in a thread and feed what came of it, unless it was given up."""
        self._jobs.add(job)

        async def run() -> None:
            outcome = await asyncio.to_thread(work)
            if job in self._jobs:
                self._jobs.discard(job)
                self.feed(outcome)

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    @property
    def endpoint(self) -> str:
        """The URL that the security profile asks for."""
        if self.url.startswith("ws:") and keys.number(self.state, "SecurityProfile") >= 2:
            return self.secure_url or f"wss:{self.url.removeprefix('ws:')}"
        return self.url

    def connection_options(self) -> dict[str, object]:
        """What `websockets` is given besides the URL."""
        ping = keys.number(self.state, "WebSocketPingInterval")
        headers = {}
        secret = self._secret()
        if secret is not None and keys.number(self.state, "SecurityProfile") < 3:
            login = base64.b64encode(self.identity.encode() + b":" + secret).decode()
            headers["Authorization"] = f"Basic {login}"
        options: dict[str, object] = {
            "subprotocols": [SUBPROTOCOL],
            "additional_headers": headers,
            "compression": None,
            "max_size": LARGEST_FRAME,
            "open_timeout": OPEN_TIMEOUT,
            "close_timeout": CLOSE_TIMEOUT,
            "ping_interval": float(ping) if ping > 0 else None,
            "ping_timeout": 20.0,
            "proxy": None,
            "user_agent_header": None,
        }
        if self.endpoint.startswith("wss:"):
            options["ssl"] = self._tls()
        return options

    # Inside

    def _tls(self) -> ssl.SSLContext:
        """The context given, or one that trusts the installed roots too; with our certificate, if any."""
        context = self._ssl
        if context is None:
            context = ssl.create_default_context()
            for root in certificates.installed(self.state, "CentralSystemRootCertificate"):
                context.load_verify_locations(cadata=root)
        own = self.state.station_certificate
        if own is not None:
            with NamedTemporaryFile("w", suffix=".pem") as file:  # the library reads files only
                file.write(f"{own.private_key}\n{own.chain}")
                file.flush()
                context.load_cert_chain(file.name)
        return context

    def _secret(self) -> bytes | None:
        """The password's bytes: an AuthorizationKey that the central system set, else what we were given."""
        key = self.state.configuration.get("AuthorizationKey")
        if key:
            return bytes.fromhex(key)
        return self.password.encode() if self.password is not None else None

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A connection's task is over; if by a bug of ours, the loop's exception handler says so."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            task.get_loop().call_exception_handler({"message": f"{self.identity} failed", "exception": error})

    def _on_timer(self) -> None:
        self._timer = None
        self.fire_due()
        self.arm()

    def _is_told(self) -> bool:
        return not self.is_connected or not any(
            c.action == "StatusNotification"
            for c in [*self.state.traffic.waiting, self.state.traffic.pending]
            if c is not None
        )

    def _is_quiet(self) -> bool:
        traffic = self.state.traffic
        return traffic.pending is None and not traffic.waiting and not traffic.queue


class _Wire:
    """One connection of a charge point, from the attempt to its end."""

    def __init__(self, charge_point: ChargePoint) -> None:
        self.charge_point = charge_point
        self.outgoing: asyncio.Queue[str | None] = asyncio.Queue()
        self._connection: ClientConnection | None = None
        self._close_reason = ""
        self._is_given_up = False

    async def run(self) -> None:
        """Connect, carry frames both ways, tell the charge point how it ended."""
        reason = await self._open()
        connection = self._connection
        if connection is not None:
            writer = asyncio.get_running_loop().create_task(self._write(connection))
            reason = await self._read(connection)
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        if self.charge_point._wire is self:
            self.charge_point._wire = None
            self.charge_point.last_failure = reason
            self.charge_point.feed(inputs.Disconnected(reason))

    def close(self, reason: str) -> bool:
        """Close after everything that was sent; returns whether there was a connection to close."""
        self._close_reason = reason
        self._is_given_up = self._connection is None
        self.outgoing.put_nowait(None)
        return self._connection is not None

    def abort(self) -> None:
        """Drop the transport."""
        self._is_given_up = True
        if self._connection is not None:
            self._connection.transport.abort()

    async def _open(self) -> str:
        """Open the connection; returns why it failed, if it did."""
        point = self.charge_point
        try:
            connection = await connect(point.endpoint, **point.connection_options())  # type: ignore[arg-type]
        except InvalidStatus as error:
            point.tally.failed_connections += 1
            return f"HTTP {error.response.status_code}"
        except (OSError, TimeoutError, WebSocketException) as error:
            point.tally.failed_connections += 1
            return f"{type(error).__name__}: {error}"
        if self._is_given_up or point._wire is not self:
            await connection.close()
            return "given up"
        if connection.subprotocol != SUBPROTOCOL:
            point.tally.failed_connections += 1
            await connection.close()
            return f"the server does not speak {SUBPROTOCOL}"
        self._connection = connection
        point.tally.connections += 1
        point.last_failure = ""
        point.feed(inputs.Connected())
        return ""

    async def _read(self, connection: ClientConnection) -> str:
        point = self.charge_point
        try:
            async for message in connection:
                if point._wire is self and isinstance(message, str):
                    point.receive(message)
        except ConnectionClosed as error:
            return str(error)
        return f"closed with {connection.close_code} {connection.close_reason or ''}".rstrip()

    async def _write(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while (text := await self.outgoing.get()) is not None:
                await connection.send(text)
            await connection.close(reason=self._close_reason[:100])
