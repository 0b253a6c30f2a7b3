"""Values of every type, sent as parameters and read from rows."""

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from toril_plugin import job, postgres

INDIA = timezone(timedelta(hours=5, minutes=30))

#: Values that have a type of their own, with its name.
TYPED = [
    (True, "boolean"),
    (5, "integer"),
    (2**40, "bigint"),
    (1.5, "double precision"),
    (float("inf"), "double precision"),
    (Decimal("-1.10"), "numeric"),
    (b"\0\xff", "bytea"),
    (UUID(int=7), "uuid"),
    (date(2026, 1, 31), "date"),
    (time(1, 2, 3, 4), "time without time zone"),
    (time(1, 2, 3, tzinfo=INDIA), "time with time zone"),
    (datetime(2026, 1, 31, 1, 2, 3, 4), "timestamp without time zone"),
    (datetime(2026, 1, 31, 1, 2, 3, 4, INDIA), "timestamp with time zone"),
    (timedelta(days=-3, seconds=5, microseconds=7), "interval"),
    (timedelta(seconds=-1), "interval"),
    ([1, 2, None], "integer[]"),
    ([2**40, 1], "bigint[]"),
    ([[1, 2], [3, 4]], "integer[]"),
    ([1.5, 2], "double precision[]"),
    ([Decimal(1), 2], "numeric[]"),
    ([True, False], "boolean[]"),
    ([b"a\\", b'"\0'], "bytea[]"),
    ([UUID(int=1)], "uuid[]"),
    ([date(2026, 1, 1)], "date[]"),
    ([timedelta(1)], "interval[]"),
    ([datetime(2026, 1, 1, tzinfo=INDIA)], "timestamp with time zone[]"),
]

#: Values whose type the server chooses, with a type for the place where they are, and what is read.
PLACED = [
    ("ü'\"\\", "text", "ü'\"\\"),
    ("red", "varchar(3)", "red"),
    ("7", "int4", 7),
    (None, "int4", None),
    (2**70, "numeric", Decimal(2**70)),
    ({"a": [1, None, "ü"]}, "jsonb", {"a": [1, None, "ü"]}),
    (postgres.Json([1, 2]), "json", [1, 2]),
    (postgres.Json(None), "jsonb", None),
    ([], "text[]", []),
    (["a,", 'b"\\', "NULL", "", None], "text[]", ["a,", 'b"\\', "NULL", "", None]),
    ([{"a": 1}], "jsonb[]", [{"a": 1}]),
]


@job("values")
def come_back(job):
    """Sends each value, and reads it again. Returns those that are another value or have another type."""
    wrong = []
    with postgres.connect() as db:
        for value, name in TYPED:
            read, kind = db.execute("select %(value)s, pg_typeof(%(value)s)::text", {"value": value}).fetchone()
            if read != value or type(read) is not type(value) or kind != name:
                wrong.append([repr(value), repr(read), kind])
        for value, name, expected in PLACED:
            (read,) = db.execute(f"select %s::{name}", [value]).fetchone()
            if read != expected:
                wrong.append([repr(expected), repr(read), name])
        db.execute("set datestyle = 'German'; set intervalstyle = 'sql_standard'; set timezone = 'Asia/Kolkata'")
        for value in (timedelta(days=-3, seconds=5), datetime(2026, 1, 31, 1, 2, tzinfo=INDIA)):
            (is_same,) = db.execute("select %s = %s::text::" + _cast(value), [value, _literal(value)]).fetchone()
            if not is_same:
                wrong.append([repr(value), "not the same with other settings"])
    return {"values": len(TYPED) + len(PLACED), "wrong": wrong}


def _cast(value):
    return "interval" if isinstance(value, timedelta) else "timestamptz"


def _literal(value):
    return "-259195 seconds" if isinstance(value, timedelta) else value.isoformat()
