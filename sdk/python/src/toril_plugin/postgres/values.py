"""The server's text of a value as a value of Python."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from struct import Struct
from typing import Any
from uuid import UUID

from . import arrays, oids
from .errors import DataError

_LENGTH = Struct(">i").unpack_from

#: The server's `1 year 2 mons -3 days +04:05:06.789`.
_INTERVAL = re.compile(
    r"(?:([+-]?\d+) years?)? ?(?:([+-]?\d+) mons?)? ?(?:([+-]?\d+) days?)? ?"
    r"(?:([+-])?(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?"
)


def decode_rows(rows: bytes, count: int, types: list[int]) -> Iterator[tuple]:
    """The rows of an answer, one after the other."""
    converters = [_converter(oid) for oid in types]
    at = 0
    for _ in range(count):
        row = []
        for convert in converters:
            (length,) = _LENGTH(rows, at)
            at += 4
            if length < 0:
                row.append(None)
            else:
                end = at + length
                row.append(convert(rows[at:end]))
                at = end
        yield tuple(row)


def _converter(oid: int) -> Callable[[bytes], Any]:
    if oid in oids.ELEMENTS:
        return _named(_array(_TEXTS.get(oids.ELEMENTS[oid], str)), oid)
    if oid in (oids.JSON, oids.JSONB):
        return json.loads
    if oid in _NUMBERS:
        return _NUMBERS[oid]
    if oid in _TEXTS:
        return _named(_TEXTS[oid], oid)
    return bytes.decode


def _array(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: arrays.read(text, convert)


def _named(convert: Callable[[str], Any], oid: int) -> Callable[[bytes], Any]:
    """The error does not quote the value."""

    def converted(value: bytes) -> Any:
        try:
            return convert(value.decode())
        except (ValueError, OverflowError, ArithmeticError):
            name = _NAMES.get(oid) or f"an array of {_NAMES.get(oids.ELEMENTS.get(oid, 0), 'values')}"
            message = f"{name} of the server has no form in Python: write `::text` after it, and read a string"
            raise DataError(message, code="invalid") from None

    return converted


def _bool(text: str) -> bool:
    return text == "t"


def _bytea(text: str) -> bytes:
    if not text.startswith("\\x"):
        raise ValueError("not in the hexadecimal form")
    return bytes.fromhex(text[2:])


def _interval(text: str) -> timedelta:
    found = _INTERVAL.fullmatch(text)
    if found is None or not text:
        raise ValueError("not in the server's own form")
    years, months, days = (int(found[group] or 0) for group in (1, 2, 3))
    of_day = timedelta(
        hours=int(found[5] or 0),
        minutes=int(found[6] or 0),
        seconds=int(found[7] or 0),
        microseconds=int((found[8] or "0").ljust(6, "0")),
    )
    return timedelta(days=years * 365 + months * 30 + days) + (-of_day if found[4] == "-" else of_day)


def _date(text: str) -> date:
    return date.fromisoformat(_iso(text))


def _timestamp(text: str) -> datetime:
    return datetime.fromisoformat(_iso(text))


def _iso(text: str) -> str:
    # Other forms would be read as another date, such as one without dashes.
    if text[4:5] != "-":
        raise ValueError("not in the form of ISO 8601")
    return text


#: Types whose bytes Python reads without decoding them. A number has no form that Python does not read.
_NUMBERS: dict[int, Callable[[bytes], Any]] = {
    oids.INT2: int,
    oids.INT4: int,
    oids.INT8: int,
    oids.OID: int,
    oids.FLOAT4: float,
    oids.FLOAT8: float,
}

_TEXTS: dict[int, Callable[[str], Any]] = {
    **_NUMBERS,
    oids.BOOL: _bool,
    oids.BYTEA: _bytea,
    oids.NUMERIC: Decimal,
    oids.UUID: UUID,
    oids.DATE: _date,
    oids.TIME: time.fromisoformat,
    oids.TIMETZ: time.fromisoformat,
    oids.TIMESTAMP: _timestamp,
    oids.TIMESTAMPTZ: _timestamp,
    oids.INTERVAL: _interval,
    oids.JSON: json.loads,
    oids.JSONB: json.loads,
}

_NAMES = {
    oids.BOOL: "a boolean",
    oids.BYTEA: "a bytea",
    oids.NUMERIC: "a numeric",
    oids.UUID: "a uuid",
    oids.DATE: "a date",
    oids.TIME: "a time",
    oids.TIMETZ: "a time",
    oids.TIMESTAMP: "a timestamp",
    oids.TIMESTAMPTZ: "a timestamp",
    oids.INTERVAL: "an interval",
}
