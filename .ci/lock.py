"""Compile the two lock files from pyproject.toml; with --check only say whether they still fit it.

The check needs no network: each lock names, in its first line, the digest of the tables it was compiled from.
"""

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The development lock is constrained by the runtime lock: tests run on the versions that are deployed.
LOCKS = {
    "requirements.lock": [],
    "requirements-dev.lock": ["--group", "test", "--group", "dev", "--constraint", "requirements.lock"],
}
COMPILE = [
    "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11",
    "--generate-hashes", "--no-emit-index-url", "--no-header",
]  # fmt: skip


def digest() -> str:
    """Of everything in pyproject.toml that decides which packages are installed."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = pyproject["project"]
    tables = [project["requires-python"], sorted(project["dependencies"]), pyproject["dependency-groups"]]
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def header() -> str:
    return f"# Compiled by `make lock` from pyproject.toml, dependencies {digest()}\n"


def stale() -> list[str]:
    return [name for name in LOCKS if not (ROOT / name).read_text().startswith(header())]


def compile_locks(arguments: list[str]) -> None:
    uv = [str(Path(sys.executable).with_name(COMPILE[0])), *COMPILE[1:]]
    for name, options in LOCKS.items():
        command = [*uv, "pyproject.toml", *options, *arguments, "--output-file", name]
        subprocess.run(command, cwd=ROOT, check=True)
        lock = ROOT / name
        lock.write_text(header() + "".join(line for line in lock.open() if not line.startswith("# ")))


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        if old := stale():
            sys.exit(f"{', '.join(old)} do not fit pyproject.toml: run make lock")
    else:
        compile_locks(sys.argv[1:])
