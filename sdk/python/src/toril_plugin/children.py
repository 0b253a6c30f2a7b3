"""The running job's children. ``jobs.add_child`` adds children."""

import json
from dataclasses import dataclass
from typing import Any

from ._host import load
from ._job import JobRef

_host = load("context")


@dataclass(frozen=True)
class Counts:
    """The number of children in each state."""

    processed: int = 0
    unprocessed: int = 0
    ignored: int = 0
    failed: int = 0


def values() -> dict[JobRef, Any]:
    """The results of the completed children, in no particular order."""
    return {JobRef(queue, id): json.loads(value) for queue, id, value in _host.children_values()}


def ignored_failures() -> dict[JobRef, str]:
    """The reasons of the failures that the parent ignores, in no particular order."""
    return {JobRef(queue, id): reason for queue, id, reason in _host.ignored_failures()}


def counts() -> Counts:
    """Counts the children."""
    return Counts(*_host.dependencies())
