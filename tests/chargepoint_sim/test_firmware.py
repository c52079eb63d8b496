"""New firmware, unsigned and signed (1.6 5.19, 4.5; security extension L01)."""

from datetime import UTC, datetime

import pytest

from tests.chargepoint_sim import pki
from tests.chargepoint_sim.stage import Stage

URL = "http://files.example/fw-7.1.3.bin"
IMAGE = b"some firmware"


def at(stage, seconds):
    return datetime.fromtimestamp(stage.clock.now + seconds, UTC).isoformat().replace("+00:00", "Z")


def prepared(image=IMAGE, **options):
    stage = Stage(**options)
    stage.central_system.files[URL] = image
    return stage


def update(stage, *, wait=0, **more):
    return stage.ask("UpdateFirmware", location=URL, retrieveDate=at(stage, wait), **more)


def update_signed(stage, *, request=5, wait=0, kind="ec", signature=None, pem=None, image=IMAGE, **more):
    own, private = pki.certificate("Maker", kind=kind)
    firmware = {
        "location": URL,
        "retrieveDateTime": at(stage, wait),
        "signingCertificate": own if pem is None else pem,
        "signature": pki.sign(private, image) if signature is None else signature,
    }
    if "install" in more:
        firmware["installDateTime"] = at(stage, more.pop("install"))
    answer = stage.ask("SignedUpdateFirmware", requestId=request, firmware=firmware, **more)
    return answer if isinstance(answer, str) else answer["status"]


def told(stage):
    return [p["status"] for p in stage.of("FirmwareStatusNotification")]


def told_signed(stage):
    return [(p["status"], p.get("requestId")) for p in stage.of("SignedFirmwareStatusNotification")]


def events(stage):
    return [p["type"] for p in stage.of("SecurityEventNotification")]


def test_an_update_from_download_to_the_boot_with_the_new_version():
    stage = prepared()
    assert update(stage) == {}
    assert told(stage) == ["Downloading"]
    stage.clock.run_for(10)
    assert told(stage) == ["Downloading", "Downloaded", "Installing"]
    assert [stage.statuses(n)[-1] for n in (1, 2)] == ["Unavailable"] * 2
    stage.clock.run_for(60)
    assert told(stage) == ["Downloading", "Downloaded", "Installing", "Installed"]
    assert [p["firmwareVersion"] for p in stage.of("BootNotification")] == ["7.1.3"]
    actions = stage.actions()
    assert actions.index("BootNotification") < len(actions) - 1 - actions[::-1].index(
        "FirmwareStatusNotification"
    )
    assert [stage.statuses(n)[-1] for n in (1, 2)] == ["Available"] * 2
    assert events(stage) == ["ResetOrReboot", "FirmwareUpdated"]
    stage.cp.cut_power()
    stage.cp.power_on()
    stage.clock.run_for()
    assert stage.of("BootNotification")[-1]["firmwareVersion"] == "7.1.3"
    assert told(stage)[4:] == []
    stage.check()


def test_transactions_are_waited_for_and_nobody_else_may_begin():
    stage = prepared()
    stage.charge("A", 1)
    update(stage)
    stage.clock.run_for(100)
    assert told(stage) == ["Downloading", "Downloaded"]
    assert (stage.cp.status(1), stage.cp.status(2)) == ("Charging", "Unavailable")
    stage.charge("B", 2)
    assert stage.ask("RemoteStartTransaction", idTag="B", connectorId=2) == {"status": "Rejected"}
    stage.present("A")
    stage.clock.run_for(60)
    assert told(stage)[2:] == ["Installing", "Installed"]
    assert len(stage.of("StartTransaction")) == 1
    stage.check()


def test_the_retrieve_date_is_waited_for_also_through_a_power_cut():
    stage = prepared()
    update(stage, wait=3600)
    stage.clock.run_for(1800)
    assert told(stage) == []
    stage.cp.cut_power()
    stage.cp.power_on()
    stage.clock.run_for(1799)
    assert told(stage) == []
    stage.clock.run_for(60)
    assert told(stage) == ["Downloading", "Downloaded", "Installing", "Installed"]


