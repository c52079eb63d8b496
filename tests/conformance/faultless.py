"""A tiny central system without a fault: every case can pass. mutants.py makes the faulty ones of it.

Raw JSON over asyncio, everything in memory, nothing of our product.
"""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import itertools
import json
import threading
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import unquote

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.conformance.kit import schemas
from tests.conformance.kit.target import Door, KnownFailure, Session, Shown

Payload = dict[str, Any]


class Refusal(Exception):
    """Answered with a CALLERROR of this code."""


@dataclass
class Command:
    action: str
    payload: Payload
    answer: concurrent.futures.Future[Shown] = field(default_factory=concurrent.futures.Future)

    def shown(self, within_s: float) -> Shown:
        return self.answer.result(within_s)


class Link:
    """One connection; one command at a time."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.waiting: deque[Command] = deque()
        self.pending: dict[str, Command] = {}


class Faultless:
    """The central system. Target and server in one; the server runs in a thread with its own loop."""

    name = "faultless"
    known_failures: dict[str, KnownFailure] = {}

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.registrations: dict[str, str] = {}
        self.passwords: dict[str, str] = {}
        self.id_tags: dict[str, str] = {}
        self.links: dict[str, Link] = {}
        self.transactions: dict[tuple[str, int], Session] = {}
        self.starts: dict[tuple[Any, ...], Payload] = {}
        self.loop = asyncio.new_event_loop()
        self.url = ""

    # --- the process

    def __enter__(self) -> Self:
        listening: concurrent.futures.Future[Server] = concurrent.futures.Future()
        self.thread = threading.Thread(target=self._run, args=(listening,), daemon=True)
        self.thread.start()
        port = listening.result(10).sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/ocpp/"
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.ending.set)
        self.thread.join(10)

    def _run(self, listening: concurrent.futures.Future[Server]) -> None:
        async def main() -> None:
            self.ending = asyncio.Event()
            async with serve(
                self.serve,
                "127.0.0.1",
                0,
                process_request=self.admit,
                select_subprotocol=self.choose,
                ping_interval=None,
                close_timeout=0.2,
            ) as server:
                listening.set_result(server)
                await self.ending.wait()

        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(main())
        self.loop.close()

    # --- as a target

    def lacks(self, need: str) -> str:
        return ""

    def door(self, *, registration: str = "Accepted", with_password: bool = False) -> Door:
        identity = f"CP-{next(self.numbers)}"
        self.registrations[identity] = registration
        if with_password:
            self.passwords[identity] = "secret-of-this-one"
        return Door(self.url, identity, self.passwords.get(identity))

    def id_tag(self, standing: str) -> str:
        id_tag = f"TAG-{next(self.numbers)}"
        if standing != "Invalid":
            self.id_tags[id_tag] = standing
        return id_tag

    def ask(self, door: Door, action: str, payload: Payload) -> Command:
        command = Command(action, payload)
        self.loop.call_soon_threadsafe(self.enqueue, door.identity, command)
        return command

    def sessions(self, door: Door) -> list[Session]:
        return [session for (identity, _), session in self.transactions.items() if identity == door.identity]

    # --- the handshake

    def admit(self, socket: ServerConnection, request: Any) -> Any:
        identity = unquote(request.path.rpartition("/")[2])
        password = self.passwords.get(identity)
        expected = "Basic " + base64.b64encode(f"{identity}:{password}".encode()).decode()
        if password is not None and request.headers.get("Authorization") != expected:
            return socket.respond(HTTPStatus.UNAUTHORIZED, "")
        return None

    def choose(self, _: ServerConnection, offered: Any) -> Any:
        return "ocpp1.6" if "ocpp1.6" in offered else None

    async def serve(self, socket: ServerConnection) -> None:
        if socket.subprotocol is None:
            return
        identity = unquote(socket.request.path.rpartition("/")[2])  # type: ignore[union-attr]
        link = Link(socket)
        await self.own(identity, link)
        try:
            async for text in socket:
                await self.take(identity, link, json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            if self.links.get(identity) is link:
                del self.links[identity]

    async def own(self, identity: str, link: Link) -> None:
        """The newest connection is the charge point's; the one before is ended."""
        old, self.links[identity] = self.links.get(identity), link
        if old:
            await old.socket.close()

    # --- frames

    async def take(self, identity: str, link: Link, frame: list[Any]) -> None:
        if frame[0] == 2:
            await self.reply(identity, link, frame)
            return
        command = link.pending.pop(frame[1])
        command.answer.set_result(self.result_of(frame))
        self.send_next(link)

    async def reply(self, identity: str, link: Link, frame: list[Any]) -> None:
        try:
            self.check(frame[2], frame[3])
            answer = [3, frame[1], self.answer(identity, frame[2], frame[3])]
        except Refusal as refusal:
            answer = [4, frame[1], str(refusal), "", {}]
        await link.socket.send(json.dumps(answer))

    def check(self, action: str, payload: Payload) -> None:
        wrong = list(schemas.problems(action, payload))
        if wrong:
            raise Refusal("NotImplemented" if "no such message" in wrong[0] else "FormationViolation")

    def result_of(self, frame: list[Any]) -> Shown:
        if frame[0] == 4:
            return Shown(error=frame[2])
        return Shown(status=frame[2].get("status", ""), response=frame[2])

    def enqueue(self, identity: str, command: Command) -> None:
        link = self.links[identity]
        link.waiting.append(command)
        self.send_next(link)

    def send_next(self, link: Link) -> None:
        if link.waiting and self.may_send(link):
            command = link.waiting.popleft()
            id_ = self.next_id()
            link.pending[id_] = command
            frame = [2, id_, command.action, self.payload_of(command)]
            self.sending = asyncio.ensure_future(link.socket.send(json.dumps(frame)))

    def may_send(self, link: Link) -> bool:
        return not link.pending

    def next_id(self) -> str:
        return f"cs-{next(self.numbers)}"

    def payload_of(self, command: Command) -> Payload:
        return command.payload

    # --- answers

    def answer(self, identity: str, action: str, payload: Payload) -> Payload:
        match action:
            case "Authorize":
                return {"idTagInfo": self.info(payload["idTag"])}
            case "BootNotification":
                return self.boot(identity)
            case "Heartbeat":
                return {"currentTime": self.now()}
            case "StartTransaction":
                return self.start(identity, payload)
            case "StopTransaction":
                return self.stop(identity, payload)
            case _:
                return {}

    def now(self) -> str:
        return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def boot(self, identity: str) -> Payload:
        return {"status": self.registrations[identity], "interval": 300, "currentTime": self.now()}

    def standing(self, id_tag: str) -> str:
        return self.id_tags.get(id_tag, "Invalid")

    def info(self, id_tag: str) -> Payload:
        standing = self.standing(id_tag)
        if standing == "grouped":
            return {"status": "Accepted", "parentIdTag": "GROUP"}
        return {"status": standing}

    def start_key(self, identity: str, p: Payload) -> tuple[Any, ...]:
        return identity, p["connectorId"], p["idTag"], p["timestamp"], p["meterStart"]

    def start(self, identity: str, payload: Payload) -> Payload:
        key = self.start_key(identity, payload)
        if key in self.starts:
            return self.starts[key]
        transaction_id = self.new_transaction_id(payload)
        for place, session in self.transactions.items():
            if place[0] == identity and session.connector_id == payload["connectorId"]:
                self.transactions[place] = replace(session, is_running=False)
        self.transactions[identity, transaction_id] = Session(
            transaction_id, payload["connectorId"], payload["idTag"], payload["meterStart"], None, True
        )
        answer = {"transactionId": transaction_id, "idTagInfo": self.info(payload["idTag"])}
        self.starts[key] = answer
        return answer

    def new_transaction_id(self, payload: Payload) -> int:
        return next(self.numbers)

    def stop(self, identity: str, payload: Payload) -> Payload:
        place = identity, payload["transactionId"]
        if place in self.transactions:
            session = self.transactions[place]
            self.transactions[place] = replace(session, is_running=False, meter_stop=self.meter_stop(payload))
        return {"idTagInfo": self.info(payload["idTag"])} if "idTag" in payload else {}

    def meter_stop(self, payload: Payload) -> int:
        return payload["meterStop"]
