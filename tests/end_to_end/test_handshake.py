"""The WebSocket handshake: who is let in, and how the others are told (errors.md 5)."""

import json
import socket

import pytest
from websockets.exceptions import InvalidStatus

from csms.charging import passwords
from csms.charging.models import ChargePointState
from tests import factories
from tests.end_to_end.conftest import until
from tests.end_to_end.wire import ChargePoint, basic, handshake, opening, unlike_any_other

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def identity(sqlite_site):
    return factories.charge_point(identity=unlike_any_other()).identity


# --- the subprotocol -----------------------------------------------------------------------------------


def test_the_subprotocol_is_confirmed(sqlite_site, identity):
    status, headers = handshake(sqlite_site.server.url, f"/ocpp/{identity}")
    assert status == 101
    assert headers["sec-websocket-protocol"] == "ocpp1.6"


@pytest.mark.parametrize("offered", ["ocpp2.0.1, ocpp1.6", "ocpp1.6,ocpp1.5,ocpp1.2", "soap,ocpp1.6"])
def test_of_several_subprotocols_the_first_that_we_speak_is_chosen(sqlite_site, identity, offered):
    status, headers = handshake(sqlite_site.server.url, f"/ocpp/{identity}", subprotocol=offered)
    assert status == 101
    assert headers["sec-websocket-protocol"] == "ocpp1.6"


@pytest.mark.parametrize("offered", [None, "ocpp2.0.1", "OCPP1.6", "ocpp1.6j, mqtt"])
def test_without_a_common_subprotocol_the_handshake_ends_without_one_and_the_socket_closes(
    sqlite_site, identity, offered
):
    with opening(sqlite_site.server.url, f"/ocpp/{identity}", subprotocol=offered) as (status, headers, raw):
        assert status == 101
        assert "sec-websocket-protocol" not in headers
        frame = raw.recv(4)
        assert frame[0] == 0x88  # a close frame
        assert int.from_bytes(frame[2:4], "big") == 1002
    assert sqlite_site.events(identity, "call.received", "connection.opened") == []


# --- the identity --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "meant"),
    [
        ("RDAM%20123", "RDAM 123"),
        ("RDAM%7C123", "RDAM|123"),
        ("RDAM|123", "RDAM|123"),
        ("a%2Fb", "a/b"),
        ("S%C3%A4ule-%E5%85%85", "Säule-充"),
        ("100%25", "100%"),
        ("a%252Fb", "a%2Fb"),
        ("%2E%2E%2Fadmin", "../admin"),
        ("a+b", "a+b"),
        ("*-_=:@.", "*-_=:@."),
        ("x" * 255, "x" * 255),
        ("%F0%9F%94%8C", "\N{ELECTRIC PLUG}"),
    ],
)
def test_an_identity_is_decoded_exactly_once(sqlite_site, element, meant):
    before = len(sqlite_site.events(meant, "connection.opened"))
    with opening(sqlite_site.server.url, f"/ocpp/{element}") as (status, _, _raw):
        assert status == 101
        assert len(sqlite_site.events(meant, "connection.opened")) == before + 1


@pytest.mark.parametrize(
    "target",
    [
        "/ocpp/",
        "/ocpp",
        "/",
        "/ocpp/.",
        "/ocpp/..",
        "/ocpp/%20",
        "/ocpp/a/b",
        "/ocpp/../admin/",
        "//ocpp/x",
        "/ocpp//x",
        "/OCPP/x",
        "/ocpp/a%00b",
        "/ocpp/a%0Ab",
        "/ocpp/a%1Bb",
        "/ocpp/a%7Fb",
        "/ocpp/a%C2%85b",  # a control character beyond ASCII
        "/ocpp/%E2%80%AE",  # a mark that turns the text around
        "/ocpp/%FF%FE",
        "/ocpp/%C3",
        "/ocpp/" + "x" * 256,
        "/ocpp/" + "%C3%A4" * 256,
        "/elsewhere/x",
    ],
)
def test_an_identity_that_is_none_gets_404(sqlite_site, target):
    assert handshake(sqlite_site.server.url, target)[0] == 404


