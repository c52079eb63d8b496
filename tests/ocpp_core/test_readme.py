"""The README of the package shows what really happens."""

import doctest
from pathlib import Path

import ocpp_core


def test_examples_in_the_readme_run() -> None:
    readme = Path(ocpp_core.__file__).with_name("README.md")
    failed, attempted = doctest.testfile(str(readme), module_relative=False)
    assert (failed, attempted) == (0, 14)
