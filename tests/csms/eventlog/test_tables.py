"""Tables: row types match their models, and rows come back from each database as they went in."""

import typing
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, models, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import UnsetType

from csms.charging.tables import ACTIVITY, METER_VALUES, SETTINGS, TRANSACTIONS, TransactionRow
from csms.eventlog import database
from csms.eventlog.projection import projections
from csms.eventlog.state import EVENTS, Changes, Recorded, Rows
from csms.eventlog.table import CHUNKS, Row, Table
from tests.strategies import LEGAL

TABLES = [EVENTS, *(table for projection in projections() for table in projection.tables)]
every_table = pytest.mark.parametrize("table", TABLES, ids=repr)

KINDS = {
    models.BigAutoField: int,
    models.BigIntegerField: int,
    models.PositiveIntegerField: int,
    models.PositiveSmallIntegerField: int,
    models.IntegerField: int,
    models.CharField: str,
    models.TextField: str,
    models.DateTimeField: datetime,
    models.BooleanField: bool,
    models.FloatField: float,
}


@every_table
def test_a_row_has_the_columns_of_its_model_and_no_others(table):
    columns = {field.column for field in table.model._meta.concrete_fields}
    if "id" not in table.columns:
        columns -= {"id"}
    assert set(table.columns) == columns


@every_table
def test_a_rows_types_are_those_of_the_columns(table):
    fields = {field.column: field for field in table.model._meta.concrete_fields}
    for name, hint in typing.get_type_hints(table.row).items():
        field = fields[name]
        if isinstance(field, models.JSONField):
            continue
        options = set(typing.get_args(hint)) or {hint}
        assert (type(None) in options) == field.null, f"{name} may be null"
        assert options - {type(None), UnsetType} == {KINDS[type(field)]}, name


