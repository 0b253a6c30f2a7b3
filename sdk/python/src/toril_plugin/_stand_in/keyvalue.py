"""Key-value data."""

from . import state


def get(key: str) -> bytes | None:
    return state.current.kv.get(key)


def set(key: str, value: bytes) -> None:
    state.current.kv[key] = bytes(value)


def delete(key: str) -> None:
    state.current.kv.pop(key, None)


def exists(key: str) -> bool:
    return key in state.current.kv


def list_keys(cursor: int | None) -> tuple[list[str], int | None]:
    return list(state.current.kv), None


def increment(key: str, delta: int) -> int:
    total = int(state.current.kv.get(key, b"0")) + delta
    state.current.kv[key] = str(total).encode()
    return total
