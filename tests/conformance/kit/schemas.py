"""The published JSON schemas of OCPP 1.6 as the judge of payloads: data of the PyPI package `ocpp`."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.validators import validator_for

# RFC 3339 with its time zone: what section 3.15 of the standard asks for, in any of the usual precisions.
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("date-time")(lambda value: not isinstance(value, str) or bool(DATE_TIME.fullmatch(value)))


@functools.cache
def _validator(message: str) -> Any:
    package = find_spec("ocpp")
    if package is None or package.origin is None:
        raise RuntimeError("the package `ocpp`, which holds the schemas, is not installed")
    path = Path(package.origin).parent / "v16" / "schemas" / f"{message}.json"
    if not path.exists():
        return None
    schema = json.loads(path.read_text("utf-8-sig"))
    return validator_for(schema)(schema, format_checker=FORMATS)


def problems(message: str, payload: Any) -> Iterator[str]:
    """What is wrong with a payload. message: "Reset" for a request, "ResetResponse" for the answer."""
    validator = _validator(message)
    if validator is None:
        yield f"{message}: no such message in OCPP 1.6"
        return
    for error in validator.iter_errors(payload):
        yield f"{message}{''.join(f'.{part}' for part in error.absolute_path)}: {error.message}"
