"""The charge point's own certificate (security extension A02, A03), and what it is for."""

import ssl

import pytest

from chargepoint_sim import ChargePoint
from chargepoint_sim.v16.state import StationCertificate
from tests.chargepoint_sim import pki
from tests.chargepoint_sim.server import server
from tests.chargepoint_sim.stage import Stage

AUTHORITY = "Authority"


def signer():
    return AUTHORITY, pki.certificate(AUTHORITY)[1]


def named(**options):
    return Stage(settings={"CpoName": "Operator"}, **options)


def ask(stage):
    status = stage.ask("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")["status"]
    stage.clock.run_for()
    return status


def hand_over(stage, chain):
    return stage.ask("CertificateSigned", certificateChain=chain)["status"]


def events(stage):
    return [p["type"] for p in stage.of("SecurityEventNotification")]


def test_asked_for_signed_and_kept():
    stage = named()
    assert ask(stage) == "Accepted"
    csr = stage.of("SignCertificate")[0]["csr"]
    serial = stage.cp.sent("BootNotification")[0]["chargePointSerialNumber"]
    assert pki.subject_of(csr) == f"CN={serial},O=Operator"
    chain = pki.answer(csr, signer()) + pki.certificate(AUTHORITY)[0]
    assert hand_over(stage, chain) == "Accepted"
    assert hand_over(stage, chain) == "Rejected", "nothing is asked for any more"
    stage.cp.cut_power()
    stage.cp.power_on()
    assert stage.cp.state.station_certificate.chain == chain
    stage.check()


def test_not_without_the_name_of_the_operator():
    stage = Stage()
    assert ask(stage) == "Rejected"
    assert stage.ask("ChangeConfiguration", key="CpoName", value="Us") == {"status": "Accepted"}
    assert ask(stage) == "Accepted"


@pytest.mark.parametrize("wrong", ["nonsense", "expired", "another key", "too long"])
def test_a_certificate_that_is_not_ours(wrong):
    stage = named()
    ask(stage)
    csr = stage.of("SignCertificate")[0]["csr"]
    chain = {
        "nonsense": "nonsense",
        "expired": pki.answer(csr, signer(), lasts=pki.YEAR / 2),
        "another key": pki.certificate("Other")[0],
        "too long": pki.answer(csr, signer()),
    }[wrong]
    if wrong == "too long":
        stage.cp.state.configuration["CertificateSignedMaxChainSize"] = "100"
    assert hand_over(stage, chain) == "Rejected"
    assert events(stage) == ["InvalidChargePointCertificate"]
    assert stage.cp.state.station_certificate is None
    stage.check()


def test_a_request_that_the_central_system_refuses_is_over():
    stage = named()
    stage.central_system.answers["SignCertificate"] = {"status": "Rejected"}
    ask(stage)
    csr = stage.of("SignCertificate")[0]["csr"]
    assert hand_over(stage, pki.answer(csr, signer())) == "Rejected"


def test_only_the_latest_request_counts():
    stage = named()
    ask(stage)
    ask(stage)
    first, second = (p["csr"] for p in stage.of("SignCertificate"))
    assert hand_over(stage, pki.answer(first, signer())) == "Rejected"
    assert hand_over(stage, pki.answer(second, signer())) == "Accepted"


@pytest.mark.parametrize(
    ("has", "profile", "expected"),
    [
        ("", 1, "Rejected"),
        ("key", 1, "Accepted"),
        ("key", 2, "Rejected"),
        ("root", 2, "Rejected"),
        ("key root", 2, "Accepted"),
        ("root", 3, "Rejected"),
        ("root own", 3, "Accepted"),
        ("own", 3, "Rejected"),
        ("key root own", 0, "Rejected"),
        ("key root own", 4, "Rejected"),
    ],
)
def test_what_a_security_profile_needs(has, profile, expected):
    stage = named()
    if "key" in has:
        stage.cp.state.configuration["AuthorizationKey"] = "00" * 16
    if "root" in has:
        stage.cp.state.certificates.append(["CentralSystemRootCertificate", pki.certificate(AUTHORITY)[0]])
    if "own" in has:
        stage.cp.state.station_certificate = StationCertificate(chain="", private_key="")
    answer = stage.ask("ChangeConfiguration", key="SecurityProfile", value=str(profile))
    assert answer == {"status": expected}
    if expected == "Accepted":
        assert not stage.cp.is_connected
        stage.go_online()
        assert stage.ask("GetConfiguration", key=["SecurityProfile"])["configurationKey"][0]["value"] == str(
            profile
        )
        lower = stage.ask("ChangeConfiguration", key="SecurityProfile", value=str(profile - 1))
        assert lower == {"status": "Rejected"}


