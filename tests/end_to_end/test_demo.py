"""`manage.py demo` as a person starts it: a process, a database of its own, real sockets."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server import ROOT

pytestmark = pytest.mark.end_to_end

MARGIN_S = 90  # start, migrations, winding down, on a machine with other work


@pytest.fixture
def manage(tmp_path: Path) -> Callable[..., subprocess.Popen]:
    """manage("demo", "--port", "0") -> the process, on the embedded defaults with its data in tmp_path."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
    }
    environment |= {"DJANGO_SETTINGS_MODULE": "csms.settings.development", "VAR_DIR": str(tmp_path)}

    def start(*arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return start


def figure(name: str, output: str) -> float:
    found = re.search(rf"^{name} +([\d.]+)", output, re.MULTILINE)
    assert found, output
    return float(found[1])


def still_running(directory: Path) -> list[str]:
    """Processes that were started on this data directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
                if f"VAR_DIR={directory}".encode() in environment.split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue  # it ended, or is another user's
    return found


def test_a_short_demo_charges_and_its_log_explains_every_row(
    manage: Callable[..., subprocess.Popen], tmp_path: Path
) -> None:
    demo = manage("demo", "--duration", "12", "--port", "0")
    output, _ = demo.communicate(timeout=12 + MARGIN_S)

    assert demo.returncode == 0, output
    assert "Traceback" not in output
    assert "charge points online   5 of 5" in output
    assert figure("transactions finished", output) >= 5
    assert figure("energy", output) > 1
    assert figure("events stored", output) > 100
    assert figure("messages per second", output) > 1
    assert len(re.findall(r"password: \S+", output)) == 1
    assert still_running(tmp_path) == []

    check = manage("rebuild_projections", "--check")
    output, _ = check.communicate(timeout=MARGIN_S)
    assert check.returncode == 0, output


def test_ctrl_c_ends_every_process_and_the_next_start_keeps_the_data(
    manage: Callable[..., subprocess.Popen], tmp_path: Path
) -> None:
    first = manage("demo", "--port", "0")
    assert first.stdout is not None
    said = ""
    while " charging  0.0 kW" in said or " charging " not in said:
        line = first.stdout.readline()
        assert line, said
        said = line
    first.send_signal(signal.SIGINT)
    output, _ = first.communicate(timeout=MARGIN_S)
    assert first.returncode == 0, output
    assert "Traceback" not in output
    assert still_running(tmp_path) == []

    second = manage("demo", "--port", "0", "--duration", "1", "--charge-points", "1")
    output, _ = second.communicate(timeout=MARGIN_S)
    assert "with the password of the first start" in output
    assert "password:" not in output
    assert "Traceback" not in output
