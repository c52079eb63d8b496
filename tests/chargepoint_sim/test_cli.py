"""The command line."""

import pytest

from chargepoint_sim import cli
from tests.chargepoint_sim.server import server


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--url http://x", "expected ws://"),
        ("--url ws://", "expected ws://"),
        ("--url ws://x/?a=b", "query"),
        ("--url ws://x --count 0", "at least 1"),
        ("--url ws://x --connectors 0", "at least 1"),
        ("--url ws://x --speed 0", "above 0"),
        ("--url ws://x --duration -1", "negative"),
        ("--url ws://x --model tesla", "not one of ac11"),
        ("--url ws://x --quirk mad", "not one of huge-connector-count"),
        ("--url ws://x --tag 123456789012345678901", "20 characters"),
        ("--url ws://x --set Nonsense=1", "KEY=VALUE"),
        ("--url ws://x --set HeartbeatInterval=often", "whole number"),
        ("--url ws://x --set HeartbeatInterval", "KEY=VALUE"),
        ("--url ws://x --id ''", "--id is empty"),
        ("", "--url"),
    ],
)
def test_bad_arguments_get_one_clear_line(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([part.strip("'") for part in arguments.split()])
    assert ended.value.code == cli.USAGE
    assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_the_help_names_models_examples_and_exit_status(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("grumpy", "exit status", "--speed", "examples:"))
    assert max(map(len, text.splitlines())) <= 110


def test_settings_are_spelled_as_in_the_standard():
    assert cli.settings(["heartbeatinterval=5", "StopTxnSampledData="]) == {
        "HeartbeatInterval": "5",
        "StopTxnSampledData": "",
    }


async def test_a_short_run_ends_with_a_summary_and_status_0(capsys):
    async with server() as central_system:
        given = cli.read(
            ["--url", central_system.url, "--count", "2", "--speed", "300", "--duration", "1", "--tag", "A"]
        )
        assert await cli.run(given) == cli.OK
    text = capsys.readouterr().out
    assert "charge points connected at the end  2 of 2" in text
    assert len(central_system.of("BootNotification")) == 2
    assert len(central_system.of("StartTransaction")) == len(central_system.of("StopTransaction")) > 0


async def test_frames_can_be_watched(capsys):
    async with server() as central_system:
        given = cli.read(["--url", central_system.url, "--idle", "--duration", "0.3", "--frames"])
        assert await cli.run(given) == cli.OK
    assert "CP1 -> [2," in capsys.readouterr().out


@pytest.mark.parametrize("status", ["Rejected", "Pending"])
async def test_a_run_in_which_nobody_is_accepted_fails(status, capsys):
    async with server() as central_system:
        central_system.boot_status = status
        assert await cli.run(cli.read(["--url", central_system.url, "--duration", "0.3"])) == cli.FAILED
    assert "No charge point was accepted" in capsys.readouterr().out
