"""The plugin's own data, shared by all its jobs. Needs ``keyvalue = true`` in queues.toml. Values are JSON."""

import json
from collections.abc import Iterator
from typing import Any

from ._host import load
from ._json import to_json

_host = load("keyvalue")


def get(key: str, default: Any = None) -> Any:
    """The value of a key."""
    value = get_bytes(key)
    return default if value is None else json.loads(value)


def set(key: str, value: Any) -> None:
    """Sets a key to a value."""
    set_bytes(key, to_json(f"`{key}`", value).encode())


def get_bytes(key: str) -> bytes | None:
    """The bytes of a key."""
    return _host.get(key)


def set_bytes(key: str, value: bytes) -> None:
    """Sets a key to bytes."""
    _host.set(key, value)


def delete(key: str) -> None:
    """Removes a key, if it exists."""
    _host.delete(key)


def exists(key: str) -> bool:
    """Whether a key exists."""
    return _host.exists(key)


def keys() -> Iterator[str]:
    """All keys, in no particular order."""
    cursor = None
    while True:
        page, cursor = _host.list_keys(cursor)
        yield from page
        if cursor is None:
            return


def increment(key: str, delta: int = 1) -> int:
    """Adds to a key's number atomically, and returns the sum. ``get`` reads it."""
    return _host.increment(key, delta)