@pytest.mark.parametrize("target", [b"/ocpp/\xc3\xa4", b"/ocpp/%zz%", b"/ocpp/" + b"x" * 20_000])
def test_a_request_target_that_is_no_url_is_refused_and_harms_nobody(sqlite_site, identity, target):
    try:
        status = handshake(sqlite_site.server.url, target)[0]
    except (ConnectionError, IndexError):
        status = 400  # hung up on
    assert status in (400, 404, 414, 101)
    assert handshake(sqlite_site.server.url, f"/ocpp/{identity}")[0] == 101


def test_a_query_string_is_no_part_of_the_identity(sqlite_site, identity):
    with opening(sqlite_site.server.url, f"/ocpp/{identity}?version=1.6") as (status, _, _raw):
        assert status == 101
        assert len(sqlite_site.events(identity, "connection.opened")) == 1


def test_identities_distinguish_upper_and_lower_case(own_site):
    site = own_site(unknown_charge_points="refuse")
    factories.charge_point(identity="Säule-a")
    assert handshake(site.server.url, "/ocpp/S%C3%A4ule-a")[0] == 101
    assert handshake(site.server.url, "/ocpp/S%C3%A4ule-A")[0] == 404


def test_a_charge_point_out_of_service_is_refused_like_an_unknown_one(sqlite_site):
    archived = factories.charge_point(identity=unlike_any_other(), archived_at="2024-01-01T00:00Z")
    assert handshake(sqlite_site.server.url, f"/ocpp/{archived.identity}")[0] == 404


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1", "[::1]", "", "a b"])
def test_the_host_header_does_not_matter(sqlite_site, identity, host):
    """Tolerance 2: it may lack its port."""
    assert handshake(sqlite_site.server.url, f"/ocpp/{identity}", host=host)[0] == 101


@pytest.mark.parametrize("header", ["Origin: http://evil.example", "X-Odd_Header: x", "X-Odd: \xff"])
def test_headers_of_browsers_and_of_odd_clients_do_not_matter(sqlite_site, identity, header):
    """Tolerance 2: charge points send no Origin, so none is checked."""
    assert handshake(sqlite_site.server.url, f"/ocpp/{identity}", header.encode("latin1"))[0] == 101


# --- Basic authentication ------------------------------------------------------------------------------

HEX_KEY = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
VECTOR = "Authorization: Basic QUwxMDAwOgABAgMEBQYH////////////////"
VECTOR_AS_TEXT = "Authorization: Basic QUwxMDAwOjAwMDEwMjAzMDQwNTA2MDdGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkY="


def with_password(password: bytes, identity: str | None = None) -> str:
    return factories.charge_point(
        identity=identity or unlike_any_other(),
        security_profile=1,
        password_digest=passwords.digest(password),
    ).identity


@pytest.fixture
def secret_key(settings):
    settings.SECRET_KEY = "only-for-tests"  # that of the server process: digests are keyed with it


@pytest.mark.usefixtures("secret_key")
@pytest.mark.parametrize("header", [VECTOR, VECTOR_AS_TEXT], ids=["raw bytes", "hex text"])
def test_vectors_of_the_whitepaper_are_let_in(own_site, header):
    site = own_site()
    with_password(HEX_KEY.encode(), "AL1000")
    assert handshake(site.server.url, "/ocpp/AL1000", header)[0] == 101


