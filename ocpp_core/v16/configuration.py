"""Standard configuration keys of OCPP 1.6: chapter 9, the errata and the security extension.

The defaults are ours where the standard names none.
"""

from typing import Final

from ocpp_core.configuration import (
    READ_ONLY,
    READ_OR_READ_WRITE,
    READ_WRITE,
    WRITE_ONLY,
    Boolean,
    CommaSeparated,
    Hexadecimal,
    Integer,
    Key,
    KeysByName,
    Seconds,
    Text,
)
from ocpp_core.v16.types import Measurand, Phase

_MEASURANDS: Final = CommaSeparated(
    choices=tuple(measurand.value for measurand in Measurand),
    suffixes=tuple(phase.value for phase in Phase),
)
_PROFILES: Final = CommaSeparated(
    choices=(
        "Core",
        "FirmwareManagement",
        "LocalAuthListManagement",
        "Reservation",
        "SmartCharging",
        "RemoteTrigger",
    )
)
_ROTATIONS: Final = CommaSeparated(pattern=r"[0-9]+\.(NotApplicable|Unknown|RST|RTS|SRT|STR|TRS|TSR)")
_RATE_UNITS: Final = CommaSeparated(choices=("Current", "Power"))
_PROTOCOLS: Final = CommaSeparated(choices=("FTP", "FTPS", "HTTP", "HTTPS", "SFTP"))

