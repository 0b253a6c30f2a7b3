"""Key-value data. Opening the store for each call costs nothing, and keeps no resource."""

from typing import Any

from wit_world.imports import atomics, keyvalue_store

from .ask import ask


def _ask(doing: str, method: str, *arguments: Any) -> Any:
    with ask(doing, keyvalue_store.open, "") as store:
        return ask(doing, getattr(store, method), *arguments)


def get(key: str) -> bytes | None:
    return _ask(f"`{key}` could not be read", "get", key)


def set(key: str, value: bytes) -> None:
    _ask(f"`{key}` could not be written", "set", key, value)


def delete(key: str) -> None:
    _ask(f"`{key}` could not be deleted", "delete", key)


def exists(key: str) -> bool:
    return _ask(f"`{key}` could not be looked up", "exists", key)


def list_keys(cursor: int | None) -> tuple[list[str], int | None]:
    page = _ask("the keys could not be listed", "list_keys", cursor)
    return page.keys, page.cursor


def increment(key: str, delta: int) -> int:
    doing = f"`{key}` could not be incremented"
    with ask(doing, keyvalue_store.open, "") as store:
        return ask(doing, atomics.increment, store, key, delta)
