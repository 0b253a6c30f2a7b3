"""Adding jobs, to the queues in ``add_to`` in the plugin's entry in queues.toml."""

from dataclasses import dataclass
from typing import Any, Literal

from ._host import load
from ._json import to_json

_host = load("jobs")

OnFailure = Literal["fail-parent", "continue-parent", "ignore", "remove", "wait"]


@dataclass(frozen=True)
class Backoff:
    """The delay between a job's attempts, in seconds. ``jitter`` is its random share, 0 to 1."""

    kind: Literal["fixed", "exponential"]
    delay: float
    jitter: float = 0.0


@dataclass(frozen=True)
class Deduplication:
    """Adds a job only if no other job of the same id exists, for ``ttl`` seconds or until that has finished."""

    id: str
    ttl: float | None = None
    #: Each duplicate restarts the time of ``ttl``.
    extend: bool = False
    #: Replaces a delayed job of the same id by this one.
    replace: bool = False
    #: While a job of the same id runs, keeps only the latest duplicate, and adds it when that job finishes.
    keep_last_if_active: bool = False


@dataclass(frozen=True)
class Options:
    """Options of a job. Omitted options default to the queue's entry in queues.toml, if it has one."""

    #: A custom job id: without a colon, and not a whole number. A job whose id exists is not added again.
    id: str | None = None
    #: Delay in seconds.
    delay: float | None = None
    #: 1 is the highest priority and 2,097,151 the lowest. Jobs without a priority run before all of them.
    priority: int | None = None
    #: How many attempts the job has in total, at least 1.
    attempts: int | None = None
    backoff: Backoff | None = None
    deduplication: Deduplication | None = None


def add(queue: str, name: str, data: Any = None, **options: Any) -> str:
    """Adds a job, and returns its id. The options are the fields of ``Options``."""
    return _host.add(queue, name, to_json("the data", data), Options(**options))


def add_child(queue: str, name: str, data: Any = None, *, on_failure: OnFailure = "fail-parent", **options: Any) -> str:
    """Adds a child of the running job, and returns its id. Set an ``id``, because attempts are repeated."""
    return _host.add_child(queue, name, to_json("the data", data), Options(**options), on_failure)
