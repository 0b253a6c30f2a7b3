"""The present host."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .._job import JobRef


@dataclass
class Host:
    """A host that allows everything and records all calls."""

    # Its data.
    config: dict[str, str] = field(default_factory=dict)
    #: In the format of Redis: the JSON text of the value that ``kv.get`` returns, so ``{"total": b"4"}`` for 4. Text
    #: is encoded.
    kv: dict[str, bytes] = field(default_factory=dict)
    #: Answers requests: takes ``(method, url, headers, body)``, returns an ``http.Response``.
    http: Callable | None = None
    #: Opens a connection: takes the name of a pool, returns a connection of any module of DB-API 2.0 for PostgreSQL.
    postgres: Callable | None = None
    children: dict[JobRef, Any] = field(default_factory=dict)
    ignored_failures: dict[JobRef, str] = field(default_factory=dict)
    #: Unfinished children, and failed ones.
    unprocessed: int = 0
    failed: int = 0
    #: In seconds.
    remaining: float = 3600.0
    #: The reason, if the job is cancelled.
    cancelled: str | None = None
    #: Whether the host shuts down.
    shutdown: bool = False
    # Its records of calls.
    logs: list[tuple[str, str]] = field(default_factory=list)
    progress: list[Any] = field(default_factory=list)
    data: Any = None
    added: list["Added"] = field(default_factory=list)

    def __post_init__(self):
        for key, value in self.kv.items():
            if not isinstance(value, bytes | bytearray | str):
                raise TypeError(f"kv[{key!r}] must be bytes, as in Redis: give {json.dumps(value).encode()!r}, its JSON text")
        self.kv = {key: value.encode() if isinstance(value, str) else bytes(value) for key, value in self.kv.items()}


@dataclass(frozen=True)
class Added:
    """An added job. ``on_failure`` is None if it is not a child."""

    queue: str
    name: str
    data: Any
    id: str
    options: Any
    on_failure: str | None = None


current = Host()
