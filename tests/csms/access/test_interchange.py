"""Id tokens in and out as CSV."""

import io
import stat
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from csms.access import interchange
from csms.access.models import IdToken, IdTokenGroup
from csms.spreadsheet import SheetError
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tokens.csv"


def imported(path, text):
    path.write_text(text)
    return interchange.import_from(path)


def test_new_ones_are_enrolled_and_known_ones_follow_the_file(path):
    factories.id_token(id_token="known", holder="Old", note="kept", blocked=True)
    result = imported(
        path,
        "\ufeffid_token;holder;parent;blocked;expires_at;max_transactions\n"
        "KNOWN;Ada;FLEET;no;2027-12-31T18:00:00+01:00;any\n"
        " New1 ;Bob;;YES;2027-12-31;3\n"
        "New2;;FLEET;;;\n",
    )
    assert result == interchange.Imported(new=2, changed=1)
    known, new1, new2 = (IdToken.objects.get(folded=f) for f in ("known", "new1", "new2"))
    assert (known.id_token, known.holder, known.note, known.blocked) == ("KNOWN", "Ada", "kept", False)
    assert (known.group.parent, known.max_transactions) == ("FLEET", None)
    assert known.expires_at == datetime(2027, 12, 31, 17, tzinfo=UTC)
    assert (new1.id_token, new1.group, new1.blocked, new1.max_transactions) == ("New1", None, True, 3)
    assert new1.expires_at == datetime(2027, 12, 31, tzinfo=UTC)
    assert (new2.blocked, new2.expires_at, new2.max_transactions) == (False, None, 1)
    assert new2.group == known.group
    assert IdTokenGroup.objects.count() == 1


def test_what_has_no_column_keeps_its_value(path):
    group = factories.id_token_group()
    factories.id_token(id_token="A", holder="Ada", group=group, blocked=True, max_transactions=None)
    imported(path, "id_token\na\nb\n")
    known, new = IdToken.objects.order_by("folded")
    assert (known.holder, known.group, known.blocked, known.max_transactions) == ("Ada", group, True, None)
    assert (new.id_token, new.holder, new.max_transactions) == ("b", "", 1)


def test_what_was_exported_can_be_imported_and_is_the_same(path):
    factories.id_token(id_token="A,1", holder='Ada "the" first', note="line\nbreak; and, more")
    factories.id_token(id_token="B", group=factories.id_token_group(parent="P"), max_transactions=None)
    factories.id_token(id_token="C", expires_at=datetime(2027, 1, 2, 3, 4, 5, 678, tzinfo=UTC), blocked=True)
    before = list(IdToken.objects.order_by("folded").values_list(*fields()))
    call_command("export_id_tokens", path, stdout=io.StringIO())
    IdToken.objects.all().delete()
    assert interchange.import_from(path) == interchange.Imported(new=3, changed=0)
    assert list(IdToken.objects.order_by("folded").values_list(*fields())) == before


def fields():
    names = ("holder", "blocked", "expires_at", "max_transactions", "note", "group__parent")
    return ("id_token", "folded", *names)


def test_many_need_few_queries(path, django_assert_max_num_queries):
    lines = "".join(f"T{number},G{number % 7}\n" for number in range(3000))
    with django_assert_max_num_queries(40):
        assert imported(path, f"id_token,parent\n{lines}").new == 3000
    assert interchange.import_from(path) == interchange.Imported(new=0, changed=3000)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("holder\nAda\n", ["line 1: there is no column id_token"]),
        ("id_token,colour\nA,red\n", ["line 1: column 'colour' is not one of id_token, holder, "]),
        (
            "id_token,blocked\nA,maybe\n,no\nOK,no\n" + "x" * 21 + ",no\n",
            [
                "line 2: blocked: 'maybe' is neither yes nor no",
                "line 3: id_token: This field cannot be blank.",
                "line 5: id_token: Ensure this value has at most 20 characters (it has 21).",
            ],
        ),
        ("id_token\nA\nb\na\n", ["line 4: id_token: 'a' stands in line 2 already"]),
        ("id_token,parent\nA,\u00e9\n", ["line 2: parent: Printable ASCII characters only."]),
        ("id_token,expires_at\nA,31.12.2027\n", ["line 2: expires_at: '31.12.2027' is not a time like"]),
        ("id_token,expires_at\nA,0001-01-01T00:00:00+23:00\n", ["line 2: expires_at: "]),
        (
            "id_token,max_transactions\nA,-1\nB,many\nC,99999\nD,\u0661\n",
            [f"line {line}: max_transactions: " for line in (2, 3, 4, 5)],
        ),
        ("id_token,holder\nA," + "h" * 101 + "\n", ["line 2: holder: "]),
        ("id_token,holder\nA\n", ["line 2: 1 cells, but 2 columns"]),
    ],
)
def test_every_error_is_named_with_its_line_and_nothing_is_imported(path, text, problems):
    factories.id_token(id_token="there", holder="Ada")
    with pytest.raises(SheetError) as error:
        imported(path, text)
    assert len(error.value.errors) == len(problems)
    for found, problem in zip(error.value.errors, problems, strict=True):
        assert problem in found
    assert IdToken.objects.count() == 1
    assert not IdTokenGroup.objects.exists()


def test_of_very_many_errors_the_first_are_shown(path):
    path.write_text("id_token\n" + "".join(f"\u00e9{number}\n" for number in range(500)))
    with pytest.raises(CommandError) as error:
        call_command("import_id_tokens", path)
    assert str(error.value).count("\n") == 21
    assert "line 21: id_token" in str(error.value)
    assert "... and 480 more" in str(error.value)
    assert str(error.value).endswith("Nothing was imported.")


def test_the_commands_say_what_they_did(path):
    path.write_text("id_token\nA\n")
    out = io.StringIO()
    call_command("import_id_tokens", path, stdout=out)
    assert out.getvalue() == "1 id tokens are new, 0 were there and follow the file.\n"
    target = path.with_name("out.csv")
    out = io.StringIO()
    call_command("export_id_tokens", target, stdout=out)
    assert out.getvalue() == f"1 id tokens written to {target}\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.read_text().splitlines()[0] == ",".join(interchange.COLUMNS)
    with pytest.raises(CommandError, match="No such file"):
        call_command("export_id_tokens", path.parent / "none" / "out.csv")
