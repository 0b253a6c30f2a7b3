"""Connections: the test's own function opens them, else they fail."""

from collections.abc import Callable
from typing import Any

from ..postgres.errors import host_error
from . import state


def connect(pool: str, wrap: Callable[[Any], Any]) -> Any:
    if state.current.postgres is None:
        reason = "no database outside of a component: set a function `postgres` in the test's host"
        raise host_error("unavailable", reason)
    return state.current.postgres(pool)