@pytest.mark.usefixtures("secret_key")
@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (HEX_KEY.encode(), HEX_KEY.encode()),
        (HEX_KEY.encode(), HEX_KEY.lower().encode()),
        (HEX_KEY.encode(), bytes.fromhex(HEX_KEY)),
        (HEX_KEY[:32].encode(), bytes.fromhex(HEX_KEY[:32])),
        (b"correct horse battery", b"correct horse battery"),
        (b"with:colon:inside", b"with:colon:inside"),
        ("pässwörd".encode(), "pässwörd".encode()),
        (b"\xff\x00\xfe:\x80", b"\xff\x00\xfe:\x80"),
    ],
    ids=["hex", "hex, lower case", "raw bytes", "16 bytes", "plain", "colons", "unicode", "not UTF-8"],
)
def test_a_password_is_taken_in_every_form_that_charge_points_send(sqlite_site, stored, sent):
    identity = with_password(stored)
    with sqlite_site.connect(identity, password=sent) as charge_point:
        assert charge_point.boot()["status"] == "Accepted"


@pytest.mark.usefixtures("secret_key")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Bearer abc"},
        {"Authorization": "Basic bm9jb2xvbg=="},
        {"Authorization": "Basic /////w=="},
        "wrong",
        "",
        HEX_KEY + "00",
        HEX_KEY[:-2],
    ],
    ids=[
        "none",
        "empty",
        "no base64",
        "other scheme",
        "no colon",
        "user not UTF-8",
        "wrong",
        "empty password",
        "longer",
        "shorter",
    ],
)
def test_wrong_credentials_get_401_and_a_challenge(sqlite_site, headers):
    identity = with_password(HEX_KEY.encode())
    if isinstance(headers, str):
        headers = basic(identity, headers)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    status, answered = handshake(sqlite_site.server.url, f"/ocpp/{identity}", *lines)
    assert status == 401
    assert answered["www-authenticate"].startswith("Basic realm=")
    assert sqlite_site.events(identity, "connection.opened") == []


@pytest.mark.usefixtures("secret_key")
def test_who_is_refused_is_in_the_log(own_site):
    site = own_site()
    identity = with_password(HEX_KEY.encode())
    for target in (f"/ocpp/{identity}", "/ocpp/no/identity"):
        handshake(site.server.url, target)
    [refused] = until(lambda: site.events(identity), what="the refusal")
    assert refused.type == "connection.refused"
    body = json.loads(refused.payload)
    assert (body["status"], body["reason"]) == (401, "credentials are needed")
    [nameless] = until(lambda: site.events("?"), what="the one without identity")
    assert json.loads(nameless.payload)["path"] == "/ocpp/no/identity"


def test_who_knocks_without_end_does_not_fill_the_log(own_site):
    site = own_site()
    for _ in range(130):
        assert handshake(site.server.url, "/ocpp/no/identity")[0] == 404
    until(lambda: len(site.events("?")) >= 100, what="the first hundred")
    assert len(site.events("?")) < 125


@pytest.mark.usefixtures("secret_key")
def test_the_password_of_one_charge_point_opens_no_other(sqlite_site):
    one, other = with_password(b"the password of one"), with_password(b"the password of other")
    with pytest.raises(InvalidStatus) as refused:
        ChargePoint(sqlite_site.server.ocpp_url(), other, headers=basic(one, b"the password of one"))
    assert refused.value.response.status_code == 401


@pytest.mark.usefixtures("secret_key")
def test_the_user_name_is_mere_decoration_when_the_password_is_right(sqlite_site):
    """Tolerance 2: the user is usually, but not always, the identity; the secret belongs to the identity."""
    identity = with_password(b"a password that is right")
    headers = basic("somebody", b"a password that is right")
    with ChargePoint(sqlite_site.server.ocpp_url(), identity, headers=headers) as charge_point:
        assert charge_point.boot()["status"] == "Accepted"


@pytest.mark.usefixtures("secret_key")
def test_credentials_of_an_open_charge_point_do_not_matter(sqlite_site, identity):
    with sqlite_site.connect(identity, password="anything") as charge_point:
        assert charge_point.boot()["status"] == "Accepted"


