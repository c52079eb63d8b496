"""Files over real HTTP."""

import base64
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chargepoint_sim import ChargePoint, transfers
from chargepoint_sim.effects import Download, Upload
from tests.chargepoint_sim.server import server


class Handler(BaseHTTPRequestHandler):
    def answer(self, code, body=b""):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.seen.append(("GET", self.path, self.headers.get("Authorization")))
        body = self.server.files.get(self.path)
        self.answer(404 if body is None else 200, body or b"")

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        code = self.server.codes.get(self.command, 200)
        self.server.seen.append((self.command, self.path, body))
        self.answer(code)

    def do_POST(self):
        self.do_PUT()

    def log_message(self, *arguments):
        pass


@contextmanager
def files():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.files, made.codes, made.seen = {}, {}, []
    made.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def test_a_download_with_a_login():
    with files() as disk:
        disk.files["/fw-1.2.bin"] = b"x"
        location = disk.url.replace("://", "://a%40b:c@") + "/fw-1.2.bin"
        outcome = transfers.download(Download(job="j", location=location), "1.0")
        assert (outcome.problem, outcome.version) == ("", "1.2")
        assert disk.seen == [("GET", "/fw-1.2.bin", "Basic " + base64.b64encode(b"a@b:c").decode())]


@pytest.mark.parametrize(
    "location", ["{}/nothing", "http://127.0.0.1:9/x", "ftp://127.0.0.1/x", "file:///etc/hosts", "x"]
)
def test_downloads_that_fail(location):
    with files() as disk:
        outcome = transfers.download(Download(job="j", location=location.format(disk.url)), "1.0")
        assert outcome.problem
        assert outcome.version == ""


@pytest.mark.parametrize(
    ("codes", "problem", "methods"),
    [
        ({}, "", ["PUT"]),
        ({"PUT": 405}, "", ["PUT", "POST"]),
        ({"PUT": 405, "POST": 501}, "NotSupportedOperation", ["PUT", "POST"]),
        ({"PUT": 403}, "PermissionDenied", ["PUT"]),
        ({"PUT": 400}, "BadMessage", ["PUT"]),
        ({"PUT": 500}, "UploadFailure", ["PUT"]),
    ],
)
def test_uploads(codes, problem, methods):
    with files() as disk:
        disk.codes = codes
        effect = Upload(job="j", location=f"{disk.url}/logs/?t=1", file_name="a.log")
        assert transfers.upload(effect, "text").problem == problem
        assert disk.seen == [(method, "/logs/a.log?t=1", b"text") for method in methods]


@pytest.mark.parametrize(
    ("location", "problem"),
    [("sftp://127.0.0.1/x", "NotSupportedOperation"), ("http://127.0.0.1:9", "UploadFailure")],
)
def test_uploads_to_nowhere(location, problem):
    assert transfers.upload(Upload(job="j", location=location, file_name="a"), "").problem == problem


@pytest.mark.parametrize(
    ("image", "location", "version"),
    [
        (b"version: 2.0-rc1\n", "http://h/fw-1.9.bin", "2.0-rc1"),
        (b'{"version": "3.4"}', "http://h/x", "3.4"),
        (b"\x00\x01", "http://h/v/fw_10.2.33.tar.gz", "10.2.33"),
        (b"\x00\x01", "http://h/latest", "1.0+1"),
    ],
)
def test_the_version_of_an_image(image, location, version):
    assert transfers.judge(Download(job="j", location=location), image, "1.0").version == version


async def test_a_charge_point_fetches_firmware_and_brings_its_log():
    with files() as disk:
        disk.files["/fw-8.0.bin"] = b"x"
        async with server() as central_system, ChargePoint(central_system.url, "CP1", speed=600) as cp:
            await cp.wait_booted()
            name = (await central_system.call("GetDiagnostics", {"location": disk.url}))["fileName"]
            await cp.wait_frame(lambda f: f.payload == {"status": "Uploaded"})
            assert disk.seen[0][:2] == ("PUT", f"/{name}")
            assert b"BootNotification" in disk.seen[0][2]
            request = {"location": f"{disk.url}/fw-8.0.bin", "retrieveDate": "2020-01-01T00:00:00Z"}
            await central_system.call("UpdateFirmware", request)
            await cp.wait_frame(lambda f: f.payload == {"status": "Installed"})
            assert central_system.of("BootNotification")[-1]["firmwareVersion"] == "8.0"