@pytest.mark.parametrize("phase", ["downloading", "installing"])
def test_a_power_cut_takes_back_only_what_was_under_way(phase):
    stage = prepared()
    update(stage)
    stage.clock.run_for(5 if phase == "downloading" else 15)
    stage.cp.cut_power()
    stage.clock.run_for(100)
    stage.forget()
    stage.cp.power_on()
    stage.clock.run_for(100)
    assert told(stage)[-1] == "Installed"
    assert ("Downloaded" in told(stage)) is (phase == "downloading")
    assert stage.cp.state.firmware_version == "7.1.3"
    stage.check()


@pytest.mark.parametrize(("retries", "pauses"), [(0, 0), (2, 2)])
def test_a_download_that_fails_is_tried_again(retries, pauses):
    stage = prepared("connection refused")
    update(stage, retries=retries, retryInterval=60)
    stage.clock.run_for(10 + pauses * 70 - 1)
    assert told(stage) == ["Downloading"]
    stage.clock.run_for(2)
    assert told(stage) == ["Downloading", "DownloadFailed"]
    assert stage.cp.status(1) == "Available"


def test_a_second_attempt_may_succeed():
    stage = prepared("not yet")
    update(stage, retries=1, retryInterval=60)
    stage.clock.run_for(30)
    stage.central_system.files[URL] = b"version: 9.9"
    stage.clock.run_for(200)
    assert told(stage) == ["Downloading", "Downloaded", "Installing", "Installed"]
    assert stage.cp.state.firmware_version == "9.9"


def test_an_image_that_does_not_install_leaves_the_old_one():
    stage = prepared(b"BROKEN")
    update(stage)
    stage.clock.run_for(100)
    assert told(stage) == ["Downloading", "Downloaded", "Installing", "InstallationFailed"]
    assert not stage.of("BootNotification")
    assert stage.cp.status(1) == "Available"


def test_a_new_request_replaces_the_one_under_way():
    stage = prepared("gone")
    update(stage, retries=5, retryInterval=5)
    stage.clock.run_for(3)
    stage.central_system.files[URL] = b"version 2.0"
    update(stage)
    stage.clock.run_for(100)
    assert told(stage) == ["Downloading", "Downloading", "Downloaded", "Installing", "Installed"]


def test_who_was_away_hears_the_latest_status():
    stage = prepared(b"BROKEN")
    update(stage)
    stage.go_offline()
    stage.clock.run_for(100)
    stage.forget()
    stage.go_online()
    assert told(stage) == ["InstallationFailed"]
    stage.go_offline()
    stage.go_online()
    assert told(stage) == ["InstallationFailed"], "once is enough"


def test_triggers():
    stage = prepared()

    def trigger(kind="TriggerMessage"):
        stage.forget()
        assert stage.ask(kind, requestedMessage="FirmwareStatusNotification") == {"status": "Accepted"}
        return told(stage) or told_signed(stage)

    assert trigger() == ["Idle"]
    assert trigger("ExtendedTriggerMessage") == [("Idle", None)]
    update(stage)
    assert trigger() == ["Downloading"]
    assert trigger("ExtendedTriggerMessage") == [("Idle", None)]
    stage.clock.run_for(100)
    assert trigger() == ["Idle"]
    update_signed(stage, signature="AAAA")
    assert trigger("ExtendedTriggerMessage") == [("Downloading", 5)]
    stage.clock.run_for(100)
    assert trigger("ExtendedTriggerMessage") == [("InvalidSignature", 5)]
    assert trigger() == ["Idle"]
    stage.check()


# Signed


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_signed_update(kind):
    stage = prepared()
    assert update_signed(stage, kind=kind) == "Accepted"
    stage.clock.run_for(100)
    assert told_signed(stage) == [
        (status, 5)
        for status in (
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "Installing",
            "InstallRebooting",
            "Installed",
        )
    ]
    assert stage.of("BootNotification")[-1]["firmwareVersion"] == "7.1.3"
    assert not stage.of("FirmwareStatusNotification")
    stage.check()


