"""Settings."""

from . import state


def get(key: str) -> str | None:
    return state.current.config.get(key)
