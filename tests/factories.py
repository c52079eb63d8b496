"""Rows that tests begin with. Each function makes one that is valid, and unlike others where it must be."""

import itertools
from typing import Any

from csms.access.models import IdToken, IdTokenGroup
from csms.charging.models import ChargePoint, Site

_numbers = itertools.count(1)


def site(**fields: Any) -> Site:
    return Site.objects.create(**{"name": f"Site {next(_numbers)}"} | fields)


def charge_point(**fields: Any) -> ChargePoint:
    """Accepted, without authentication, unless the fields say otherwise."""
    return ChargePoint.objects.create(**{"identity": f"CP-{next(_numbers)}"} | fields)


def id_token_group(**fields: Any) -> IdTokenGroup:
    return IdTokenGroup.objects.create(**{"parent": f"GROUP-{next(_numbers)}"} | fields)


def id_token(**fields: Any) -> IdToken:
    return IdToken.objects.create(**{"id_token": f"TAG-{next(_numbers)}"} | fields)
