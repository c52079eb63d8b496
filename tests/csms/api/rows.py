"""Rows of projections, written directly: the API only reads them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from csms.charging import models
from csms.outbox.models import Command
from tests import factories

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def state(identity: str, **fields: Any) -> models.ChargePointState:
    defaults = {
        "connection": 1,
        "gateway": "g1",
        "remote_address": "192.0.2.1",
        "subprotocol": "ocpp1.6",
        "connected_at": AT,
        "vendor": "Vendor",
        "model": "Post",
        "firmware_version": "1.0",
    }
    return models.ChargePointState.objects.create(charge_point=identity, **defaults | fields)


def connector(identity: str, evse: int, status: str = "Available", **fields: Any) -> models.ConnectorStatus:
    defaults = {
        "connector": 1 if evse else 0,
        "error_code": "NoError",
        "happened_at": AT,
        "recorded_at": AT,
        "position": 1,
    }
    return models.ConnectorStatus.objects.create(
        charge_point=identity, evse=evse, status=status, **defaults | fields
    )


def transaction(identity: str, number: int, **fields: Any) -> models.Transaction:
    defaults = {
        "evse": 1,
        "connector": 1,
        "id_token": "Tag",
        "id_token_folded": "tag",
        "verdict": "Accepted",
        "state": "running",
        "started_at": AT + timedelta(minutes=number),
        "meter_start_wh": 0,
        "is_late": False,
        "start_position": number,
    }
    return models.Transaction.objects.create(
        charge_point=identity, transaction_id=str(number), **defaults | fields
    )


def meter_value(identity: str, transaction_id: str, second: int) -> models.MeterValue:
    return models.MeterValue.objects.create(
        charge_point=identity,
        transaction_id=transaction_id,
        evse=1,
        connector=1,
        sampled_at=AT + timedelta(seconds=second),
        digest=f"{second:016x}",
        values=[{"measurand": "Power.Active.Import", "unit": "W", "value": second}],
        position=second,
    )


def setting(identity: str, key: str, **fields: Any) -> models.ChargePointSetting:
    defaults = {"value": "1", "readonly": False, "reboot_required": False, "recorded_at": AT, "position": 1}
    return models.ChargePointSetting.objects.create(charge_point=identity, key=key, **defaults | fields)


def command(identity: str, number: int, **fields: Any) -> Command:
    defaults = {
        "kind": "ReadSettings",
        "parameters": {},
        "actor": "ada",
        "state": "answered",
        "requested_at": AT + timedelta(minutes=number),
        "expires_at": AT + timedelta(hours=1),
        "position": number,
    }
    return Command.objects.create(charge_point=identity, command_id=f"c{number}", **defaults | fields)


def populate(count: int, *, first: int = 0) -> None:
    """`count` charge points in a site each, with two connectors, a running transaction, a setting ..."""
    for number in range(first, first + count):
        identity = f"CP{number:03}"
        factories.charge_point(identity=identity, site=factories.site())
        state(identity)
        state(f"STRANGER{number:03}")
        connector(identity, 1)
        connector(identity, 2)
        connector(f"STRANGER{number:03}", 1)
        transaction(identity, number)
        meter_value("CP000", "0", number)
        setting(identity, "HeartbeatInterval")
        command(identity, number)
        factories.id_token(group=factories.id_token_group())