# fmt: off
KEYS: Final = (
    # Core
    Key("AllowOfflineTxForUnknownId", Boolean(), READ_WRITE, profile="Core",
        setting="allow_offline_transaction_for_unknown_id", default="false", source="1.6 9.1.1",
        meaning="Present = feature exists; true = while offline any idTag that is neither in the local "
                "list nor in the cache may start a transaction"),
    Key("AuthorizationCacheEnabled", Boolean(), READ_WRITE, profile="Core",
        setting="authorization_cache_enabled", default="true", source="1.6 9.1.2",
        meaning="Present = the cache exists; true = it is used; false keeps entries but does not use them"),
    Key("AuthorizeRemoteTxRequests", Boolean(), READ_OR_READ_WRITE, required=True, profile="Core",
        setting="authorize_remote_transaction_requests", default="false", source="1.6 9.1.3",
        meaning="true = a remote start is authorized first (list, cache or Authorize); false = start at "
                "once and let StartTransaction decide"),
    Key("BlinkRepeat", Integer(minimum=0), READ_WRITE, profile="Core", unit="times",
        setting="blink_repeat", default="3", source="1.6 9.1.4",
        meaning="How often the lighting blinks when signalling"),
    Key("ClockAlignedDataInterval", Seconds(maximum=86400), READ_WRITE, required=True, profile="Core",
        unit="s", setting="clock_aligned_data_interval", default="0", source="1.6 9.1.5, errata 3.76",
        meaning="Period of clock aligned readings counted from 00:00:00; 0 switches them off"),
    Key("ConnectionTimeOut", Seconds(minimum=1), READ_WRITE, required=True, profile="Core", unit="s",
        setting="connection_timeout", default="60", source="1.6 9.1.6, errata 3.77, errata 3.89",
        meaning="Time in Preparing until the incipient transaction is cancelled because no cable (or no "
                "id) came; connector goes back to its earlier state"),
    Key("ConnectorPhaseRotation", _ROTATIONS, READ_WRITE, required=True, profile="Core",
        setting="connector_phase_rotation", default="0.Unknown,1.Unknown", source="1.6 9.1.7",
        meaning="Phase wiring per connector relative to the meter or grid; index 0 = grid to main meter"),
    Key("ConnectorPhaseRotationMaxLength", Integer(minimum=1), READ_ONLY, profile="Core",
        setting="connector_phase_rotation_max_length", source="1.6 9.1.8",
        meaning="Largest number of items in ConnectorPhaseRotation"),
    Key("GetConfigurationMaxKeys", Integer(minimum=1), READ_ONLY, required=True, profile="Core",
        setting="get_configuration_max_keys", default="50", source="1.6 9.1.9",
        meaning="Largest number of keys in one GetConfiguration request; a longer request is undefined"),
    Key("HeartbeatInterval", Seconds(), READ_WRITE, required=True, profile="Core", unit="s",
        setting="heartbeat_interval", default="300", source="1.6 9.1.10",
        meaning="Idle time (no message sent) after which a Heartbeat is due; overwritten by interval of "
                "an Accepted BootNotification"),
    Key("LightIntensity", Integer(minimum=0, maximum=100), READ_WRITE, profile="Core", unit="%",
        setting="light_intensity", default="100", source="1.6 9.1.11",
        meaning="Lighting level"),
    Key("LocalAuthorizeOffline", Boolean(), READ_WRITE, required=True, profile="Core",
        setting="local_authorize_offline", default="true", source="1.6 9.1.12",
        meaning="true = while offline, ids valid in list or cache may start"),
    Key("LocalPreAuthorize", Boolean(), READ_WRITE, required=True, profile="Core",
        setting="local_pre_authorize", default="false", source="1.6 9.1.13",
        meaning="true = while online, ids valid in list or cache start without waiting for Authorize"),
    Key("MaxEnergyOnInvalidId", Integer(minimum=0), READ_WRITE, profile="Core", unit="Wh",
        setting="max_energy_on_invalid_id", default="0", source="1.6 9.1.14",
        meaning="Energy still delivered after the id was refused in StartTransaction.conf"),
    Key("MessageTimeout", Seconds(minimum=1), READ_WRITE, profile="Core", unit="s",
        setting="message_timeout", default="30", source="errata 3.83",
        meaning="Time after which an unanswered CALL counts as timed out"),
    Key("MeterValuesAlignedData", _MEASURANDS, READ_WRITE, required=True, profile="Core",
        setting="meter_values_aligned_data", default="Energy.Active.Import.Register", source="1.6 9.1.15",
        meaning="Measurands of clock aligned MeterValues messages; unknown measurand = Rejected, nothing "
                "changed"),
    Key("MeterValuesAlignedDataMaxLength", Integer(minimum=1), READ_ONLY, profile="Core",
        setting="meter_values_aligned_data_max_length", source="1.6 9.1.16",
        meaning="Largest number of items of MeterValuesAlignedData"),
    Key("MeterValuesSampledData", _MEASURANDS, READ_WRITE, required=True, profile="Core",
        setting="meter_values_sampled_data", default="Energy.Active.Import.Register", source="1.6 9.1.17",
        meaning="Measurands of periodic MeterValues messages and of a triggered MeterValues"),
    Key("MeterValuesSampledDataMaxLength", Integer(minimum=1), READ_ONLY, profile="Core",
        setting="meter_values_sampled_data_max_length", source="1.6 9.1.18",
        meaning="Largest number of items of MeterValuesSampledData"),
    Key("MeterValueSampleInterval", Seconds(), READ_WRITE, required=True, profile="Core", unit="s",
        setting="meter_value_sample_interval", default="60", source="1.6 9.1.19",
        meaning="Sampling period counted from transaction start; note the singular Value in the name"),
    Key("MinimumStatusDuration", Seconds(), READ_WRITE, profile="Core", unit="s",
        setting="minimum_status_duration", default="0", source="1.6 9.1.20",
        meaning="A status must be stable this long before StatusNotification is sent; added to any "
                "manufacturer delay"),
    Key("NumberOfConnectors", Integer(minimum=1), READ_ONLY, required=True, profile="Core",
        setting="connector_count", default="2", source="1.6 9.1.21",
        meaning="Physical connectors, 1..n without gaps (0 not counted)"),
    Key("ResetRetries", Integer(minimum=0), READ_WRITE, required=True, profile="Core", unit="times",
        setting="reset_retries", default="1", source="1.6 9.1.22",
        meaning="Retries of a failed reset"),
    Key("StopTransactionMaxMeterValues", Integer(minimum=2), READ_ONLY, profile="Core",
        setting="stop_transaction_max_meter_values", source="errata 3.91",
        meaning="Largest number of meter values in transactionData; beyond it intermediate values may be "
                "dropped, never begin and end"),
    Key("StopTransactionOnEVSideDisconnect", Boolean(), READ_OR_READ_WRITE, profile="Core",
        setting="stop_transaction_on_ev_side_disconnect", default="true",
        source="1.6 9.1.23, errata 3.80",
        meaning="true = unplugging at the EV stops the transaction (reason EVDisconnected); false = "
                "SuspendedEV and the transaction goes on"),
    Key("StopTransactionOnInvalidId", Boolean(), READ_WRITE, required=True, profile="Core",
        setting="stop_transaction_on_invalid_id", default="true", source="1.6 9.1.24",
        meaning="true = a refused id in StartTransaction.conf stops the transaction (DeAuthorized); false "
                "= only energy stops"),
    Key("StopTxnAlignedData", _MEASURANDS, READ_WRITE, required=True, profile="Core",
        setting="stop_transaction_aligned_data", source="1.6 9.1.25",
        meaning="Clock aligned measurands put into StopTransaction.transactionData"),
    Key("StopTxnAlignedDataMaxLength", Integer(minimum=1), READ_ONLY, profile="Core",
        setting="stop_transaction_aligned_data_max_length", source="1.6 9.1.26",
        meaning="Largest number of items of StopTxnAlignedData"),
    Key("StopTxnSampledData", _MEASURANDS, READ_WRITE, required=True, profile="Core",
        setting="stop_transaction_sampled_data", source="1.6 9.1.27",
        meaning="Sampled measurands put into StopTransaction.transactionData"),
    Key("StopTxnSampledDataMaxLength", Integer(minimum=1), READ_ONLY, profile="Core",
        setting="stop_transaction_sampled_data_max_length", source="1.6 9.1.28",
        meaning="Largest number of items of StopTxnSampledData"),
    Key("SupportedFeatureProfiles", _PROFILES, READ_ONLY, required=True, profile="Core",
        setting="supported_feature_profiles",
        default="Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger",
        source="1.6 9.1.29",
        meaning="Profiles supported; the security extension has no name here"),
    Key("SupportedFeatureProfilesMaxLength", Integer(minimum=1), READ_ONLY, profile="Core",
        setting="supported_feature_profiles_max_length", source="1.6 9.1.30, errata 3.81",
        meaning="Meaningless; errata says it need not exist"),
    Key("TransactionMessageAttempts", Integer(minimum=1), READ_WRITE, required=True, profile="Core",
        unit="times", setting="transaction_message_attempts", default="3", source="1.6 9.1.31",
        meaning="Total sends of a transaction-related message the central system fails to process"),
    Key("TransactionMessageRetryInterval", Seconds(), READ_WRITE, required=True, profile="Core", unit="s",
        setting="transaction_message_retry_interval", default="60", source="1.6 9.1.32",
        meaning="Base wait; the n-th resend waits n times this value"),
    Key("UnlockConnectorOnEVSideDisconnect", Boolean(), READ_OR_READ_WRITE, required=True, profile="Core",
        setting="unlock_connector_on_ev_side_disconnect", default="true",
        source="1.6 9.1.33, errata 3.84",
        meaning="true = release the cable at the station when it is pulled at the EV; fixed cable = read- "
                "only false"),
    Key("WebSocketPingInterval", Seconds(), READ_WRITE, profile="Core", unit="s",
        setting="websocket_ping_interval", default="60", source="1.6 9.1.34",
        meaning="Client ping period; keep it below TransactionMessageAttempts x "
                "TransactionMessageRetryInterval"),
    # LocalAuthListManagement
    Key("LocalAuthListEnabled", Boolean(), READ_WRITE, required=True, profile="LocalAuthListManagement",
        setting="local_auth_list_enabled", default="true", source="1.6 9.2.1",
        meaning="List is used for authorization"),
    Key("LocalAuthListMaxLength", Integer(minimum=0), READ_ONLY, required=True,
        profile="LocalAuthListManagement", setting="local_auth_list_max_length", default="1000",
        source="1.6 9.2.2",
        meaning="Largest number of entries in the list"),
    Key("SendLocalListMaxLength", Integer(minimum=1), READ_ONLY, required=True,
        profile="LocalAuthListManagement", setting="send_local_list_max_length", default="100",
        source="1.6 9.2.3",
        meaning="Largest number of entries in one SendLocalList"),
    # Reservation
    Key("ReserveConnectorZeroSupported", Boolean(), READ_ONLY, profile="Reservation",
        setting="reserve_connector_zero_supported", default="true", source="1.6 9.3.1",
        meaning="Absent or false = ReserveNow on connector 0 is Rejected"),
    # SmartCharging
    Key("ChargeProfileMaxStackLevel", Integer(minimum=0), READ_ONLY, required=True,
        profile="SmartCharging", setting="charge_profile_max_stack_level", default="10",
        source="1.6 9.4.1",
        meaning="Largest stackLevel; also bounds the profiles per purpose"),
    Key("ChargingScheduleAllowedChargingRateUnit", _RATE_UNITS, READ_ONLY, required=True,
        profile="SmartCharging", setting="charging_schedule_allowed_charging_rate_unit",
        default="Current,Power", source="1.6 9.4.2, errata 3.88",
        meaning="Rate units accepted in schedules; note the words, not A/W"),
    Key("ChargingScheduleMaxPeriods", Integer(minimum=1), READ_ONLY, required=True,
        profile="SmartCharging", setting="charging_schedule_max_periods", default="48",
        source="1.6 9.4.3",
        meaning="Largest number of periods per schedule"),
    Key("ConnectorSwitch3to1PhaseSupported", Boolean(), READ_ONLY, profile="SmartCharging",
        setting="connector_switch_3_to_1_phase_supported", default="false", source="1.6 9.4.4",
        meaning="Station can go from 3 to 1 phase inside a transaction"),
    Key("MaxChargingProfilesInstalled", Integer(minimum=1), READ_ONLY, required=True,
        profile="SmartCharging", setting="max_charging_profiles_installed", default="30",
        source="1.6 9.4.5",
        meaning="Largest number of installed profiles"),
    # FirmwareManagement
    Key("SupportedFileTransferProtocols", _PROTOCOLS, READ_ONLY, profile="FirmwareManagement",
        setting="supported_file_transfer_protocols", default="HTTP,HTTPS,FTP,FTPS", source="errata 3.90",
        meaning="Upload/download schemes; the security whitepaper calls it required for signed firmware"),
    # Security
    Key("AdditionalRootCertificateCheck", Boolean(), READ_ONLY, profile="Security",
        setting="additional_root_certificate_check", default="false", source="1.6 security 7.1",
        meaning="true = only one central-system root (plus temporary fallback); a new root must be signed "
                "by the old"),
    Key("AuthorizationKey", Hexadecimal(minimum=32, maximum=40), WRITE_ONLY, profile="Security",
        setting="authorization_key", source="1.6 security 7.2",
        meaning="Basic-auth password, never readable; required unless only profile 3"),
    Key("CertificateSignedMaxChainSize", Integer(minimum=1, maximum=10000), READ_ONLY, profile="Security",
        unit="characters", setting="certificate_signed_max_chain_size", default="10000",
        source="1.6 security 7.3",
        meaning="Largest certificateChain in CertificateSigned (the text once calls it "
                "CertificateSignedMaxSize / CertificateSignedMaxChain)"),
    Key("CertificateStoreMaxLength", Integer(minimum=1), READ_ONLY, profile="Security",
        setting="certificate_store_max_length", default="10", source="1.6 security 7.4",
        meaning="Largest number of root certificates"),
    Key("CpoName", Text(), READ_WRITE, profile="Security", setting="cpo_name", source="1.6 security 7.5",
        meaning="Organisation name put into the CSR; must be set before SignCertificate"),
    Key("SecurityProfile", Integer(minimum=0, maximum=3), READ_WRITE, profile="Security",
        setting="security_profile", default="0", source="1.6 security 7.6",
        meaning="Raising it checks prerequisites, then the station disconnects and reconnects with the "
                "new profile; lower or equal value = Rejected"),
)
# fmt: on

KEYS_BY_NAME: Final = KeysByName(KEYS)
"""Look-up in any case."""
