"""Calls the host, and raises its errors as exceptions with messages."""

from collections.abc import Callable
from typing import Any

from componentize_py_types import Err

from ..failure import HostError

#: By the last part of the names of the generated classes, for all interfaces.
_CODES = {"Denied": "denied", "AccessDenied": "denied", "Invalid": "invalid", "NoSuchStore": "invalid"}
_REASONS = {"AccessDenied": "access denied", "NoSuchStore": "no such store"}


def ask(doing: str, call: Callable, *arguments: Any) -> Any:
    """Calls the host. ``doing`` begins the message of the exception."""
    try:
        return call(*arguments)
    except Err as refusal:
        kind = type(refusal.value).__name__.rpartition("_")[2]
        reason = getattr(refusal.value, "value", None) or _REASONS.get(kind, kind)
        raise HostError(doing, _CODES.get(kind, "unavailable"), reason) from None
