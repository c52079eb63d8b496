"""The dialect of OCPP 1.6 with the security extension."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from csms.dialects.repairs import applied, leap_second, null_member, number_as_text
from csms.dialects.rules import (
    NOT_SUPPORTED,
    RECORD_ONLY,
    Answer,
    Dialect,
    FactReader,
    NotSupported,
    RecordOnly,
)
from csms.dialects.v16_calls import CALLS
from csms.domain import facts
from csms.domain import questions as q
from csms.domain.facts import MeterSample, SampledValue
from csms.domain.meter_values import REGISTER, normalised
from ocpp_core import v16
from ocpp_core.errors import PayloadError, Violation
from ocpp_core.payload import Payload, as_utc
from ocpp_core.v16 import core, types

MAX_CONNECTOR = 1000  # nobody builds more, and a corrupt number must not become a row
MAX_INTEGER = 2**63 - 1  # what the databases hold
MAX_TRANSACTION_ID = 36  # characters; longer than any number that we gave out


def evse_of(connector_id: int) -> tuple[int, int]:
    """1.6 connector n is evse n, connector 1; 0 is the whole charge point."""
    return (connector_id, 1) if connector_id else (0, 0)


# --- answers ------------------------------------------------------------------------------------------


def _whole_second(moment: datetime) -> datetime:
    # There are charge points that cannot read fractions.
    return moment.replace(microsecond=0)


def _boot_response(decision: q.Registration) -> core.BootNotification.Response:
    return core.BootNotification.Response(
        status=core.RegistrationStatus(decision.status),
        current_time=_whole_second(decision.now),
        interval=decision.interval_s,
    )


def _id_tag_info(verdict: q.Verdict) -> types.IdTagInfo:
    return types.IdTagInfo(
        status=types.AuthorizationStatus(verdict.status),
        expiry_date=verdict.expires_at,
        parent_id_tag=verdict.parent or None,
    )


def _begin(r: core.StartTransaction.Request) -> q.BeginTransaction:
    evse, connector = evse_of(r.connector_id)
    return q.BeginTransaction(
        evse=evse,
        connector=connector,
        id_token=r.id_tag,
        meter_start_wh=r.meter_start,
        happened_at=as_utc(r.timestamp),
    )


def _begun(decision: q.Begun) -> core.StartTransaction.Response:
    return core.StartTransaction.Response(
        transaction_id=int(decision.transaction_id), id_tag_info=_id_tag_info(decision.verdict)
    )


def _end(r: core.StopTransaction.Request) -> q.EndTransaction:
    return q.EndTransaction(
        transaction_id=_transaction_id(r.transaction_id),
        id_token=r.id_tag or "",
        happened_at=as_utc(r.timestamp),
    )


def _ended(verdict: q.Verdict | None) -> core.StopTransaction.Response:
    return core.StopTransaction.Response(id_tag_info=None if verdict is None else _id_tag_info(verdict))


def _data_receipt(decision: q.DataReceipt) -> core.DataTransfer.Response:
    return core.DataTransfer.Response(status=core.DataTransferStatus(decision.status), data=decision.data)


BOUNDS = {
    "connector_id": (0, MAX_CONNECTOR),
    "meter_start": (-MAX_INTEGER, MAX_INTEGER),
    "meter_stop": (-MAX_INTEGER, MAX_INTEGER),
    "reservation_id": (-MAX_INTEGER, MAX_INTEGER),
    "request_id": (-MAX_INTEGER, MAX_INTEGER),
}


def check_bounds(request: Payload) -> None:
    """Refuse numbers that no charge point means, before anything is made of them.

    The schemas bound no integer. Raises PayloadError (PROPERTY_CONSTRAINT).
    """
    for member, lowest, highest in _bounds_of(type(request)):
        value = getattr(request, member)
        if value is not None and not lowest <= value <= highest:
            raise PayloadError(
                Violation.PROPERTY_CONSTRAINT, f"{member}: {value} is not within {lowest} to {highest}"
            )


@cache
def _bounds_of(payload_type: type[Payload]) -> tuple[tuple[str, int, int], ...]:
    return tuple(
        (member, *bounds) for member, bounds in BOUNDS.items() if member in payload_type.__struct_fields__
    )


ANSWERS: dict[str, Answer | RecordOnly | NotSupported] = {
    "Authorize": Answer(
        read=lambda r: q.MayCharge(id_token=r.id_tag),
        render=lambda verdict: core.Authorize.Response(id_tag_info=_id_tag_info(verdict)),
    ),
    "BootNotification": Answer(read=lambda r: q.MayRegister(), render=_boot_response),
    "DataTransfer": Answer(
        read=lambda r: q.ReceiveData(vendor_id=r.vendor_id, message_id=r.message_id or "", data=r.data),
        render=_data_receipt,
    ),
    "Heartbeat": Answer(
        read=lambda r: q.WhatTimeIsIt(),
        render=lambda now: core.Heartbeat.Response(current_time=_whole_second(now)),
    ),
    "MeterValues": Answer(
        read=lambda r: q.RecordMeterValues(transaction_id=_transaction_id(r.transaction_id)),
        render=lambda _: core.MeterValues.Response(),
    ),
    "StartTransaction": Answer(read=_begin, render=_begun),
    "StopTransaction": Answer(read=_end, render=_ended),
    "DiagnosticsStatusNotification": RECORD_ONLY,
    "FirmwareStatusNotification": RECORD_ONLY,
    "LogStatusNotification": RECORD_ONLY,
    "SecurityEventNotification": RECORD_ONLY,
    "SignCertificate": NOT_SUPPORTED,  # until there is an authority that signs
    "SignedFirmwareStatusNotification": RECORD_ONLY,
    "StatusNotification": RECORD_ONLY,
}


# --- facts --------------------------------------------------------------------------------------------


def _transaction_id(value: int | None) -> str:
    """A number beyond all bounds must be answered, too; cut to what is kept, it is still nobody's id."""
    return "" if value is None else str(value)[:MAX_TRANSACTION_ID]


