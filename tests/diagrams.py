"""`make diagrams`: state machines drawn from their tables, beside their modules; --check names stale ones."""

import importlib
import sys
from pathlib import Path

from ocpp_core import machine

ROOT = Path(__file__).parent.parent
# Module, its table, the state in which the machine begins.
MACHINES = [
    ("chargepoint_sim.v16.status", "TRANSITIONS", "Available"),
]


def drawings() -> dict[Path, str]:
    """What each file ought to hold."""
    wanted = {}
    for module, table, start in MACHINES:
        transitions = getattr(importlib.import_module(module), table)
        path = (ROOT / module.replace(".", "/")).with_suffix(".mmd")
        wanted[path] = (
            f"%% drawn by `make diagrams` from {module}.{table}\n{machine.mermaid(transitions, start)}"
        )
    return wanted


def main() -> None:
    stale = {path: text for path, text in drawings().items() if not path.exists() or path.read_text() != text}
    if "--check" in sys.argv:
        if stale:
            sys.exit(f"{', '.join(str(path.relative_to(ROOT)) for path in stale)}: run make diagrams")
        return
    for path, text in stale.items():
        path.write_text(text)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
