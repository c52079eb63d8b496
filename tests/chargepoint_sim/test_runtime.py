"""On a real socket, against a server that shares no code with us."""

import asyncio

import pytest

from chargepoint_sim import ChargePoint, Fleet, Habits, Vehicle
from chargepoint_sim.fleet import identities
from tests.chargepoint_sim.server import server
from tests.chargepoint_sim.stage import check_frames


async def test_a_session_from_boot_to_unplug():
    async with server() as central_system, ChargePoint(central_system.url, "CP1", speed=600) as cp:
        await cp.wait_booted()
        cp.plug_in(1, Vehicle(charge_wh=6_000.0))
        cp.present(1, "TAG")
        await cp.wait_status(1, "Charging")
        transaction_id = await cp.wait_transaction(1)
        await cp.wait_sent("MeterValues")
        cp.present(1, "tag")
        cp.unplug(1)
        await cp.wait_delivered()
        assert cp.status(1) == "Available"
        stop = central_system.of("StopTransaction")[0]
        assert stop["transactionId"] == transaction_id
        assert stop["meterStop"] > 100
        assert [p["status"] for p in cp.sent("StatusNotification") if p["connectorId"] == 1] == [
            "Available",
            "Preparing",
            "Charging",
            "Finishing",
            "Available",
        ]
        check_frames(cp.frames)


async def test_the_identity_is_encoded_and_the_login_is_basic():
    async with server() as central_system:
        central_system.passwords = [b"RDAM|1 /\xc3\xbc:sec:ret"]
        async with ChargePoint(central_system.url, "RDAM|1 /ü", password="sec:ret") as cp:
            await cp.wait_booted()
        assert central_system.paths == ["/ocpp/RDAM%7C1%20%2F%C3%BC"]
        async with ChargePoint(central_system.url, "RDAM|1 /ü", password="wrong") as cp:
            with pytest.raises(TimeoutError, match="HTTP 401"):
                await cp.wait_booted(within=0.3)
            assert cp.tally.failed_connections == 1


async def test_a_new_authorization_key_is_sent_as_bytes_on_the_next_connection():
    async with server() as central_system, ChargePoint(central_system.url, "CP1", speed=1) as cp:
        await cp.wait_booted()
        key = "00112233445566778899AABBCCDDEEFF"
        answer = await central_system.call("ChangeConfiguration", {"key": "AuthorizationKey", "value": key})
        assert answer == {"status": "Accepted"}
        await cp.wait_for(lambda: not cp.is_connected, what="not disconnected")
        cp.feed_timer("reconnect")
        await cp.wait_booted()
        assert central_system.logins == [None, b"CP1:" + bytes.fromhex(key)]


@pytest.mark.parametrize("offered", [["ocpp2.0.1"], None], ids=["another", "none"])
async def test_a_server_without_the_subprotocol_is_left(offered):
    async with server(offered) as central_system, ChargePoint(central_system.url, "CP1") as cp:
        with pytest.raises(TimeoutError, match=r"ocpp1\.6|NegotiationError|HTTP"):
            await cp.wait_booted(within=0.3)
        assert central_system.calls == []


async def test_nobody_listening_is_no_exception():
    async with ChargePoint("ws://127.0.0.1:9/ocpp", "CP1") as cp:
        with pytest.raises(TimeoutError, match=r"Connect call failed|refused"):
            await cp.wait_booted(within=0.3)


async def test_a_dropped_connection_comes_back_without_a_boot():
    async with server() as central_system, ChargePoint(central_system.url, "CP1") as cp:
        await cp.wait_booted()
        await cp.wait_delivered()
        cp.drop_connection()
        await cp.wait_for(lambda: not cp.is_connected)
        cp.plug_in(1)
        cp.feed_timer("reconnect")
        await cp.wait_status(1, "Preparing")
        await cp.wait_for(lambda: cp.is_connected)
        await cp.wait_delivered()
        assert len(central_system.of("BootNotification")) == 1
        assert central_system.calls[-1][1]["status"] == "Preparing"
        assert cp.tally.connections == 2


async def test_a_remote_reset_reboots_and_reconnects():
    async with server() as central_system, ChargePoint(central_system.url, "CP1", speed=50) as cp:
        await cp.wait_booted()
        await cp.wait_delivered()
        assert await central_system.call("Reset", {"type": "Soft"}) == {"status": "Accepted"}
        await cp.wait_for(lambda: cp.tally.connections == 2)
        await cp.wait_booted()
        await cp.wait_delivered()
        assert len(central_system.of("BootNotification")) == 2


async def test_a_killed_process_goes_on_from_its_file(tmp_path):
    async with server() as central_system:
        async with ChargePoint(central_system.url, "CP1", storage=tmp_path / "store.sqlite") as cp:
            await cp.wait_booted()
            cp.plug_in(1)
            cp.present(1, "TAG")
            transaction_id = await cp.wait_transaction(1)
        assert central_system.of("StopTransaction") == []
        async with ChargePoint(central_system.url, "CP1", storage=tmp_path / "store.sqlite") as cp:
            await cp.wait_sent("StopTransaction")
            await cp.wait_delivered()
            assert cp.status(1) == "Finishing"
        (stop,) = central_system.of("StopTransaction")
        assert (stop["transactionId"], stop["reason"]) == (transaction_id, "PowerLoss")


async def test_power_may_be_cut_and_come_back():
    async with server() as central_system, ChargePoint(central_system.url, "CP1") as cp:
        await cp.wait_booted()
        cp.cut_power()
        cp.power_on()
        await cp.wait_for(lambda: len(central_system.of("BootNotification")) == 2)
        await cp.wait_booted()


async def test_timestamps_stay_real_at_any_speed():
    async with server() as central_system, ChargePoint(central_system.url, "CP1", speed=3600) as cp:
        await cp.wait_booted()
        cp.plug_in(1)
        cp.present(1, "TAG")
        frame = await cp.wait_sent("MeterValues")
        (start,) = cp.sent("StartTransaction")
        sampled = frame.payload["meterValue"][0]
        assert abs(cp.frames[0].at - cp.state.clock.utc(cp.now())) < 30
        assert start["timestamp"][:13] in (sampled["timestamp"][:13], start["timestamp"][:13])
        assert float(sampled["sampledValue"][0]["value"]) > 150, "a minute's worth of energy"


async def test_a_fleet_charges_and_winds_down():
    async with server() as central_system:
        fleet = Fleet(
            central_system.url,
            identities("LOAD", 5),
            models=("ac22", "dc50", "grumpy"),
            speed=600,
            id_tokens=("A", "B"),
            habits=Habits(first_arrival=5, session=600),
        )
        async with fleet:
            await fleet.wait_booted()
            assert fleet["LOAD-0005"].model.name == "dc50"
            for _ in range(200):
                if fleet.summary().transactions_started >= 5:
                    break
                await asyncio.sleep(0.01)
            assert await fleet.wind_down()
            summary = fleet.summary()
        assert (summary.charge_points, summary.connected, summary.charging) == (5, 5, 0)
        assert summary.transactions_started == summary.transactions_stopped >= 5
        assert len(central_system.of("StartTransaction")) == len(central_system.of("StopTransaction"))
        assert summary.frames_out == len(central_system.calls)
        assert (summary.errors, summary.discarded, summary.reconnects) == (0, 0, 0)
        assert summary.energy_wh > 0


def test_names_of_a_fleet():
    assert identities("CP", 1) == ["CP"]
    assert identities("CP", 2) == ["CP-0001", "CP-0002"]
