"""manage.py add_charge_point"""

import io

import pytest
from django.core.management import CommandError, call_command

from csms.charging import passwords
from csms.charging.models import ChargePoint
from tests import factories

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command("add_charge_point", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_without_a_password_it_is_open():
    site = factories.site(name="Depot")
    assert run("CP 1", "--name", "Gate", "--site", "Depot") == ["CP 1 is registered, security profile 0."]
    charge_point = ChargePoint.objects.get()
    assert (charge_point.identity, charge_point.name, charge_point.site) == ("CP 1", "Gate", site)
    assert charge_point.registration == "Accepted"


def test_with_a_password_it_needs_it():
    said = run("CP1", "--password-generate")
    charge_point = ChargePoint.objects.get()
    assert charge_point.security_profile == 1
    assert passwords.verify(said[-1].rpartition(" ")[2].encode(), charge_point.password_digest)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["there"], "There is one already. charge point there"),
        (["CP1", "--site", "Nowhere"], "there is no site 'Nowhere'; there are: none"),
        (["\n"], "is empty, too long or not printable"),
        (["CP1", "--name", "x" * 101], "at most 100 characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(arguments, problem):
    factories.charge_point(identity="there")
    with pytest.raises(CommandError, match=problem):
        run(*arguments)
    assert ChargePoint.objects.count() == 1