def _moment(value: datetime | None) -> datetime | None:
    return None if value is None else as_utc(value)


def _booted(r: core.BootNotification.Request, answer: core.BootNotification.Response) -> Iterable[facts.Fact]:
    yield facts.ChargePointBooted(
        registration=answer.status.value,
        interval_s=answer.interval,
        vendor=r.charge_point_vendor,
        model=r.charge_point_model,
        serial_number=r.charge_point_serial_number or r.charge_box_serial_number or "",
        firmware_version=r.firmware_version or "",
        iccid=r.iccid or "",
        imsi=r.imsi or "",
        meter_type=r.meter_type or "",
        meter_serial_number=r.meter_serial_number or "",
    )


def _status(r: core.StatusNotification.Request, _: Payload) -> Iterable[facts.Fact]:
    evse, connector = evse_of(r.connector_id)
    yield facts.ConnectorStatusReported(
        evse=evse,
        connector=connector,
        status=r.status.value,
        error_code=r.error_code.value,
        info=r.info or "",
        vendor_id=r.vendor_id or "",
        vendor_error_code=r.vendor_error_code or "",
        happened_at=_moment(r.timestamp),
    )


def _authorized(r: core.Authorize.Request, answer: core.Authorize.Response) -> Iterable[facts.Fact]:
    yield facts.AuthorizationAnswered(id_token=r.id_tag, verdict=answer.id_tag_info.status.value)


def _started(
    r: core.StartTransaction.Request, answer: core.StartTransaction.Response
) -> Iterable[facts.Fact]:
    evse, connector = evse_of(r.connector_id)
    yield facts.TransactionStarted(
        transaction_id=str(answer.transaction_id),
        evse=evse,
        connector=connector,
        id_token=r.id_tag,
        verdict=answer.id_tag_info.status.value,
        meter_start_wh=r.meter_start,
        reservation_id=r.reservation_id,
        happened_at=as_utc(r.timestamp),
    )


def _stopped(r: core.StopTransaction.Request, _: Payload) -> Iterable[facts.Fact]:
    yield facts.TransactionEnded(
        transaction_id=_transaction_id(r.transaction_id),
        id_token=r.id_tag or "",
        meter_stop_wh=r.meter_stop,
        reason="Local" if r.reason is None else r.reason.value,
        samples=_samples(r.transaction_data or ()),
        happened_at=as_utc(r.timestamp),
    )


def _metered(r: core.MeterValues.Request, _: Payload) -> Iterable[facts.Fact]:
    evse, connector = evse_of(r.connector_id)
    yield facts.MeterValuesReported(
        evse=evse,
        connector=connector,
        transaction_id=_transaction_id(r.transaction_id),
        samples=_samples(r.meter_value),
    )


