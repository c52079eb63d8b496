"""Registers charge points for the bench: `python -m tests.bench.population OPEN WITH_PASSWORD PASSWORD`."""

import sys

import django

django.setup()

from csms.access.models import IdToken  # noqa: E402
from csms.charging import passwords  # noqa: E402
from csms.charging.models import ChargePoint  # noqa: E402
from csms.domain.authorization import folded  # noqa: E402
from tests.bench.mix import id_tag, identity  # noqa: E402


def register(open_ones: int, with_password: int, password: str) -> None:
    """The first ones need no password; a token of its own for each."""
    names = [identity(number) for number in range(open_ones + with_password)]
    digest = passwords.digest(password.encode())
    ChargePoint.objects.bulk_create(ChargePoint(identity=name) for name in names[:open_ones])
    ChargePoint.objects.bulk_create(
        ChargePoint(identity=name, security_profile=1, password_digest=digest) for name in names[open_ones:]
    )
    tags = [id_tag(name) for name in names]
    IdToken.objects.bulk_create(IdToken(id_token=tag, folded=folded(tag)) for tag in tags)


if __name__ == "__main__":
    register(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