def test_a_profile_with_which_nobody_is_reached_is_given_up():
    stage = named()
    stage.cp.state.configuration["AuthorizationKey"] = "00" * 16
    stage.central_system.is_reachable = False
    stage.ask("ChangeConfiguration", key="SecurityProfile", value="1")
    assert stage.cp.state.configuration["SecurityProfile"] == "1"
    stage.clock.run_for(60)
    assert stage.cp.state.configuration["SecurityProfile"] == "0"
    stage.go_online()
    stage.check()


def test_its_validity_counts_from_the_calendar_of_the_charge_point():
    stage = named()
    ask(stage)
    stage.cp.jump_clock(-2 * 365 * 86400)
    csr = stage.of("SignCertificate")[0]["csr"]
    assert hand_over(stage, pki.answer(csr, signer())) == "Rejected"


async def test_the_next_connection_is_made_with_it(tmp_path):
    """First over TLS with an installed root, then also with a certificate of its own."""
    root, key = pki.certificate(AUTHORITY)
    (tmp_path / "server.pem").write_text(pki.private_pem(key) + root)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem")
    tls.load_verify_locations(cadata=root)
    tls.verify_mode = ssl.CERT_OPTIONAL
    async with (
        server(tls=tls) as central_system,
        ChargePoint(central_system.url, "CP1", configuration={"CpoName": "Operator"}) as cp,
    ):
        with pytest.raises(TimeoutError, match="CERTIFICATE_VERIFY_FAILED"):
            await cp.wait_booted(within=0.5)
        cp.state.certificates.append(["CentralSystemRootCertificate", root])
        cp.feed_timer("reconnect")
        await cp.wait_booted()
        connection = central_system.connections[-1]
        assert connection.transport.get_extra_info("peercert") in ({}, None)
        request = {"requestedMessage": "SignChargePointCertificate"}
        await central_system.call("ExtendedTriggerMessage", request)
        await cp.wait_sent("SignCertificate")
        csr = cp.sent("SignCertificate")[0]["csr"]
        answer = await central_system.call(
            "CertificateSigned", {"certificateChain": pki.answer(csr, signer())}
        )
        assert answer == {"status": "Accepted"}
        tls.verify_mode = ssl.CERT_REQUIRED
        cp.drop_connection()
        await cp.wait_for(lambda: not cp.is_connected)
        cp.feed_timer("reconnect")
        await cp.wait_for(lambda: cp.is_connected)
        peer = central_system.connections[-1].transport.get_extra_info("peercert")
        assert ((("organizationName", "Operator"),)) in peer["subject"]


async def test_up_to_tls_and_back_when_that_fails(tmp_path):
    root, key = pki.certificate(AUTHORITY)
    (tmp_path / "server.pem").write_text(pki.private_pem(key) + root)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem")
    wanted = {"key": "SecurityProfile", "value": "2"}
    async with (
        server() as plain,
        server(tls=tls) as secure,
        ChargePoint(plain.url, "CP1", password="secret", secure_url=secure.url) as cp,
    ):
        await cp.wait_booted()
        stranger = pki.certificate("Stranger")[0]
        for number, pem in enumerate((stranger, root)):
            cp.state.certificates = [["CentralSystemRootCertificate", pem]]
            assert await plain.call("ChangeConfiguration", wanted) == {"status": "Accepted"}
            await cp.wait_for(lambda: not cp.is_connected)
            cp.feed_timer("reconnect")
            if number == 0:
                await cp.wait_for(lambda: cp.state.configuration["SecurityProfile"] == "1")
                cp.feed_timer("reconnect")
                await cp.wait_for(lambda: cp.is_connected)
        await cp.wait_for(lambda: cp.is_connected)
        assert len(plain.connections) == 2
        assert secure.logins == [b"CP1:secret"]
