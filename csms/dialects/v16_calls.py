"""Commands as calls of OCPP 1.6 with the security extension."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from csms.domain import commands
from ocpp_core.payload import P, Payload, decode
from ocpp_core.v16 import (
    core,
    firmware_management,
    local_auth_list,
    remote_trigger,
    reservation,
    security,
    smart_charging,
    types,
)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _typed(payload_type: type[P], value: dict[str, Any]) -> P:
    """What was given as JSON in the words of 1.6. Raises PayloadError."""
    return decode(payload_type, msgspec.json.encode(value))


def _availability(c: commands.SetAvailability) -> core.ChangeAvailability.Request:
    kind = core.AvailabilityType.OPERATIVE if c.operative else core.AvailabilityType.INOPERATIVE
    return core.ChangeAvailability.Request(connector_id=c.evse, type=kind)


def _reservation(c: commands.ReserveConnector) -> reservation.ReserveNow.Request:
    return reservation.ReserveNow.Request(
        connector_id=c.evse,
        expiry_date=datetime.fromisoformat(c.until),
        id_tag=c.id_token,
        parent_id_tag=c.group_id_token or None,
        reservation_id=c.reservation_id,
    )


def _local_list(c: commands.UpdateLocalList) -> local_auth_list.SendLocalList.Request:
    """1.6 5.15: each id once, and in a full list each with what is known of it."""
    entries = [_typed(local_auth_list.AuthorizationData, entry) for entry in c.entries]
    for id_tag, times in Counter(entry.id_tag.casefold() for entry in entries).items():
        if times > 1:
            raise ValueError(f"entries: {id_tag!r} stands in it {times} times")
    if c.kind == "Full" and any(entry.id_tag_info is None for entry in entries):
        raise ValueError("entries: without idTagInfo, which only a differential update may leave out")
    return local_auth_list.SendLocalList.Request(
        list_version=c.version,
        local_authorization_list=tuple(entries),
        update_type=local_auth_list.UpdateType(c.kind),
    )


def _clear_profiles(c: commands.RemoveChargingProfiles) -> smart_charging.ClearChargingProfile.Request:
    """1.6 errata 3.26: the id alone, if there is one."""
    if c.profile_id is not None:
        return smart_charging.ClearChargingProfile.Request(id=c.profile_id)
    return smart_charging.ClearChargingProfile.Request(
        connector_id=c.evse,
        charging_profile_purpose=types.ChargingProfilePurposeType(c.purpose) if c.purpose else None,
        stack_level=c.stack_level,
    )


def _composite_schedule(c: commands.ReadCompositeSchedule) -> smart_charging.GetCompositeSchedule.Request:
    return smart_charging.GetCompositeSchedule.Request(
        connector_id=c.evse,
        duration=c.duration_s,
        charging_rate_unit=types.ChargingRateUnitType(c.unit) if c.unit else None,
    )


def _charging_profile(c: commands.InstallChargingProfile) -> smart_charging.SetChargingProfile.Request:
    return smart_charging.SetChargingProfile.Request(
        connector_id=c.evse, cs_charging_profiles=_typed(types.ChargingProfile, c.profile)
    )


def _diagnostics(c: commands.FetchDiagnostics) -> firmware_management.GetDiagnostics.Request:
    return firmware_management.GetDiagnostics.Request(
        location=c.location,
        retries=c.retries,
        retry_interval=c.retry_interval_s,
        start_time=_moment(c.from_time),
        stop_time=_moment(c.to_time),
    )


def _log(c: commands.FetchLog) -> security.GetLog.Request:
    return security.GetLog.Request(
        log=security.LogParametersType(
            remote_location=c.location,
            oldest_timestamp=_moment(c.from_time),
            latest_timestamp=_moment(c.to_time),
        ),
        log_type=security.LogEnumType(c.kind),
        request_id=c.request_id,
        retries=c.retries,
        retry_interval=c.retry_interval_s,
    )


def _firmware(c: commands.InstallFirmware) -> firmware_management.UpdateFirmware.Request:
    return firmware_management.UpdateFirmware.Request(
        location=c.location,
        retries=c.retries,
        retrieve_date=datetime.fromisoformat(c.retrieve_at),
        retry_interval=c.retry_interval_s,
    )


def _signed_firmware(c: commands.InstallSignedFirmware) -> security.SignedUpdateFirmware.Request:
    return security.SignedUpdateFirmware.Request(
        retries=c.retries,
        retry_interval=c.retry_interval_s,
        request_id=c.request_id,
        firmware=security.FirmwareType(
            location=c.location,
            retrieve_date_time=datetime.fromisoformat(c.retrieve_at),
            install_date_time=_moment(c.install_at),
            signing_certificate=c.signing_certificate,
            signature=c.signature,
        ),
    )


def _certificate_to_delete(c: commands.RemoveCertificate) -> security.DeleteCertificate.Request:
    return security.DeleteCertificate.Request(
        certificate_hash_data=security.CertificateHashDataType(
            hash_algorithm=security.HashAlgorithmEnumType(c.hash_algorithm),
            issuer_name_hash=c.issuer_name_hash,
            issuer_key_hash=c.issuer_key_hash,
            serial_number=c.serial_number,
        )
    )


CALLS: dict[type[commands.Command], Callable[[Any], Payload]] = {
    commands.AddCertificate: lambda c: security.InstallCertificate.Request(
        certificate_type=security.CertificateUseEnumType(c.kind), certificate=c.certificate
    ),
    commands.ChangeSetting: lambda c: core.ChangeConfiguration.Request(key=c.key, value=c.value),
    commands.DeliverCertificate: lambda c: security.CertificateSigned.Request(
        certificate_chain=c.certificate_chain
    ),
    commands.EndReservation: lambda c: reservation.CancelReservation.Request(reservation_id=c.reservation_id),
    commands.FetchDiagnostics: _diagnostics,
    commands.FetchLog: _log,
    commands.ForgetTokens: lambda c: core.ClearCache.Request(),
    commands.InstallChargingProfile: _charging_profile,
    commands.InstallFirmware: _firmware,
    commands.InstallSignedFirmware: _signed_firmware,
    commands.ListCertificates: lambda c: security.GetInstalledCertificateIds.Request(
        certificate_type=security.CertificateUseEnumType(c.kind)
    ),
    commands.ReadCompositeSchedule: _composite_schedule,
    commands.ReadLocalListVersion: lambda c: local_auth_list.GetLocalListVersion.Request(),
    commands.ReadSettings: lambda c: core.GetConfiguration.Request(key=c.keys or None),
    commands.ReleaseCable: lambda c: core.UnlockConnector.Request(connector_id=c.evse),
    commands.RemoteStart: lambda c: core.RemoteStartTransaction.Request(
        id_tag=c.id_token, connector_id=c.evse or None
    ),
    commands.RemoteStop: lambda c: core.RemoteStopTransaction.Request(transaction_id=int(c.transaction_id)),
    commands.RemoveCertificate: _certificate_to_delete,
    commands.RemoveChargingProfiles: _clear_profiles,
    commands.RequestExtendedMessage: lambda c: security.ExtendedTriggerMessage.Request(
        requested_message=security.MessageTriggerEnumType(c.message), connector_id=c.evse
    ),
    commands.RequestMessage: lambda c: remote_trigger.TriggerMessage.Request(
        requested_message=remote_trigger.MessageTrigger(c.message), connector_id=c.evse
    ),
    commands.ReserveConnector: _reservation,
    commands.ResetChargePoint: lambda c: core.Reset.Request(type=core.ResetType(c.kind)),
    commands.SendData: lambda c: core.DataTransfer.Request(
        vendor_id=c.vendor_id, message_id=c.message_id or None, data=c.data
    ),
    commands.SetAvailability: _availability,
    commands.UpdateLocalList: _local_list,
}


# Calls without a command of their own: to be sent as they are, by name and JSON. The reason stands beside.
RAW_ONLY: dict[str, str] = {}
