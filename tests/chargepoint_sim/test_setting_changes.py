"""Configuration keys from afar (1.6 5.3, 5.8, chapter 9)."""

import pytest

from chargepoint_sim.models import MODELS
from chargepoint_sim.v16.configuration import FACTORY
from ocpp_core.v16.configuration import KEYS_BY_NAME
from tests.chargepoint_sim.stage import Stage


def change(stage, key, value):
    return stage.ask("ChangeConfiguration", key=key, value=value)["status"]


def get(stage, *keys):
    answer = stage.ask("GetConfiguration", key=list(keys))
    return {entry["key"]: entry.get("value") for entry in answer.get("configurationKey", [])}


def test_all_keys_are_told_but_the_secret_one():
    stage = Stage()
    told = stage.ask("GetConfiguration")["configurationKey"]
    assert {entry["key"] for entry in told} == FACTORY.keys() - {"AuthorizationKey"}
    assert stage.ask("GetConfiguration", key=[])["configurationKey"] == told
    stage.check()


def test_every_required_key_of_the_core_profile_is_there():
    required = {key.name for key in KEYS_BY_NAME.values() if key.required and key.profile == "Core"}
    assert required <= FACTORY.keys()


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
def test_factory_settings_are_valid(model):
    for name, value in {**FACTORY, **model.configuration}.items():
        if name != "AuthorizationKey":
            assert KEYS_BY_NAME[name].check(value) is None
        assert name in FACTORY


ABSENT = "AdditionalRootCertificateCheck"


def test_known_and_unknown_keys_in_any_case():
    stage = Stage()
    answer = stage.ask("GetConfiguration", key=["heartbeatINTERVAL", "Nonsense", ABSENT])
    assert answer == {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
        "unknownKey": ["Nonsense", ABSENT],
    }


def test_too_many_keys_at_once():
    assert Stage().ask("GetConfiguration", key=["X"] * 51) == "OccurenceConstraintViolation"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("MeterValueSampleInterval", "15", "Accepted"),
        ("metervaluesampleinterval", "15", "Accepted"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("MeterValueSampleInterval", "soon", "Rejected"),
        ("LocalPreAuthorize", "TRUE", "Accepted"),
        ("LocalPreAuthorize", "yes", "Rejected"),
        ("NumberOfConnectors", "5", "Rejected"),
        ("SupportedFeatureProfiles", "Core", "Rejected"),
        ("WebSocketPingInterval", "-1", "Rejected"),
        ("MeterValuesSampledData", "", "Accepted"),
        ("MeterValuesSampledData", "Voltage,Power.Active.Import", "Accepted"),
        ("MeterValuesSampledData", "Voltage,SoC", "Rejected"),
        ("MeterValuesSampledData", ",".join(["Voltage"] * 11), "Rejected"),
        ("LocalAuthListEnabled", "false", "Accepted"),
        ("LocalAuthListMaxLength", "9", "Rejected"),
        ("SecurityProfile", "1", "Rejected"),
        ("SecurityProfile", "0", "Rejected"),
        ("AdditionalRootCertificateCheck", "true", "NotSupported"),
        ("Nonsense", "1", "NotSupported"),
    ],
)
def test_changes(key, value, expected):
    stage = Stage()
    before = get(stage, key)
    assert change(stage, key, value) == expected
    name = KEYS_BY_NAME[key].name if key in KEYS_BY_NAME else key
    assert get(stage, key) == ({name: value} if expected == "Accepted" else before)
    stage.check()


def test_a_change_survives_power_loss():
    stage = Stage()
    change(stage, "ConnectionTimeOut", "77")
    stage.cp.cut_power()
    stage.cp.power_on()
    stage.clock.run_for()
    assert get(stage, "ConnectionTimeOut") == {"ConnectionTimeOut": "77"}


def test_a_fixed_cable_cannot_be_unlocked():
    stage = Stage(model="ac11")
    assert change(stage, "UnlockConnectorOnEVSideDisconnect", "true") == "Rejected"
    assert get(stage, "UnlockConnectorOnEVSideDisconnect") == {"UnlockConnectorOnEVSideDisconnect": "false"}


def test_a_new_password_is_never_told_and_used_from_the_next_connection_on():
    stage = Stage()
    key = "0123456789ABCDEF0123456789ABCDEF"
    assert change(stage, "AuthorizationKey", key) == "Accepted"
    stage.clock.run_for(30)
    assert stage.cp.tally.connections == 2
    assert get(stage, "AuthorizationKey") == {}
    assert change(stage, "AuthorizationKey", "short") == "Rejected"
