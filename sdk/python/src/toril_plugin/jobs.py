"""Adding jobs, to the queues that ``add_to`` names in the plugin's entry in queues.toml."""

from dataclasses import dataclass
from typing import Any, Literal

from ._host import load
from ._json import to_json

_host = load("jobs")

OnFailure = Literal["fail-parent", "continue-parent", "ignore", "remove", "wait"]


@dataclass(frozen=True)
class Backoff:
    """The spacing of a job's attempts, in seconds. ``jitter`` is the share of it that is left to chance, 0 to 1."""

    kind: Literal["fixed", "exponential"]
    delay: float
    jitter: float = 0.0


@dataclass(frozen=True)
class Deduplication:
    """Adds a job only if no other of that id is there, for ``ttl`` seconds or until it has ended."""

    id: str
    ttl: float | None = None
    #: Each further try starts that time anew.
    extend: bool = False
    #: A delayed job of that id is replaced by this one.
    replace: bool = False
    #: While one of that id runs, this one is kept and added at its end.
    keep_last_if_active: bool = False


@dataclass(frozen=True)
class Options:
    """Options of a job. What is left out comes from the queue's entry in queues.toml, if it has one."""

    #: A job id of one's own: without colon, and not a whole number. A job of that id is not added again.
    id: str | None = None
    #: Not before that many seconds have passed.
    delay: float | None = None
    #: 1 goes first, 2,097,151 last; jobs without one go before those.
    priority: int | None = None
    #: How often it is tried in all, at least 1.
    attempts: int | None = None
    backoff: Backoff | None = None
    deduplication: Deduplication | None = None


def add(queue: str, name: str, data: Any = None, **options: Any) -> str:
    """Adds a job, and returns its id. The options are the fields of ``Options``."""
    return _host.add(queue, name, to_json("the data", data), Options(**options))


def add_child(queue: str, name: str, data: Any = None, *, on_failure: OnFailure = "fail-parent", **options: Any) -> str:
    """Adds a child of the running job, and returns its id. Give it an ``id`` of its own: attempts are repeated."""
    return _host.add_child(queue, name, to_json("the data", data), Options(**options), on_failure)