@pytest.mark.usefixtures("secret_key")
def test_guessing_is_slowed_down_and_the_next_charge_point_does_not_notice(sqlite_site):
    guessed, other = with_password(b"not to be guessed"), with_password(b"another one here")
    wrong = "Authorization: " + basic(guessed, "wrong")["Authorization"]
    statuses = [handshake(sqlite_site.server.url, f"/ocpp/{guessed}", wrong)[0] for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    with sqlite_site.connect(other, password=b"another one here") as charge_point:
        assert charge_point.boot()["status"] == "Accepted"


# --- strangers -----------------------------------------------------------------------------------------


def test_a_stranger_is_pending_in_the_lobby_and_everything_it_says_is_kept(site):
    stranger = unlike_any_other("STRANGER")
    with site.connect(stranger) as charge_point:
        answer = charge_point.boot()
        assert answer["status"] == "Pending"
        assert answer["interval"] == 60
        for action, payload in [
            ("Heartbeat", {}),
            ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}),
            ("Authorize", {"idTag": "TAG"}),
            (
                "StartTransaction",
                {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "2024-01-01T00:00:00Z"},
            ),
        ]:
            assert charge_point.refusal(action, payload) == "SecurityError"
        assert charge_point.boot()["status"] == "Pending"
    calls = [event.action for event in site.events(stranger, "call.received")]
    assert calls == [
        "BootNotification",
        "Heartbeat",
        "StatusNotification",
        "Authorize",
        "StartTransaction",
        "BootNotification",
    ]
    assert len(site.events(stranger, "call.refused")) == 4
    assert ChargePointState.objects.get(charge_point=stranger).vendor == "Vendor"


def test_a_stranger_that_is_adopted_is_accepted_when_it_boots_again(site):
    stranger = unlike_any_other("STRANGER")
    with site.connect(stranger) as charge_point:
        assert charge_point.boot()["status"] == "Pending"
    factories.charge_point(identity=stranger)
    with site.connect(stranger) as charge_point:
        assert charge_point.boot()["status"] == "Accepted"
        assert "currentTime" in charge_point.result("Heartbeat")


def test_the_lobby_is_bounded(own_site):
    site = own_site(lobby_size=3)
    for number in range(3):
        with site.connect(f"STRANGER-{number}"):
            pass
    assert handshake(site.server.url, "/ocpp/STRANGER-3")[0] == 404
    assert handshake(site.server.url, "/ocpp/STRANGER-2")[0] == 101  # it has its place already
    factories.charge_point(identity="KNOWN")
    assert handshake(site.server.url, "/ocpp/KNOWN")[0] == 101


@pytest.mark.parametrize("registration", ["Pending", "Rejected"])
def test_a_known_charge_point_that_is_not_accepted_gets_security_errors(sqlite_site, registration):
    identity = factories.charge_point(identity=unlike_any_other(), registration=registration).identity
    with sqlite_site.connect(identity) as charge_point:
        assert charge_point.boot()["status"] == registration
        assert charge_point.refusal("Heartbeat") == "SecurityError"


def test_the_registration_outlives_a_reconnect_without_a_boot(sqlite_site, identity):
    """Tolerance 3 and mistake 14."""
    with sqlite_site.connect(identity) as charge_point:
        charge_point.boot()
    with sqlite_site.connect(identity) as charge_point:
        assert "currentTime" in charge_point.result("Heartbeat")


def test_a_client_that_never_ends_its_handshake_holds_up_nobody(sqlite_site, identity):
    with socket.create_connection(("127.0.0.1", sqlite_site.server.port)) as slow:
        slow.sendall(b"GET /ocpp/slow HTTP/1.1\r\nHost: x\r\n")
        with sqlite_site.connect(identity) as charge_point:
            assert charge_point.boot()["status"] == "Accepted"


@pytest.mark.parametrize("header", ["Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: x"])
def test_a_handshake_that_is_none_is_refused_without_noise(sqlite_site, identity, header):
    assert handshake(sqlite_site.server.url, f"/ocpp/{identity}", header)[0] == 400
    assert handshake(sqlite_site.server.url, f"/ocpp/{identity}")[0] == 101
