import enum
import struct
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from uuid import UUID

import pytest
from toril_plugin.postgres import DataError, Error, Json, arrays, oids
from toril_plugin.postgres.parameters import Parameter, encode, encode_all
from toril_plugin.postgres.values import decode_rows

INDIA = timezone(timedelta(hours=5, minutes=30))


def row(*columns):
    """The values of one row, from pairs of a type and the server's text."""
    texts = [text if text is None or isinstance(text, bytes) else text.encode() for _, text in columns]
    rows = b"".join(struct.pack(">i", -1) if text is None else struct.pack(">i", len(text)) + text for text in texts)
    return next(decode_rows(rows, 1, [oid for oid, _ in columns]))


@pytest.mark.parametrize(
    ("value", "oid", "text"),
    [
        (None, 0, None),
        (True, oids.BOOL, "t"),
        (7, oids.INT4, "7"),
        (-(2**31), oids.INT4, "-2147483648"),
        (2**31, oids.INT8, "2147483648"),
        (2**63, oids.NUMERIC, "9223372036854775808"),
        (1.5, oids.FLOAT8, "1.5"),
        (float("-inf"), oids.FLOAT8, "-inf"),
        (Decimal("1.50"), oids.NUMERIC, "1.50"),
        ("ü'\"", 0, "ü'\""),
        (UUID(int=7), oids.UUID, "00000000-0000-0000-0000-000000000007"),
        (date(2026, 1, 31), oids.DATE, "2026-01-31"),
        (time(1, 2, 3, 4), oids.TIME, "01:02:03.000004"),
        (time(1, 2, 3, tzinfo=INDIA), oids.TIMETZ, "01:02:03+05:30"),
        (datetime(2026, 1, 31, 1, 2), oids.TIMESTAMP, "2026-01-31 01:02:00"),
        (datetime(2026, 1, 31, 1, 2, tzinfo=INDIA), oids.TIMESTAMPTZ, "2026-01-31 01:02:00+05:30"),
        (timedelta(days=-1, seconds=5, microseconds=7), oids.INTERVAL, "-1 days +5.000007 seconds"),
        ({"a": [1, None, "ü"]}, 0, '{"a": [1, null, "ü"]}'),
        (Json([1]), 0, "[1]"),
        ([1, None], 1007, '{"1",NULL}'),
        ((1, 2**40), 1016, '{"1","1099511627776"}'),
        ([1, 2.5], 1022, '{"1","2.5"}'),
        (["a", 'b"\\'], 0, '{"a","b\\"\\\\"}'),
        ([1, "a"], 0, '{"1","a"}'),
        ([], 0, "{}"),
        ([[1], [2]], 1007, '{{"1"},{"2"}}'),
        ([b"\x00\xff"], 1001, '{"\\\\x00ff"}'),
        ([{"a": 1}], 0, '{"{\\"a\\": 1}"}'),
    ],
)
def test_a_value_is_sent_with_the_type_that_its_text_would_have(value, oid, text):
    assert encode(value) == Parameter(oid, None if text is None else text.encode())


def test_bytes_are_sent_as_they_are():
    for value in (b"\0\xff", bytearray(b"\0\xff"), memoryview(b"\0\xff")):
        assert encode(value) == Parameter(oids.BYTEA, b"\0\xff", is_binary=True)


def test_enums_of_strings_and_numbers_are_sent_by_their_values():
    class Colour(enum.StrEnum):
        RED = "red"

    class Level(enum.IntEnum):
        HIGH = 3

    assert encode(Colour.RED).value == b"red"
    assert encode(Level.HIGH) == Parameter(oids.INT4, b"3")


@pytest.mark.parametrize(
    "value", ["hunter2\0", "hunter2\ud800", {"hunter2": {1}}, Json(float("nan")), Decimal("sNaN"), {"hunter2"}]
)
def test_a_value_that_cannot_be_sent_is_named_by_its_number_and_not_quoted(value):
    with pytest.raises(Error, match="parameter 2: ") as raised:
        encode_all([1, value])
    assert raised.value.permanent
    assert "hunter2" not in str(raised.value)


def test_a_time_of_a_zone_without_a_date_has_no_offset():
    class Berlin(tzinfo):
        def utcoffset(self, at):
            return at and timedelta(hours=1)

    with pytest.raises(DataError, match="a fixed offset"):
        encode(time(1, tzinfo=Berlin()))


