"""A tiny central system on a real socket: raw JSON, none of our code."""

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from websockets.asyncio.server import serve


class Server:
    """Answers everything; remembers who connected and what was sent."""

    def __init__(self):
        self.url = ""
        self.paths = []
        self.logins = []
        self.calls = []
        self.replies = {}
        self.connections = []
        self.arrived = asyncio.Event()
        self.passwords = None
        """When set: identity -> password; others get 401."""
        self.boot_status = "Accepted"

    def admit(self, connection, request):
        self.paths.append(request.path)
        header = request.headers.get("Authorization", "")
        login = base64.b64decode(header.removeprefix("Basic ")) if header else None
        self.logins.append(login)
        if self.passwords is not None and login not in self.passwords:
            return connection.respond(401, "who are you?\n")
        return None

    async def serve(self, connection):
        self.connections.append(connection)
        async for text in connection:
            frame = json.loads(text)
            if frame[0] != 2:
                self.replies[frame[1]] = frame
                self.arrived.set()
                continue
            _, unique_id, action, payload = frame
            self.calls.append((action, payload))
            await connection.send(json.dumps([3, unique_id, self.answer(action)]))

    def answer(self, action):
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        match action:
            case "BootNotification":
                return {"status": self.boot_status, "currentTime": now, "interval": 60}
            case "SignCertificate":
                return {"status": "Accepted"}
            case "Heartbeat":
                return {"currentTime": now}
            case "Authorize":
                return {"idTagInfo": {"status": "Accepted"}}
            case "StartTransaction":
                return {"idTagInfo": {"status": "Accepted"}, "transactionId": len(self.calls)}
        return {}

    async def call(self, action, payload):
        unique_id = f"s{len(self.replies)}"
        await self.connections[-1].send(json.dumps([2, unique_id, action, payload]))
        async with asyncio.timeout(5):
            while unique_id not in self.replies:
                self.arrived.clear()
                await self.arrived.wait()
        return self.replies[unique_id][2]

    def of(self, action):
        return [payload for name, payload in self.calls if name == action]


@asynccontextmanager
async def server(subprotocols=("ocpp1.6",), tls=None):
    made = Server()
    async with serve(
        made.serve, "127.0.0.1", 0, subprotocols=subprotocols, process_request=made.admit, ssl=tls
    ) as listening:
        port = listening.sockets[0].getsockname()[1]
        made.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/ocpp"
        yield made
