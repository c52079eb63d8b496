"""Which central system is judged, and the table of verdicts at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.kit import report
from tests.conformance.kit.target import Target
from tests.conformance.targets.external import ExternalCentralSystem
from tests.conformance.targets.ours import our_central_system

STANDINGS = ("Accepted", "Blocked", "Expired", "grouped")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--central-system", metavar="URL", help="judge this one: ws://host/ocpp")
    group.addoption("--identity", help="a charge point that it knows")
    group.addoption("--password", help="the password of that charge point")
    for standing in STANDINGS:
        group.addoption(f"--id-tag-{standing.lower()}", metavar="IDTAG", help=f"an idTag: {standing}")


def _option(config: pytest.Config, name: str) -> Any:
    """Unknown when this file was not there at the start of the run: then nothing can have been given."""
    return config.getoption(name, default=None)


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    config = request.config
    url = _option(config, "--central-system")
    if url is None:
        directory = request.getfixturevalue("tmp_path_factory").mktemp("conformance")
        migrated: Path = request.getfixturevalue("migrated_sqlite")
        with our_central_system(directory, migrated) as ours:
            yield ours
        return
    identity = _option(config, "--identity")
    if not identity:
        raise pytest.UsageError("--central-system needs --identity: a charge point that it knows")
    id_tags = {standing: _option(config, f"--id-tag-{standing.lower()}") for standing in STANDINGS}
    yield ExternalCentralSystem(url, identity, _option(config, "--password"), id_tags)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whoever judges another system does not want the tests of the suite itself."""
    if _option(config, "--central-system"):
        ours = [item for item in items if item.path.name != "test_central_system.py"]
        config.hook.pytest_deselected(items=ours)
        items[:] = [item for item in items if item not in ours]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    reports = [
        r for found in terminalreporter.stats.values() for r in found if isinstance(r, pytest.TestReport)
    ]
    rows = [dict(r.user_properties) for r in reports if r.when == "call"]
    verdicts = [row for row in rows if "verdict" in row]
    chosen = any("conformance" in str(argument) for argument in config.args)
    if verdicts and chosen:
        terminalreporter.section("conformance")
        for line in report.table(verdicts):
            terminalreporter.write_line(line)
