"""What all lists have in common: filters, pages by cursor, a number of queries that does not grow."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.csms.api import rows

LISTS = {
    "/charge-points": lambda item: item["identity"],
    "/lobby": lambda item: item["identity"],
    "/connectors": lambda item: (item["charge_point"], item["evse"]),
    "/transactions": lambda item: item["transaction_id"],
    "/transactions/CP000/0/meter-values": lambda item: item["sampled_at"],
    "/settings": lambda item: item["charge_point"],
    "/commands": lambda item: item["id"],
    "/id-tokens": lambda item: item["id_token"],
    "/sites": lambda item: item["id"],
}
every_list = pytest.mark.parametrize("path", LISTS)


def read_all(api, path, limit, **query):
    """Every item of a list, page by page."""
    items, cursor = [], ""
    while cursor is not None:
        page = api.get(path, limit=limit, cursor=cursor, **query).json()
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
    return items


def ids(api, path, **query):
    return [LISTS[path](item) for item in read_all(api, path, 100, **query)]


@every_list
def test_the_number_of_queries_does_not_grow_with_the_number_of_rows(api, path):
    rows.populate(2)
    api.get(path)  # the use of the token is noted
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            found = api.get(path).json()["items"]
        counts.append((len(captured), len(found)))
        rows.populate(20, first=2 + 20 * len(counts))
    (few, few_rows), (many, many_rows) = counts
    assert many_rows > few_rows >= 2
    assert few == many <= 10


@every_list
@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_give_every_item_once_and_in_one_order(api, path, limit):
    rows.populate(7)
    whole = [LISTS[path](item) for item in api.get(path).json()["items"]]
    assert len(whole) in (7, 14, 21)
    assert len(set(whole)) == len(whole)
    assert [LISTS[path](item) for item in read_all(api, path, limit)] == whole


def test_a_page_is_not_moved_by_rows_that_come_in_front_of_it(api):
    for number in range(4):
        rows.transaction("CP", number)
    page = api.get("/transactions", limit=2).json()
    assert [item["transaction_id"] for item in page["items"]] == ["3", "2"]
    rows.transaction("CP", 9)
    page = api.get("/transactions", limit=2, cursor=page["next"]).json()
    assert [item["transaction_id"] for item in page["items"]] == ["1", "0"]
    assert page["next"] is None


def test_transactions_of_one_moment_are_divided_rightly(api):
    for number in range(5):
        rows.transaction("CP", number, started_at=rows.AT)
    assert [item["transaction_id"] for item in read_all(api, "/transactions", 2)] == ["4", "3", "2", "1", "0"]


@every_list
@pytest.mark.parametrize(
    "cursor", ["x", "!!", "eA", "W10", "WyJhIiwiYiIsImMiXQ", "W251bGxd", "WzFd" * 100, "W3siYSI6MX1d"]
)
def test_a_cursor_that_is_none_is_refused(api, path, cursor):
    rows.populate(1)
    answer = api.get(path, cursor=cursor)
    if answer.status_code != 200:  # a text may happen to be one of a list that is ordered by text
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["member"] == "cursor"


@every_list
@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "1e3", ""])
def test_a_limit_that_is_none_is_refused(api, path, limit):
    rows.populate(1)
    answer = api.get(path, limit=limit)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["member"] == "limit"


@every_list
def test_an_unknown_parameter_is_refused_not_ignored(api, path):
    rows.populate(1)
    answer = api.get(path, sitte="1")
    assert answer.status_code == 422
    assert "sitte" in answer.json()["detail"]


@every_list
def test_a_nul_character_in_a_parameter_is_refused(api, path):
    rows.populate(1)
    assert api.get(path, cursor="\0").status_code == 422


# --- filters -------------------------------------------------------------------------------------------


def test_charge_points_are_found_by_what_is_known_of_them(api):
    site = factories.site()
    factories.charge_point(identity="A1", site=site, name="North gate")
    factories.charge_point(identity="B2", registration="Pending")
    factories.charge_point(identity="C3", archived_at=rows.AT)
    rows.state("A1")
    rows.state("B2", connection=None, vendor="Other", firmware_version="2.0")
    path = "/charge-points"
    assert ids(api, path) == ["A1", "B2"]
    assert ids(api, path, archived="true") == ["C3"]
    assert ids(api, path, online="true") == ["A1"]
    assert ids(api, path, online="false") == ["B2"]
    assert ids(api, path, site=site.pk) == ["A1"]
    assert ids(api, path, registration="Pending") == ["B2"]
    assert ids(api, path, vendor="Other") == ["B2"]
    assert ids(api, path, firmware_version="1.0", model="Post") == ["A1"]
    assert ids(api, path, search="north") == ["A1"]
    assert ids(api, path, search="b") == ["B2"]
    assert api.get(path, registration="Perhaps").status_code == 422


def test_connectors_are_found_by_status(api):
    rows.connector("A", 1, "Charging")
    rows.connector("A", 2, "Faulted", error_code="GroundFailure")
    rows.connector("B", 1, "Charging")
    path = "/connectors"
    assert ids(api, path, status="Charging") == [("A", 1), ("B", 1)]
    assert ids(api, path, charge_point="A", evse=2) == [("A", 2)]
    assert ids(api, path, error_code="GroundFailure") == [("A", 2)]


def test_transactions_are_found_by_place_state_token_and_time(api, api_with):
    rows.transaction("A", 1)
    rows.transaction("A", 2, evse=2, state="ended", ended_at=rows.AT, id_token="X", id_token_folded="x")
    rows.transaction("B", 3, anomaly="register fell")
    path = "/transactions"
    assert ids(api, path, charge_point="A") == ["2", "1"]
    assert ids(api, path, state="running") == ["3", "1"]
    assert ids(api, path, evse=2) == ["2"]
    assert ids(api, path, id_token="TAG") == ["3", "1"]
    assert ids(api, path, has_anomaly="true") == ["3"]
    assert ids(api, path, has_anomaly="false") == ["2", "1"]
    assert ids(api, path, started_after="2026-05-01T12:02:00Z") == ["3", "2"]
    assert ids(api, path, started_before="2026-05-01T14:02:00+02:00") == ["1"]
    assert ids(api, path, ended_after="2026-05-01T12:00:00") == ["2"]
    assert ids(api, path, ended_before="2026-05-01T12:00:00") == []
    assert api_with("read").get(path, id_token="TAG").status_code == 403
    assert api.get(path, started_after="yesterday").status_code == 422


def test_meter_values_are_found_by_time_and_given_in_order(api):
    rows.transaction("A/B", 7)
    for second in (3, 1, 2):
        rows.meter_value("A/B", "7", second)
    path = "/transactions/A%2FB/7/meter-values"
    values = api.get(path).json()["items"]
    assert [item["values"][0]["value"] for item in values] == [1, 2, 3]
    values = api.get(path, sampled_after="2026-05-01T12:00:02Z").json()["items"]
    assert [item["position"] for item in values] == [2, 3]
    assert api.get("/transactions/A%2FB/8/meter-values").status_code == 404
    assert api.get("/transactions/A%2FB/7").json()["charge_point"] == "A/B"


def test_commands_are_found_by_what_became_of_them(api):
    rows.command("A", 1, state="requested")
    rows.command("A", 2, kind="RemoteStart", effect="seen")
    rows.command("B", 3, actor="bob", state="expired")
    path = "/commands"
    assert ids(api, path, charge_point="A") == ["c2", "c1"]
    assert ids(api, path, kind="RemoteStart") == ["c2"]
    assert [i["id"] for i in api.get(path, state=["requested", "expired"]).json()["items"]] == ["c3", "c1"]
    assert ids(api, path, effect="seen") == ["c2"]
    assert ids(api, path, effect="none") == ["c3", "c1"]
    assert ids(api, path, actor="bob") == ["c3"]
    assert ids(api, path, requested_after="2026-05-01T12:02:00Z") == ["c3", "c2"]
    assert ids(api, path, requested_before="2026-05-01T12:02:00Z") == ["c1"]
    assert [i["id"] for i in api.get("/charge-points/A/commands").json()["items"]] == ["c2", "c1"]


def test_settings_and_id_tokens_are_found(api):
    rows.setting("A", "K1", readonly=True)
    rows.setting("B", "K2", reboot_required=True)
    assert ids(api, "/settings", readonly="true") == ["A"]
    assert ids(api, "/settings", reboot_required="true", key="K2") == ["B"]
    group = factories.id_token_group(parent="FLEET")
    factories.id_token(id_token="T1", group=group, holder="Ada")
    factories.id_token(id_token="T2", blocked=True, expires_at=rows.AT)
    path = "/id-tokens"
    assert ids(api, path, parent="FLEET") == ["T1"]
    assert ids(api, path, blocked="true") == ["T2"]
    assert ids(api, path, expires_before="2027-01-01T00:00:00Z") == ["T2"]
    assert ids(api, path, search="ada") == ["T1"]
    assert ids(api, path, search="t") == ["T1", "T2"]
