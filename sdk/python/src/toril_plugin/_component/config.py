"""Settings."""

from wit_world.imports import config_store as host

from .ask import ask


def get(key: str) -> str | None:
    return ask(f"the setting `{key}` could not be read", host.get, key)
