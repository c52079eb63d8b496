"""Asking: vetoes by what is known, and many at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from csms.domain import commands
from csms.domain.errors import Reason, Refused
from csms.eventlog.models import Event
from csms.outbox import request
from csms.outbox.models import Command
from tests import factories
from tests.csms.api import rows

pytestmark = pytest.mark.django_db

READ = commands.ReadSettings()


@pytest.fixture
def identity():
    return factories.charge_point(identity="CP1").identity


def refused(identity, command, **options):
    """The reason and the detail of a refusal; nothing was written."""
    before = Event.objects.count()
    with pytest.raises(Refused) as refusal:
        request.request(identity, command, actor="ada", **options)
    assert Event.objects.count() == before
    return refusal.value.reason, refusal.value.detail


def test_it_is_recorded_with_everything_that_was_said(identity):
    expires_at = timezone.now() + timedelta(minutes=5)
    asked = request.request(identity, READ, actor="ada", reason="why", expires_at=expires_at)
    assert asked.is_new
    row = Command.objects.get()
    assert (row.command_id, row.charge_point, row.kind) == (asked.command_id, "CP1", "ReadSettings")
    assert (row.parameters, row.actor, row.reason) == ({"keys": []}, "ada", "why")
    assert (row.state, row.expires_at, row.attempts) == ("requested", expires_at, 0)
    event = Event.objects.get()
    assert (event.type, event.stream, event.actor) == ("command.requested", "CP1", "ada")
    assert row.position == event.position


def test_strangers_and_archived_charge_points_are_asked_nothing(identity):
    rows.state("STRANGER")
    factories.charge_point(identity="OLD", archived_at=rows.AT)
    for unknown in ("NOBODY", "STRANGER", "OLD"):
        assert refused(unknown, READ) == (Reason.UNKNOWN_CHARGE_POINT, unknown)


def test_a_connector_has_to_be_one_that_was_reported(identity):
    start = commands.RemoteStart(id_token="A", evse=3)
    assert request.request(identity, start, actor="ada").is_new  # nothing is known of connectors yet
    for evse in (0, 1, 2):
        rows.connector(identity, evse)
    assert refused(identity, start) == (Reason.UNKNOWN_CONNECTOR, "evse 3: CP1 has 1, 2")
    for known in (commands.RemoteStart(id_token="A", evse=2), commands.RemoteStart(id_token="A")):
        assert request.request(identity, known, actor="ada").is_new
    assert request.request(identity, commands.SetAvailability(evse=0), actor="ada").is_new
    assert refused(identity, commands.SetAvailability(evse=3))[0] == Reason.UNKNOWN_CONNECTOR


def test_a_transaction_has_to_run_at_this_very_charge_point(identity):
    rows.transaction(identity, 1)
    rows.transaction(identity, 2, state="ended")
    rows.transaction(identity, 3, state="presumed ended")
    rows.transaction("CP2", 4)

    def stop(transaction_id):
        return commands.RemoteStop(transaction_id=transaction_id)

    assert request.request(identity, stop("1"), actor="ada").is_new
    assert request.request(identity, stop("3"), actor="ada").is_new  # the charge point knows better than we
    assert refused(identity, stop("2")) == (Reason.TRANSACTION_NOT_RUNNING, "transaction 2 at CP1")
    assert refused(identity, stop("4")) == (Reason.UNKNOWN_TRANSACTION, "transaction 4 at CP1")


def test_secrets_do_not_enter_the_log(identity):
    secret = commands.ChangeSetting(key="authorizationKEY", value="0123456789abcdef")
    assert refused(identity, secret) == (Reason.SECRET_SETTING, "authorizationKEY")


@pytest.mark.parametrize(
    ("command", "member"),
    [
        (commands.FetchDiagnostics(location="ftp://ada:secret@logs.example/up"), "location"),
        (commands.FetchDiagnostics(location="HTTPS://ada@logs.example"), "location"),
        (commands.ChangeSetting(key="LogServer", value="ftp://ada:secret@logs.example"), "value"),
        (commands.SendData(vendor_id="V", data='{"to": "ftp://a:b@h/"}'), "data"),
        (
            commands.AddCertificate(
                kind="CentralSystemRootCertificate", certificate="-----BEGIN RSA PRIVATE KEY-----\nMII"
            ),
            "certificate",
        ),
        (
            commands.UpdateLocalList(version=1, entries=({"idTag": "A", "x": ["ftp://a:b@h"]},)),
            "entries",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_credentials_do_not_enter_the_log(identity, command, member):
    reason, detail = refused(identity, command)
    assert reason is Reason.SECRET
    assert detail.startswith(f"{member}: ")
    assert "secret" not in detail


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ('{"key": " authorizationKey", "value": "secret"}', Reason.SECRET_SETTING),
        ('{"Key": "AuthorizationKey", "key": "Other", "value": "secret"}', Reason.SECRET_SETTING),
        ('[{"a": {"value": "secret", "key": "AuthorizationKey"}}]', Reason.SECRET_SETTING),
        ('{"location": "ftp:\\/\\/ada:secret@h"}', Reason.SECRET),
        ('{"location": "ftp://ada:secret@h", "location": ""}', Reason.SECRET),
    ],
)
def test_a_raw_call_carries_no_secret(identity, payload, reason):
    found, detail = refused(identity, commands.raw_call("Frobnicate", payload))
    assert found is reason
    assert "secret" not in detail


def test_a_raw_call_waits_for_a_charge_point_that_just_connects_and_no_longer(identity):
    before = timezone.now()
    call = commands.raw_call("GetConfiguration", '{"key": ["AuthorizationKey"]}')
    assert request.request(identity, call, actor="ada").is_new
    row = Command.objects.get()
    assert row.parameters == {"action": "GetConfiguration", "payload_json": '{"key": ["AuthorizationKey"]}'}
    assert timedelta(seconds=9) < row.expires_at - before < timedelta(seconds=60)
    assert refused("NOBODY", call)[0] is Reason.UNKNOWN_CHARGE_POINT


def test_as_given_nothing_speaks_against_a_command_but_that_there_is_no_charge_point(identity):
    rows.connector(identity, 1)
    for command in (commands.ReleaseCable(evse=99), commands.RemoteStop(transaction_id="9")):
        refused(identity, command)
        assert request.request(identity, command, actor="ada", as_given=True).is_new
        assert '"as_given":true' in Event.objects.latest("position").payload
        assert refused("NOBODY", command, as_given=True)[0] is Reason.UNKNOWN_CHARGE_POINT
    secret = commands.ChangeSetting(key="AuthorizationKey", value="x")
    assert refused(identity, secret, as_given=True)[0] is Reason.SECRET_SETTING
    assert refused(identity, commands.RemoteStop(transaction_id="A"), as_given=True)[0] is (
        Reason.INVALID_PARAMETERS
    )


def test_addresses_without_credentials_are_taken(identity):
    for location in ("https://logs.example/a@b", "ftp://[2001:db8::1]:2121/up?by=ada@example.org"):
        assert request.request(identity, commands.FetchDiagnostics(location=location), actor="ada").is_new


def test_what_is_out_of_order_is_not_reserved(identity):
    rows.connector(identity, 1)
    rows.connector(identity, 2, status="Faulted")

    def reserve(evse):
        return commands.ReserveConnector(
            reservation_id=1, id_token="A", until="2027-01-01T00:00:00Z", evse=evse
        )

    assert refused(identity, reserve(2)) == (Reason.CONNECTOR_OUT_OF_ORDER, "evse 2: Faulted")
    assert refused(identity, reserve(3))[0] is Reason.UNKNOWN_CONNECTOR
    for evse in (0, 1):
        assert request.request(identity, reserve(evse), actor="ada").is_new


def test_a_list_is_not_longer_than_the_charge_point_takes(identity):
    entries = tuple({"idTag": str(n), "idTagInfo": {"status": "Accepted"}} for n in range(3))
    update = commands.UpdateLocalList(version=1, entries=entries)
    assert request.request(identity, update, actor="ada").is_new  # nothing is known
    rows.setting(identity, "SendLocalListMaxLength", value="2")
    assert refused(identity, update) == (
        Reason.INVALID_PARAMETERS,
        "entries: 3, but CP1 takes 2 in one message",
    )
    shorter = commands.UpdateLocalList(version=1, entries=entries[:2])
    assert request.request(identity, shorter, actor="ada").is_new


def test_what_no_version_can_send_is_refused_now(identity):
    too_long = commands.RemoteStart(id_token="x" * 21)
    assert refused(identity, too_long)[0] == Reason.INVALID_PARAMETERS


def test_a_time_that_is_over_is_refused(identity):
    assert refused(identity, READ, expires_at=timezone.now())[0] == Reason.EXPIRED


def test_a_key_still_gives_its_command_when_that_has_expired_or_would_be_refused_by_now(identity):
    rows.transaction(identity, 1)
    stop = commands.RemoteStop(transaction_id="1")
    first = request.request(identity, stop, actor="ada", idempotency_key="k")
    rows.models.Transaction.objects.update(state="ended")
    again = request.request(identity, stop, actor="ada", idempotency_key="k")
    assert (again.command_id, again.is_new) == (first.command_id, False)
    assert request.request(identity, READ, actor="bob", idempotency_key="k").is_new


def test_many_are_asked_in_one_go(django_assert_max_num_queries):
    identities = [factories.charge_point().identity for _ in range(20)]
    wishes = [request.Wish(charge_point=identity, command=READ) for identity in identities * 2]
    with django_assert_max_num_queries(80):
        asked = request.request_all(wishes, actor="ada")
    assert [command.is_new for command in asked] == [True] * 40
    found = {row.command_id: row.charge_point for row in Command.objects.all()}
    assert [found[command.command_id] for command in asked] == identities * 2


def test_of_many_all_refusals_are_named_and_nothing_is_asked(identity):
    wishes = [
        request.Wish(charge_point=identity, command=READ),
        request.Wish(charge_point="NOBODY", command=READ),
        request.Wish(charge_point=identity, command=commands.RemoteStop(transaction_id="9")),
    ]
    with pytest.raises(request.WishesRefused) as refusal:
        request.request_all(wishes, actor="ada")
    assert {place: r.reason for place, r in refusal.value.refusals.items()} == {
        1: Reason.UNKNOWN_CHARGE_POINT,
        2: Reason.UNKNOWN_TRANSACTION,
    }
    assert not Event.objects.exists()


def test_nothing_to_ask_is_no_error():
    assert request.request_all([], actor="ada") == []


def test_what_was_taken_back_can_be_taken_back_again_but_what_is_unknown_cannot(identity):
    asked = request.request(identity, READ, actor="ada")
    for _ in range(2):
        request.cancel(identity, asked.command_id, actor="bob")
    assert Command.objects.get().state == "cancelled"
    assert list(Event.objects.values_list("type", "actor").order_by("position")) == [
        ("command.requested", "ada"),
        ("command.cancelled", "bob"),
    ]
    with pytest.raises(Refused) as refusal:
        request.cancel(identity, "nope", actor="ada")
    assert refusal.value.reason == Reason.UNKNOWN_COMMAND
