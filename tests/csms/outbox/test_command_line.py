"""manage.py command and commands_from, as a stranger sees them."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from csms.outbox.models import Command
from tests import factories
from tests.csms.api import rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def identity():
    return factories.charge_point(identity="CP1").identity


def run(*arguments, **options):
    """What it prints, and its exit code."""
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out, **options)
    except SystemExit as end:
        return out.getvalue(), end.code
    return out.getvalue(), 0


def test_it_asks_and_says_what_became_of_it():
    said, code = run(
        "command", "CP1", "SetAvailability", "evse=2", "operative=no", "--wait", "0", "--reason", "x"
    )
    row = Command.objects.get()
    assert (row.kind, row.parameters, row.reason) == ("SetAvailability", {"evse": 2, "operative": False}, "x")
    assert row.actor.endswith(" (shell)")
    assert said.splitlines() == [
        f"SetAvailability to CP1 waits to be sent, until {row.expires_at:%Y-%m-%d %H:%M} UTC.",
        f"Command {row.command_id}",
    ]
    assert code == 0


def test_it_asks_as_given():
    rows.connector("CP1", 1)
    with pytest.raises(CommandError, match="no such connector"):
        call_command("command", "CP1", "ReleaseCable", "evse=99")
    assert run("command", "CP1", "ReleaseCable", "evse=99", "--as-given", "--wait", "0")[1] == 0


def test_a_call_is_sent_as_it_is():
    said, code = run("call", "CP1", "Frobnicate", '{"b": 1.50, "a": []}', "--wait", "0")
    row = Command.objects.get()
    assert row.parameters == {"action": "Frobnicate", "payload_json": '{"b": 1.50, "a": []}'}
    assert said.startswith("RawCall to CP1 waits to be sent")
    assert code == 0
    with pytest.raises(CommandError, match="payload: not JSON"):
        call_command("call", "CP1", "Reset", "{")
    with pytest.raises(CommandError, match="no charge point"):
        call_command("call", "CP9", "Reset")


def test_it_says_by_its_exit_code_that_nothing_is_known_yet():
    assert run("command", "CP1", "ReadSettings", "--wait", "0.01")[1] == 3


def test_it_prints_json():
    said, _ = run("command", "CP1", "ReadSettings", "keys=A, B", "--wait", "0", "--json")
    command = json.loads(said)
    assert (command["state"], command["parameters"]) == ("requested", {"keys": ["A", "B"]})


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["CP9", "ReadSettings"], "There is no charge point with this identity. CP9"),
        (["CP1", "Explode"], "kind: 'Explode' is not one of RemoteStart, "),
        (["CP1", "RemoteStart"], "id_token: RemoteStart needs it"),
        (["CP1", "RemoteStart", "id_token"], "'id_token': write name=value"),
        (["CP1", "RemoteStart", "id_token=A", "id_token=B"], "id_token is given twice"),
        (["CP1", "RemoteStart", "id_token=A", "evse=one"], "evse: 'one' is not a whole number"),
        (["CP1", "RemoteStart", "id_token=A", "evse=\u0661"], "is not a whole number"),
        (["CP1", "SetAvailability", "operative=maybe"], "operative: 'maybe' is neither true nor false"),
        (["CP1", "ReadSettings", "--expires-in=-1"], "passed already"),
        (["CP1", "ReadSettings", "--expires-in=1e300"], "too long"),
        (["CP1"], "name a charge point and a kind"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_asked(arguments, problem):
    with pytest.raises(CommandError, match=problem.replace("(", r"\(")):
        call_command("command", *arguments)
    assert not Command.objects.exists()


def test_the_list_shows_every_kind_with_its_parameters():
    said, _ = run("command", "--list")
    for word in (
        "RemoteStart",
        "id_token",
        "ResetChargePoint",
        "Hard",
        "RequestMessage",
        "Heartbeat",
        "JSON object",
        "time",
    ):
        assert word in said


# --- many ----------------------------------------------------------------------------------------------


def written(tmp_path, text, name="commands.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_csv_is_asked_as_a_whole(tmp_path):
    factories.charge_point(identity="CP;2")
    path = written(
        tmp_path,
        "\ufeffcharge_point,command,evse,key,value,kind,reason\n"
        'CP1,SetAvailability,2,,,,night\n\n"CP;2",ChangeSetting,,Info,"a\nb",,\nCP1,ResetChargePoint,,,,Hard,\n',
    )
    said, code = run("commands_from", path)
    assert said.splitlines()[-1] == "3 commands: 3 requested."
    assert code == 0
    found = Command.objects.order_by("position").values_list("charge_point", "kind", "parameters", "reason")
    assert list(found) == [
        ("CP1", "SetAvailability", {"evse": 2, "operative": True}, "night"),
        ("CP;2", "ChangeSetting", {"key": "Info", "value": "a\nb"}, ""),
        ("CP1", "ResetChargePoint", {"kind": "Hard"}, ""),
    ]


def test_a_json_file_is_asked_as_a_whole(tmp_path):
    items = [
        {"charge_point": "CP1", "kind": "ReadSettings", "parameters": {"keys": ["A"]}},
        {"charge_point": "CP1", "kind": "RemoteStart", "parameters": {"id_token": "T"}, "reason": "r"},
    ]
    said, _ = run("commands_from", written(tmp_path, json.dumps(items), "c.json"), "--json")
    assert [json.loads(line)["kind"] for line in said.splitlines()] == ["ReadSettings", "RemoteStart"]


@pytest.mark.parametrize(
    ("name", "text", "problems"),
    [
        (
            "c.csv",
            (
                "charge_point;command;evse;expires_at\nCP1;ReadSettings;;\nCP1;ReadSettings;1;\nCP9;Reset;;\n"
                'CP1;SetAvailability;"\nx";\nCP1;ReadSettings;;soon\nCP1;ReadSettings;;2020-01-01\n'
            ),
            [
                "line 3: evse: ReadSettings has no such parameter",
                "line 4: kind: 'Reset' is not one of",
                "line 5: evse: 'x' is not a whole number",
                "line 7: expires_at: 'soon' is not a time",
            ],
        ),
        (
            "c.csv",
            "charge_point,command\nCP1,ReadSettings\nCP9,ReadSettings\n",
            ["line 3: There is no charge point"],
        ),
        ("c.csv", "charge_point,command\nCP1,ReadSettings,\n", ["line 2: 3 cells, but 2 columns"]),
        ("c.csv", "charge_point,kind\nCP1,ReadSettings\n", ["line 1: there is no column command"]),
        ("c.csv", "", ["line 1: there is no column charge_point, command"]),
        ("c.csv", "charge_point,command,command\n", ["line 1: more than one column 'command'"]),
        ("c.csv", 'charge_point,command\nCP1,"Read', ["not CSV"]),
        ("c.csv", "charge_point,command\nCP1,Read\0", ["line 2: holds a NUL"]),
        ("c.json", "[", ["not JSON"]),
        ("c.json", "{}", ["not a list"]),
        (
            "c.json",
            '[{"charge_point":"CP1","kind":"ReadSettings"},{"charge_point":"CP1"},5,{"charge_point":"CP1","kind":"ReadSettings","wait":1}]',
            ["item 2: ", "item 3: ", "item 4: "],
        ),
        (
            "c.json",
            '[{"charge_point":"CP1","kind":"ReadSettings"},{"charge_point":"CP1","kind":"RemoteStop","parameters":{"transaction_id":7}}]',
            ["item 2: transaction_id: 7 is not a text"],
        ),
    ],
)
def test_every_error_of_a_file_is_named_with_its_place_and_nothing_is_asked(tmp_path, name, text, problems):
    with pytest.raises(CommandError) as error:
        call_command("commands_from", written(tmp_path, text, name))
    for problem in problems:
        assert problem in str(error.value)
    assert str(error.value).count("\n") == len(problems)
    assert str(error.value).endswith("Nothing was asked.")
    assert not Command.objects.exists()


def test_a_file_that_is_not_there_or_not_utf_8_is_said(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("commands_from", tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"charge_point,command\nCP\xe9,ReadSettings\n")
    with pytest.raises(CommandError, match="line 2: not UTF-8"):
        call_command("commands_from", tmp_path / "latin.csv")
