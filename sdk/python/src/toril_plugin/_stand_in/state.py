"""The host that is in place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .._job import JobRef


@dataclass
class Host:
    """A host that grants everything, and remembers what it was told."""

    # What it has.
    config: dict[str, str] = field(default_factory=dict)
    kv: dict[str, bytes] = field(default_factory=dict)
    #: Answers requests: takes ``(method, url, headers, body)``, returns an ``http.Response``.
    http: Callable | None = None
    children: dict[JobRef, Any] = field(default_factory=dict)
    ignored_failures: dict[JobRef, str] = field(default_factory=dict)
    #: Children that have not ended, and those that have failed.
    unprocessed: int = 0
    failed: int = 0
    #: Seconds.
    remaining: float = 3600.0
    #: The reason, where somebody has cancelled the job.
    cancelled: str | None = None
    #: Whether it shuts down.
    shutdown: bool = False
    # What it was told.
    logs: list[tuple[str, str]] = field(default_factory=list)
    progress: list[Any] = field(default_factory=list)
    data: Any = None
    added: list["Added"] = field(default_factory=list)


@dataclass(frozen=True)
class Added:
    """A job that was added. ``on_failure`` is None if it is no child."""

    queue: str
    name: str
    data: Any
    id: str
    options: Any
    on_failure: str | None = None


current = Host()
