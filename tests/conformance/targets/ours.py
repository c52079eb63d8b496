"""Our own central system: a real server process on SQLite, its operator a program with an API token.

Everything goes through the public REST API; nothing reads the database or calls into the server.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests import server as servers
from tests.conformance.kit.target import Door, KnownFailure, Session, Shown
from tests.server import ROOT, ServerProcess

Parameters = dict[str, Any]


def given(payload: Parameters, **names: str) -> Parameters:
    """The members that a request has, under the names that the command has for them."""
    return {ours: payload[theirs] for ours, theirs in names.items() if theirs in payload}


def signed_firmware(p: Parameters) -> Parameters:
    return given(p, request_id="requestId") | given(
        p["firmware"],
        location="location",
        retrieve_at="retrieveDateTime",
        signing_certificate="signingCertificate",
        signature="signature",
    )


# A request of OCPP as the command that has the server send it.
COMMANDS: dict[str, tuple[str, Callable[[Parameters], Parameters]]] = {
    "CancelReservation": ("EndReservation", lambda p: given(p, reservation_id="reservationId")),
    "ChangeConfiguration": ("ChangeSetting", lambda p: p),
    "ClearCache": ("ForgetTokens", lambda p: {}),
    "ClearChargingProfile": ("RemoveChargingProfiles", lambda p: given(p, profile_id="id")),
    "DeleteCertificate": (
        "RemoveCertificate",
        lambda p: given(
            p["certificateHashData"],
            hash_algorithm="hashAlgorithm",
            issuer_name_hash="issuerNameHash",
            issuer_key_hash="issuerKeyHash",
            serial_number="serialNumber",
        ),
    ),
    "GetInstalledCertificateIds": ("ListCertificates", lambda p: given(p, kind="certificateType")),
    "InstallCertificate": (
        "AddCertificate",
        lambda p: given(p, kind="certificateType", certificate="certificate"),
    ),
    "DataTransfer": (
        "SendData",
        lambda p: given(p, vendor_id="vendorId", message_id="messageId", data="data"),
    ),
    "GetCompositeSchedule": (
        "ReadCompositeSchedule",
        lambda p: given(p, evse="connectorId", duration_s="duration"),
    ),
    "GetConfiguration": ("ReadSettings", lambda p: given(p, keys="key")),
    "GetDiagnostics": ("FetchDiagnostics", lambda p: given(p, location="location")),
    "GetLocalListVersion": ("ReadLocalListVersion", lambda p: {}),
    "GetLog": (
        "FetchLog",
        lambda p: (
            given(p, request_id="requestId", kind="logType") | given(p["log"], location="remoteLocation")
        ),
    ),
    "RemoteStartTransaction": ("RemoteStart", lambda p: given(p, id_token="idTag", evse="connectorId")),
    "RemoteStopTransaction": ("RemoteStop", lambda p: {"transaction_id": str(p["transactionId"])}),
    "ReserveNow": (
        "ReserveConnector",
        lambda p: given(
            p,
            reservation_id="reservationId",
            id_token="idTag",
            until="expiryDate",
            evse="connectorId",
            group_id_token="parentIdTag",
        ),
    ),
    "Reset": ("ResetChargePoint", lambda p: given(p, kind="type")),
    "SendLocalList": (
        "UpdateLocalList",
        lambda p: given(p, version="listVersion", kind="updateType", entries="localAuthorizationList"),
    ),
    "SetChargingProfile": (
        "InstallChargingProfile",
        lambda p: given(p, evse="connectorId", profile="csChargingProfiles"),
    ),
    "SignedUpdateFirmware": ("InstallSignedFirmware", signed_firmware),
    "TriggerMessage": ("RequestMessage", lambda p: given(p, message="requestedMessage", evse="connectorId")),
    "UnlockConnector": ("ReleaseCable", lambda p: given(p, evse="connectorId")),
    "UpdateFirmware": (
        "InstallFirmware",
        lambda p: given(p, location="location", retrieve_at="retrieveDate"),
    ),
}
ANSWERED = {"answered", "refused", "unanswered", "impossible", "expired", "cancelled"}
STANDINGS: dict[str, Parameters] = {
    "Accepted": {},
    "Blocked": {"blocked": True},
    "Expired": {"expires_at": "2020-01-01T00:00:00Z"},
    "grouped": {"parent": "GROUP"},
}


class OurCentralSystem:
    name = "PyROCPP"
    known_failures: dict[str, KnownFailure] = {}

    def __init__(self, server: ServerProcess, token: str) -> None:
        self.server = server
        self.token = token
        self._numbers = itertools.count(1)

    def lacks(self, need: str) -> str:
        if need == "RemoteStartTransaction with a profile":
            return "the command RemoteStart carries no charging profile"
        if need[0].isupper() and need not in COMMANDS:
            return f"no command of the API sends {need}"
        return ""

    def door(self, *, registration: str = "Accepted", with_password: bool = False) -> Door:
        identity = f"CONFORMANCE-{next(self._numbers)}"
        terms = {"identity": identity, "registration": registration}
        self.rest("POST", "/charge-points", terms | ({"security_profile": 1} if with_password else {}))
        password = None
        if with_password:
            password = self.rest("POST", f"/charge-points/{identity}/password", {})["password"]
        return Door(self.server.ocpp_url(), identity, password)

    def id_tag(self, standing: str) -> str:
        id_tag = f"TAG-{next(self._numbers)}"
        if standing != "Invalid":
            self.rest("POST", "/id-tokens", {"id_token": id_tag} | STANDINGS[standing])
        return id_tag

    def ask(self, door: Door, action: str, payload: Parameters) -> _Asked:
        kind, parameters_of = COMMANDS[action]
        path = f"/charge-points/{quote(door.identity, safe='')}/commands"
        command = self.rest("POST", path, {"kind": kind, "parameters": parameters_of(payload)})
        return _Asked(self, command["id"])

    def sessions(self, door: Door) -> list[Session]:
        page = self.rest("GET", f"/transactions?{urlencode({'charge_point': door.identity})}")
        return [
            Session(
                transaction_id=int(row["transaction_id"]),
                connector_id=row["evse"],
                id_tag=row["id_token"],
                meter_start=row["meter_start_wh"],
                meter_stop=row["meter_stop_wh"],
                is_running=row["state"] == "running",
            )
            for row in page["items"]
        ]

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=90)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1{path}", text, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode()}")
        return json.loads(content) if content else None


@dataclass(frozen=True)
class _Asked:
    system: OurCentralSystem
    command: str

    def shown(self, within_s: float) -> Shown:
        row = self.system.rest("GET", f"/commands/{self.command}?wait={within_s}")
        if row["state"] not in ANSWERED:
            raise TimeoutError(self.command)
        return Shown(
            status=row["status"],
            error=row["error"]["code"] if row["error"] else "",
            response=row["response"],
        )


@contextmanager
def our_central_system(directory: Path, migrated: Path) -> Iterator[OurCentralSystem]:
    """On a copy of an empty, migrated database."""
    path = directory / "conformance.sqlite3"
    path.write_bytes(migrated.read_bytes())
    url = f"sqlite:///{path}"
    token = _token(url, directory)
    with servers.start_server(database_url=url, directory=directory) as server:
        yield OurCentralSystem(server, token)


MAKE_TOKEN = """
import django
django.setup()
from django.core.management import call_command
call_command("createsuperuser", interactive=False, username="operator", email="", verbosity=0)
call_command("create_api_token", "operator", "conformance", scopes=["read", "personal", "command", "admin"])
"""


def _token(database_url: str, directory: Path) -> str:
    """What an administrator types once, in one process instead of two."""
    done = subprocess.run(
        [sys.executable, "-c", MAKE_TOKEN],
        cwd=ROOT,
        env=os.environ | servers.environment(database_url=database_url, directory=directory),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"no API token: {done.stderr}")
    return done.stdout.split()[-1]
