"""Values of Python as parameters of a statement.

A number has the type that the server gives to the same number in the text of a statement. A string has none, so the
server chooses one by its place, also that of an enum or of JSON.
"""

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from . import arrays, oids
from .errors import DataError, Error, invalid

#: The server chooses the type.
ANY = 0


class Parameter(NamedTuple):
    """A value in the form in which it is sent."""

    oid: int
    value: bytes | None
    is_binary: bool = False


class Json:
    """A value that is written as JSON: for a list, a string or a number in a column of `json` or `jsonb`. A dict does
    not need it."""

    def __init__(self, value: Any):
        self.value = value


def encode_all(values: Iterable[Any]) -> list[Parameter]:
    """The values in the form in which they are sent."""
    return [_numbered(number, value) for number, value in enumerate(values, 1)]


def _numbered(number: int, value: Any) -> Parameter:
    try:
        return encode(value)
    except Error as error:
        raise type(error)(f"parameter {number}: {error}", code=error.code) from None


def encode(value: Any) -> Parameter:
    """A value in the form in which it is sent."""
    if value is None:
        return Parameter(ANY, None)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Parameter(oids.BYTEA, bytes(value), is_binary=True)
    if isinstance(value, (list, tuple)):
        oid, elements = _array(value)
        return Parameter(oids.ARRAYS.get(oid, ANY), _utf8(arrays.write(elements)))
    oid, text = _scalar(value)
    return Parameter(oid, _utf8(text))


def _utf8(text: str) -> bytes:
    if "\0" in text:
        raise DataError("a text for PostgreSQL cannot have the character U+0000", code="invalid")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise DataError("the text has half of a surrogate pair", code="invalid") from None


def _scalar(value: Any) -> tuple[int, str]:
    write = _WRITERS.get(type(value))
    if write is None:
        write = next((write for kind, write in _WRITERS.items() if isinstance(value, kind)), None)
    if write is None:
        raise invalid(f"a value of the type {type(value).__name__} cannot be sent: convert it, for example with `str`")
    return write(value)


def _array(values: Iterable[Any]) -> tuple[int, list]:
    """The type of the elements, and their texts."""
    elements: list = []
    kinds: set[int] = set()
    for value in values:
        if value is None:
            elements.append(None)
        elif isinstance(value, (list, tuple)):
            oid, inner = _array(value)
            # An array without elements says nothing about their type.
            kinds.update({oid} if oid or inner else ())
            elements.append(inner)
        elif isinstance(value, (bytes, bytearray, memoryview)):
            kinds.add(oids.BYTEA)
            elements.append("\\x" + bytes(value).hex())
        else:
            oid, text = _scalar(value)
            kinds.add(oid)
            elements.append(text)
    return _common(kinds), elements


#: From the narrowest type of numbers to the widest.
_NUMBERS = [oids.INT4, oids.INT8, oids.NUMERIC, oids.FLOAT8]


def _common(kinds: set[int]) -> int:
    """The type of an array whose elements have these types."""
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds and kinds.issubset(_NUMBERS):
        return max(kinds, key=_NUMBERS.index)
    return ANY


def _int(value: int) -> tuple[int, str]:
    # Not `str(value)`, because an enum of numbers has another text.
    text = format(int(value), "d")
    if -(2**31) <= value < 2**31:
        return oids.INT4, text
    return (oids.INT8 if -(2**63) <= value < 2**63 else oids.NUMERIC), text


def _decimal(value: Decimal) -> tuple[int, str]:
    if value.is_snan():
        raise DataError("a signalling NaN cannot be sent", code="invalid")
    return oids.NUMERIC, str(value)


def _datetime(value: datetime) -> tuple[int, str]:
    return (oids.TIMESTAMP if value.tzinfo is None else oids.TIMESTAMPTZ), value.isoformat(" ")


def _time(value: time) -> tuple[int, str]:
    # Only with a date, a time zone such as `Europe/Berlin` has an offset.
    if value.tzinfo is not None and value.utcoffset() is None:
        raise DataError("the time zone of a time without a date must be a fixed offset", code="invalid")
    return (oids.TIME if value.tzinfo is None else oids.TIMETZ), value.isoformat()


def _timedelta(value: timedelta) -> tuple[int, str]:
    # A sign for each part, because with one of the server's settings a single minus is for all of them.
    return oids.INTERVAL, f"{value.days:+d} days {value.seconds:+d}.{value.microseconds:06d} seconds"


def _json(value: Any) -> tuple[int, str]:
    try:
        return ANY, json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(f"the value cannot be JSON: {error}", code="invalid") from None


#: In an order in which a class comes before the one that it is derived from.
_WRITERS: dict[type, Callable[[Any], tuple[int, str]]] = {
    str: lambda value: (ANY, str.__str__(value)),
    bool: lambda value: (oids.BOOL, "t" if value else "f"),
    int: _int,
    float: lambda value: (oids.FLOAT8, float.__repr__(value)),
    Decimal: _decimal,
    UUID: lambda value: (oids.UUID, str(value)),
    datetime: _datetime,
    date: lambda value: (oids.DATE, value.isoformat()),
    time: _time,
    timedelta: _timedelta,
    dict: _json,
    Json: lambda value: _json(value.value),
}
