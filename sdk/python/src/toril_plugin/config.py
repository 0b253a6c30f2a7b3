"""The plugin's ``config`` and ``secrets`` from queues.toml."""

from ._host import load
from .failure import Fatal

_host = load("config")


def get(key: str) -> str | None:
    """The value of a setting or secret, None if it is not set."""
    return _host.get(key)


def require(key: str) -> str:
    """The value of a setting or secret that the plugin requires. Fails the job for good if it is missing."""
    value = get(key)
    if value is None:
        raise Fatal(f"the setting `{key}` is missing: add it to this plugin's `config` or `secrets` in queues.toml")
    return value