@pytest.mark.parametrize(
    ("oid", "text", "value"),
    [
        (oids.INT4, None, None),
        (oids.BOOL, "t", True),
        (oids.BOOL, "f", False),
        (oids.INT8, "-5", -5),
        (oids.FLOAT8, "1.5", 1.5),
        (oids.FLOAT8, "-Infinity", float("-inf")),
        (oids.NUMERIC, "1.50", Decimal("1.50")),
        (oids.TEXT, "ü", "ü"),
        (oids.BYTEA, "\\x00ff", b"\x00\xff"),
        (oids.UUID, "00000000-0000-0000-0000-000000000007", UUID(int=7)),
        (oids.DATE, "2026-01-31", date(2026, 1, 31)),
        (oids.TIME, "01:02:03.000004", time(1, 2, 3, 4)),
        (oids.TIMETZ, "01:02:03+05:30", time(1, 2, 3, tzinfo=INDIA)),
        (oids.TIMESTAMP, "2026-01-31 01:02:03.5", datetime(2026, 1, 31, 1, 2, 3, 500_000)),
        (oids.TIMESTAMPTZ, "2026-01-31 01:02:03+00", datetime(2026, 1, 31, 1, 2, 3, tzinfo=timezone.utc)),
        (oids.TIMESTAMPTZ, "2026-01-31 01:02:03+05:30", datetime(2026, 1, 31, 1, 2, 3, tzinfo=INDIA)),
        (oids.INTERVAL, "1 year 2 mons 3 days 04:05:06.5", timedelta(days=365 + 60 + 3, seconds=4 * 3600 + 306.5)),
        (oids.INTERVAL, "-3 days +00:00:05", timedelta(days=-3, seconds=5)),
        (oids.INTERVAL, "-00:00:01.5", timedelta(seconds=-1.5)),
        (oids.INTERVAL, "-1 days", timedelta(days=-1)),
        (oids.JSONB, '{"a": [1, null]}', {"a": [1, None]}),
        (oids.ARRAYS[oids.INT4], "{1,NULL}", [1, None]),
        (oids.ARRAYS[oids.TEXT], '{"a,b",NULL,"NULL"}', ["a,b", None, "NULL"]),
        (oids.ARRAYS[oids.JSONB], '{"{\\"a\\": 1}"}', [{"a": 1}]),
        # A type that is not known, such as an enum or an address.
        (oids.INET, "10.0.0.1", "10.0.0.1"),
        (99_999, "{red}", "{red}"),
    ],
)
def test_the_servers_text_becomes_a_value_of_the_columns_type(oid, text, value):
    (read,) = row((oid, text))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("oid", "text"),
    [
        (oids.DATE, "infinity"),
        (oids.DATE, "0044-03-15 BC"),
        (oids.DATE, "31/01/2026"),
        (oids.DATE, "20260131"),
        (oids.TIMESTAMPTZ, "12026-01-31 00:00:00+00"),
        (oids.TIME, "24:00:00"),
        (oids.INTERVAL, "P1D"),
        (oids.INTERVAL, "999999999 years"),
        (oids.ARRAYS[oids.DATE], "{infinity}"),
        (oids.ARRAYS[oids.INT4], "{1"),
    ],
)
def test_a_value_without_a_form_in_python_is_an_error_that_does_not_quote_it(oid, text):
    with pytest.raises(DataError, match="::text") as raised:
        row((oid, text))
    assert text not in str(raised.value)
    assert raised.value.permanent


def test_rows_are_read_one_after_the_other():
    data = b"".join(struct.pack(">i", 1) + text + struct.pack(">i", -1) for text in (b"1", b"2"))
    assert list(decode_rows(data, 2, [oids.INT4, oids.TEXT])) == [(1, None), (2, None)]
    assert list(decode_rows(b"", 2, [])) == [(), ()]


def test_every_form_of_an_element_of_an_array_is_read():
    text = r'{1,NULL,"NULL","a \"b\" \\ c, }{",{x,y},{}}'
    assert arrays.read(text, str) == ["1", None, "NULL", r'a "b" \ c, }{', ["x", "y"], []]
    assert arrays.read("[0:1]={a,b}", str) == ["a", "b"]
    assert arrays.read("{}", str) == []


@pytest.mark.parametrize(
    "wrong",
    ["", "a", "{", "{a", "{a,", "{a,}", "{,}", "{a}}", '{"a}', '{"\\', "[0:1]", "{a}b", "{a{b}}", "{{a}b}", "}"],
)
def test_a_text_that_is_no_array_is_refused(wrong):
    with pytest.raises(ValueError):
        arrays.read(wrong, str)


def test_an_array_that_is_written_is_read_again():
    elements = ["a,\"b\"\\", "", "NULL", None, ["x", None]]
    assert arrays.read(arrays.write(elements), str) == elements
