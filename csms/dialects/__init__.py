"""One dialect per version of OCPP: tables of small pure functions between actions and the domain.

`DIALECTS` maps a subprotocol to its dialect; nothing else in the central system mentions a version.
"""

from csms.dialects import v16
from csms.dialects.rules import Dialect

DIALECTS: dict[str, Dialect] = {v16.DIALECT.subprotocol: v16.DIALECT}

__all__ = ["DIALECTS", "Dialect"]
