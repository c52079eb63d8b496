"""manage.py create_api_token"""

import io

import pytest
from django.core.management import CommandError, call_command

from csms.api.models import ApiToken
from tests.csms.api.conftest import Api


def run(*arguments):
    out = io.StringIO()
    call_command("create_api_token", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def test_the_token_is_printed_and_works(person):
    text = run("ada", "billing", "--scope", "read", "--scope", "command", "--days", "30")
    token = ApiToken.objects.get()
    assert (token.name, token.owner, token.scopes) == ("billing", person, ["command", "read"])
    assert token.expires_at is not None
    assert Api(text).get("/sites").status_code == 200
    assert Api(text)("POST", "/sites", {"name": "x"}).status_code == 403


def test_without_a_scope_it_may_read(person):
    run("ada", "billing")
    token = ApiToken.objects.get()
    assert (token.scopes, token.expires_at) == (["read"], None)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["bob", "x"], "there is no user 'bob'"),
        (["ada", "x", "--days", "0"], "a positive number is needed"),
        (["ada", "x", "--scope", "all"], "invalid choice"),
    ],
)
def test_what_is_wrong_is_said_and_no_token_is_made(person, arguments, problem):
    with pytest.raises(CommandError, match=problem):
        run(*arguments)
    assert not ApiToken.objects.exists()