def test_a_signed_update_at_its_hour():
    stage = prepared()
    update_signed(stage, wait=100, install=1000)
    stage.clock.run_for(200)
    assert [status for status, _ in told_signed(stage)] == [
        "DownloadScheduled",
        "Downloading",
        "Downloaded",
        "SignatureVerified",
        "InstallScheduled",
    ]
    stage.charge()
    assert stage.cp.status(1) == "Charging", "in use until then"
    stage.clock.run_for(900)
    assert stage.cp.status(2) == "Unavailable"
    stage.present()
    stage.clock.run_for(100)
    assert told_signed(stage)[-1] == ("Installed", 5)


@pytest.mark.parametrize("wrong", ["signature", "image", "nonsense"])
def test_a_wrong_signature(wrong):
    stage = prepared(b"another image" if wrong == "image" else IMAGE)
    _, private = pki.certificate("Maker")
    signature = {"signature": pki.sign(private, b"something else"), "image": None, "nonsense": "%%%"}[wrong]
    assert update_signed(stage, signature=signature) == "Accepted"
    stage.clock.run_for(100)
    assert told_signed(stage)[-1] == ("InvalidSignature", 5)
    assert events(stage) == ["InvalidFirmwareSignature"]
    assert stage.cp.state.firmware_version == ""
    stage.check()


@pytest.mark.parametrize("wrong", ["nonsense", "expired", "to come", "cut"])
def test_a_wrong_certificate_is_refused_at_once(wrong):
    stage = prepared()
    pem = {
        "nonsense": "nonsense",
        "expired": pki.certificate(lasts=pki.YEAR / 2)[0],
        "to come": pki.certificate(begin=datetime(2027, 1, 1, tzinfo=UTC))[0],
        "cut": pki.certificate()[0][:300] + "\n-----END CERTIFICATE-----\n",
    }[wrong]
    assert update_signed(stage, pem=pem) == "InvalidCertificate"
    assert told_signed(stage) == []
    assert events(stage) == ["InvalidFirmwareSigningCertificate"]
    stage.check()


@pytest.mark.parametrize(
    ("issuer", "last"), [("Manufacturer", "Installed"), ("Stranger", "InvalidSignature")]
)
def test_the_certificate_must_come_from_an_installed_root(issuer, last):
    stage = prepared()
    root, _ = pki.certificate("Manufacturer")
    kind = "ManufacturerRootCertificate"
    assert stage.ask("InstallCertificate", certificateType=kind, certificate=root) == {"status": "Accepted"}
    _, issuer_key = pki.certificate(issuer)
    pem, private = pki.certificate("Maker", signer=(issuer, issuer_key))
    update_signed(stage, pem=pem, signature=pki.sign(private, IMAGE))
    stage.clock.run_for(100)
    assert told_signed(stage)[-1] == (last, 5)


def test_a_signed_update_replaces_another():
    stage = prepared()
    update_signed(stage, request=1)
    assert update_signed(stage, request=2) == "AcceptedCanceled"
    stage.clock.run_for(100)
    assert [number for _, number in told_signed(stage)] == [1, 2, 2, 2, 2, 2, 2]
    assert update_signed(stage, request=3) == "Accepted", "the one before is over"


def test_a_product_without_these_profiles():
    stage = Stage(model="grumpy")
    assert update(stage) == "NotSupported"
    pem, _ = pki.certificate()
    firmware = {
        "location": URL,
        "retrieveDateTime": at(stage, 0),
        "signingCertificate": pem,
        "signature": "AA==",
    }
    assert stage.ask("SignedUpdateFirmware", requestId=1, firmware=firmware) == "NotSupported"
    assert stage.ask("ExtendedTriggerMessage", requestedMessage="Heartbeat") == "NotSupported"