@every_table
def test_the_key_is_a_unique_constraint_of_the_model(table):
    unique = [set(c.fields) for c in table.model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    assert set(table.key) in [*unique, {table.model._meta.pk.name}]
    if table is not EVENTS:
        assert table.key[0] == "charge_point"


@every_table
def test_hot_columns_are_not_indexed(table):
    indexed = {name.lstrip("-") for index in table.model._meta.indexes for name in index.fields}
    indexed |= {
        name for constraint in table.model._meta.constraints for name in getattr(constraint, "fields", ())
    }
    conditions = " ".join(str(getattr(index, "condition", "")) for index in table.model._meta.indexes)
    assert not set(table.hot) & indexed
    assert not [column for column in table.hot if f"'{column}'" in conditions]
    assert set(table.hot) <= set(table.columns) - set(table.key)


@pytest.mark.django_db
@every_table
def test_the_condition_of_what_stays_in_memory_is_valid(table):
    with connection.cursor() as cursor:
        cursor.execute(table.select(table.keep or "1 = 1"))
        assert table.decode(cursor.fetchone()[0]) == []


# --- there and back ------------------------------------------------------------------------------------

MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
JSON = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(LEGAL, max_size=5) | st.just(230.15)
SAMPLES = {
    int: st.integers(-(2**31), 2**31 - 1),
    str: st.text(LEGAL, max_size=10),
    datetime: MOMENTS,
    bool: st.booleans(),
    float: st.floats(-1e15, 1e15).map(lambda value: round(value, 6) + 0.0),
}


def rows_of(table: Table) -> st.SearchStrategy[Row]:
    fields = {field.column: field for field in table.model._meta.concrete_fields}
    members = {}
    for name in table.columns:
        field = fields[name]
        if isinstance(field, models.JSONField):
            hint = typing.get_type_hints(table.row)[name]
            form = typing.get_origin(hint)
            inside = st.dictionaries(st.text(LEGAL, max_size=5), JSON, max_size=3)
            values = {list: st.lists(inside, max_size=3), dict: inside}.get(form, inside)
        else:
            values = SAMPLES[KINDS[type(field)]]
            if isinstance(field, models.CharField):
                values = st.text(LEGAL, max_size=min(10, field.max_length))
            if isinstance(field, models.PositiveIntegerField | models.PositiveSmallIntegerField):
                values = st.integers(0, 2**15 - 1)
            if isinstance(field, models.BigIntegerField | models.BigAutoField):
                values = st.integers(1, 2**63 - 1)
        members[name] = st.none() | values if field.null else values
    return st.builds(table.row, **members)


@pytest.mark.parametrize("table", TABLES, ids=repr)
def test_rows_come_back_as_they_went_in(live_database, table):
    @settings(max_examples=12, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(st.lists(rows_of(table), min_size=1, max_size=90, unique_by=table.key_of))
    def there_and_back(rows):
        if table is EVENTS:
            for number, row in enumerate(rows, 1):
                row.stream_version = number
        with transaction.atomic():
            database.execute(table.inserts(rows))
            assert stored(table) == by_key(table, rows)
            database.execute(table.upserts(rows))  # once more: nothing changes
            assert stored(table) == by_key(table, rows)
            transaction.set_rollback(True)

    there_and_back()


def by_key(table, rows):
    return {table.key_of(row): row for row in rows}


def stored(table):
    with connection.cursor() as cursor:
        cursor.execute(table.select("1 = 1"))
        return by_key(table, table.decode(cursor.fetchone()[0]))


def event(**members):
    return Recorded(
        **{
            "position": 1, "stream": "CP", "stream_version": 1, "type": "call.received", "schema_version": 1,
            "action": "", "message_id": "", "payload": "", "repairs": "", "cause": None, "connection": None,
            "actor": "", "recorded_at": datetime(2024, 1, 1, tzinfo=UTC), "happened_at": None,
        } | members
    )  # fmt: skip


ODD_TEXTS = {
    "quotes": 'it\'s "quoted" \\ and \\\\ %s %(x)s ? ; --',
    "lines": "a\nb\r\nc\td",
    "unicode": "äß充\N{ELECTRIC PLUG}\u200b\u202e\ufeff\uffff",
    "escaped NUL": '[2,"a","Authorize",{"idTag":"\\u0000"}]',
    "control": "".join(map(chr, range(1, 32))),
    "json": '{"a":[1,2,{"b":null}]}',
    "huge": "x" * 2_000_000,
    "empty": "",
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_texts_come_back_letter_by_letter(live_database, text):
    database.execute(EVENTS.inserts([event(payload=text)]))
    [back] = stored(EVENTS).values()
    assert back.payload == text
    assert EVENTS.model.objects.get().payload == text  # and the ORM reads the same


@pytest.mark.parametrize("microsecond", [0, 1, 500000, 999999, 123456, 120])
def test_times_keep_their_microseconds_and_mean_the_same_to_django(live_database, microsecond):
    at = datetime(2024, 2, 29, 23, 59, 59, microsecond, tzinfo=UTC)
    database.execute(EVENTS.inserts([event(recorded_at=at, happened_at=at - timedelta(days=9000))]))
    [back] = stored(EVENTS).values()
    assert (back.recorded_at, back.happened_at) == (at, at - timedelta(days=9000))
    found = EVENTS.model.objects.get()
    assert (found.recorded_at, found.happened_at) == (at, at - timedelta(days=9000))
    assert EVENTS.model.objects.filter(recorded_at__lte=at).exists()
    assert not EVENTS.model.objects.filter(recorded_at__lt=at).exists()


def test_an_insert_of_a_key_that_is_there_fails_and_an_upsert_replaces_it(live_database):
    row = setting()
    database.execute(SETTINGS.inserts([row]))
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"), transaction.atomic():
        database.execute(SETTINGS.inserts([row]))
    row.value = "new"
    database.execute(SETTINGS.upserts([row]))
    assert [stored_row.value for stored_row in stored(SETTINGS).values()] == ["new"]


def setting(key="K", value="old"):
    return SETTINGS.row(
        charge_point="CP", key=key, value=value, readonly=False, reboot_required=False,
        recorded_at=datetime(2024, 1, 1, tzinfo=UTC), position=1,
    )  # fmt: skip


def test_adding_to_an_append_only_table_a_second_time_changes_nothing(live_database):
    row = METER_VALUES.row(
        charge_point="CP",
        evse=1,
        connector=1,
        transaction_id="1",
        sampled_at=datetime(2024, 1, 1, tzinfo=UTC),
        digest="d",
        values=[{"value": 1}],
        position=1,
    )
    database.execute(METER_VALUES.upserts([row]))
    row.position = 2
    database.execute(METER_VALUES.upserts([row]))
    assert [back.position for back in stored(METER_VALUES).values()] == [1]


def test_only_hot_columns_of_a_row_are_written_where_it_is_there(live_database):
    row = running()
    database.execute(TRANSACTIONS.upserts([row], only_hot=True))
    row.energy_wh, row.verdict = 5.0, "Blocked"
    database.execute(TRANSACTIONS.upserts([row], only_hot=True))
    [back] = stored(TRANSACTIONS).values()
    assert (back.energy_wh, back.verdict) == (5.0, "Accepted")


def running(number="1"):
    at = datetime(2024, 1, 1, tzinfo=UTC)
    return TransactionRow(
        charge_point="CP", transaction_id=number, evse=1, connector=1, id_token="T", id_token_folded="t",
        verdict="Accepted", reservation_id=None, state="running", started_at=at, start_key="k",
        meter_start_wh=0, start_position=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    "count", sorted({0, 1, *CHUNKS, *(size - 1 for size in CHUNKS), sum(CHUNKS) + 1, 200})
)
def test_any_number_of_rows_is_written(live_database, count):
    database.execute(SETTINGS.upserts([setting(f"K{n}") for n in range(count)]))
    assert len(stored(SETTINGS)) == count


def test_statements_hold_what_the_rows_were_when_they_were_made(live_database):
    row = setting()
    statements = SETTINGS.upserts([row])
    row.value = "changed afterwards"
    database.execute(statements)
    assert [back.value for back in stored(SETTINGS).values()] == ["old"]


# --- the identity map ----------------------------------------------------------------------------------


def test_a_row_that_was_put_is_written_once_as_a_whole():
    rows, row = Rows(), running()
    rows.put_hot(TRANSACTIONS, row)
    rows.put(TRANSACTIONS, row)
    changes = rows.take_changes()
    assert changes.hot == {TRANSACTIONS: {}}
    assert list(changes.all(TRANSACTIONS).values()) == [row]
    assert rows.take_changes().all(TRANSACTIONS) == {}


def test_what_is_loaded_never_replaces_what_is_newer_in_memory():
    rows, newer, older = Rows(), running(), running()
    rows.put(TRANSACTIONS, newer)
    rows.load(TRANSACTIONS, [older, running("2")])
    assert rows.get(TRANSACTIONS, "CP", "1") is newer
    assert rows.count(TRANSACTIONS) == 2
    rows.drop(TRANSACTIONS, newer)
    assert rows.get(TRANSACTIONS, "CP", "1") is None
    assert [row.transaction_id for row in rows.all(TRANSACTIONS)] == ["2"]


def test_rows_of_an_append_only_table_are_not_kept_and_the_first_counts():
    rows = Rows()
    at = datetime(2024, 1, 1, tzinfo=UTC)
    for position in (1, 2):
        rows.put(METER_VALUES, METER_VALUES.row(
            charge_point="CP", evse=1, connector=1, transaction_id="", sampled_at=at, digest="d", values=[],
            position=position,
        ))  # fmt: skip
    assert rows.count(METER_VALUES) == 0
    assert [row.position for row in rows.take_changes().all(METER_VALUES).values()] == [1]


def test_changes_of_many_streams_are_one_statement_a_table():
    together = Changes()
    for n in range(3):
        rows = Rows()
        rows.put(SETTINGS, setting(f"K{n}"))
        rows.put_hot(TRANSACTIONS, running(str(n)))
        together.add(rows.take_changes())
    assert len(together.all(SETTINGS)) == len(together.all(TRANSACTIONS)) == 3
    assert together.all(ACTIVITY) == {}
