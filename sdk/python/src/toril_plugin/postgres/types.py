"""The names of DB-API 2.0 for types of columns and values."""

from datetime import date, datetime, time
from time import localtime

from . import oids


class TypeObject:
    """Is equal to the type codes of a kind of columns."""

    def __init__(self, *type_codes: int):
        self._type_codes = frozenset(type_codes)

    def __eq__(self, other: object) -> bool:
        return self is other or other in self._type_codes

    def __hash__(self) -> int:
        return hash(self._type_codes)


STRING = TypeObject(oids.CHAR, oids.NAME, oids.TEXT, oids.BPCHAR, oids.VARCHAR)
BINARY = TypeObject(oids.BYTEA)
NUMBER = TypeObject(oids.INT2, oids.INT4, oids.INT8, oids.FLOAT4, oids.FLOAT8, oids.NUMERIC)
DATETIME = TypeObject(oids.DATE, oids.TIME, oids.TIMETZ, oids.TIMESTAMP, oids.TIMESTAMPTZ, oids.INTERVAL)
ROWID = TypeObject(oids.OID)

Date = date
Time = time
Timestamp = datetime
Binary = bytes


def DateFromTicks(ticks: float) -> date:
    """The date of a time in seconds since the Unix epoch."""
    return date(*localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> time:
    """The time of day of a time in seconds since the Unix epoch."""
    return time(*localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime:
    """The date and time of a time in seconds since the Unix epoch."""
    return datetime(*localtime(ticks)[:6])
