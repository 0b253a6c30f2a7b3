"""Runs handlers in unit tests, with a mock host.

    ended = run(plugin, "greet", {"name": "world"})
    assert ended.result == {"text": "Hello, world!"}
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

from ._adapter import Adapter
from ._stand_in import state
from ._stand_in.state import Added, Host
from ._job import JobRef

__all__ = ["Added", "Ended", "Host", "run"]


@dataclass(frozen=True)
class Ended:
    """The outcome of an attempt."""

    #: ``completed``, ``retry``, ``fatal``, ``defer``, ``requeue``, ``rate-limited`` or ``await-children``.
    outcome: str
    #: For ``completed``.
    result: Any = None
    #: For ``retry`` and ``fatal``.
    message: str | None = None
    #: For ``defer`` and ``rate-limited``.
    seconds: float | None = None
    #: The attempt's calls to the host.
    host: Host | None = None


def run(
    plugin: ModuleType,
    name: str = "test",
    data: Any = None,
    *,
    host: Host | None = None,
    id: str = "1",
    queue: str = "test",
    attempt: int = 1,
    max_attempts: int = 1,
    added_at: datetime = datetime.fromtimestamp(0, UTC),
    parent: JobRef | None = None,
) -> Ended:
    """Runs one attempt of a job in a plugin, as a host would."""
    host = host or Host()
    raw = SimpleNamespace(
        id=id,
        queue=queue,
        name=name,
        data=json.dumps(data),
        attempt=attempt,
        max_attempts=max_attempts,
        added_at=int(added_at.timestamp() * 1000),
        parent=parent,
    )
    before, state.current = state.current, host
    try:
        outcome, value = Adapter(plugin).handle(raw)
    finally:
        state.current = before
    match outcome:
        case "completed":
            return Ended(outcome, result=json.loads(value), host=host)
        case "defer" | "rate-limited":
            return Ended(outcome, seconds=value / 1000, host=host)
        case _:
            return Ended(outcome, message=value, host=host)
