"""The host that is in place."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .._job import JobRef


@dataclass
class Host:
    """A host that grants everything, and remembers what it was told."""

    # What it has.
    config: dict[str, str] = field(default_factory=dict)
    #: As it is in Redis: the JSON text of what ``kv.get`` answers with, so ``{"total": b"4"}`` for 4. Text is encoded.
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

    def __post_init__(self):
        for key, value in self.kv.items():
            if not isinstance(value, bytes | bytearray | str):
                raise TypeError(f"kv[{key!r}] is bytes, as it is in Redis: give {json.dumps(value).encode()!r}, its JSON text")
        self.kv = {key: value.encode() if isinstance(value, str) else bytes(value) for key, value in self.kv.items()}


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