def _samples(meter_values: Iterable[types.MeterValue]) -> tuple[MeterSample, ...]:
    return tuple(
        [
            MeterSample(as_utc(meter_value.timestamp), tuple(map(_sampled_value, meter_value.sampled_value)))
            for meter_value in meter_values
        ]
    )


def _sampled_value(v: types.SampledValue) -> SampledValue:
    # The busiest function of all; `_value_` is what `value` of an enumeration looks up slowly.
    return normalised(
        v.measurand._value_ if v.measurand else REGISTER,
        v.value,
        v.unit._value_ if v.unit else "",
        v.context._value_ if v.context else "Sample.Periodic",
        v.phase._value_ if v.phase else "",
        v.location._value_ if v.location else "Outlet",
        v.format._value_ if v.format else "Raw",
    )


def _settings(_: Payload, answer: core.GetConfiguration.Response) -> Iterable[facts.Fact]:
    yield facts.SettingsReported(
        settings=tuple(
            facts.Setting(key=k.key, value=k.value, readonly=k.readonly)
            for k in answer.configuration_key or ()
        ),
        unknown_keys=tuple(answer.unknown_key or ()),
    )


FACTS: dict[str, FactReader] = {
    "Authorize": _authorized,
    "BootNotification": _booted,
    "ChangeConfiguration": lambda r, answer: (
        facts.SettingChanged(key=r.key, value=r.value, status=answer.status.value),
    ),
    "DataTransfer": lambda r, answer: (
        facts.DataTransferred(
            vendor_id=r.vendor_id, message_id=r.message_id or "", status=answer.status.value
        ),
    ),
    "DiagnosticsStatusNotification": lambda r, _: (facts.LogStatusReported(r.status.value, None),),
    "FirmwareStatusNotification": lambda r, _: (facts.FirmwareStatusReported(r.status.value, None),),
    "GetConfiguration": _settings,
    "Heartbeat": lambda r, _: (facts.HeartbeatReceived(),),
    "LogStatusNotification": lambda r, _: (facts.LogStatusReported(r.status.value, r.request_id),),
    "MeterValues": _metered,
    "SecurityEventNotification": lambda r, _: (
        facts.SecurityEventReported(
            kind=r.type, tech_info=r.tech_info or "", happened_at=as_utc(r.timestamp)
        ),
    ),
    "SignedFirmwareStatusNotification": lambda r, _: (
        facts.FirmwareStatusReported(r.status.value, r.request_id),
    ),
    "StartTransaction": _started,
    "StatusNotification": _status,
    "StopTransaction": _stopped,
}


# --- repairs ------------------------------------------------------------------------------------------

EVERYWHERE = (null_member, leap_second)
REPAIRS = {
    core.MeterValues.Request: (*EVERYWHERE, number_as_text),
    core.StopTransaction.Request: (*EVERYWHERE, number_as_text),
}


def repair(payload_type: type[Payload], payload: object) -> tuple[object, tuple[str, ...]] | None:
    """Mend known deviations of 1.6 charge points; None when no rule has anything to mend."""
    return applied(REPAIRS.get(payload_type, EVERYWHERE), payload)


# --- secrets ------------------------------------------------------------------------------------------

SECRET_KEYS = frozenset({"authorizationkey"})
MASK = "********"


def conceal(action: str, text: str) -> str:
    """Mask values that must not enter the log: some charge points report their AuthorizationKey.

    action: "" for a frame of which nobody knows what it answers. What cannot be read is masked as a whole.
    """
    if action not in ("GetConfiguration", "") or not any(key in text.casefold() for key in SECRET_KEYS):
        return text
    try:
        frame = msgspec.json.decode(text)
        masked = _masked(frame)
    except (msgspec.DecodeError, RecursionError):
        return MASK
    return text if masked == frame else msgspec.json.encode(masked).decode()


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if not isinstance(value, dict):
        return value
    key = value.get("key")
    if isinstance(key, str) and key.strip().casefold() in SECRET_KEYS and value.get("value"):
        return value | {"value": MASK}
    return {name: _masked(member) for name, member in value.items()}


DIALECT = Dialect(
    subprotocol=v16.SUBPROTOCOL,
    catalogue=v16.CATALOGUE,
    error_codes=v16.ERROR_CODES,
    answers=ANSWERS,
    facts=FACTS,
    calls=CALLS,
    repair=repair,
    conceal=conceal,
    check=check_bounds,
)
