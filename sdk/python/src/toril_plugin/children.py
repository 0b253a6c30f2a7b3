"""The running job's children. ``jobs.add_child`` adds some."""

import json
from dataclasses import dataclass
from typing import Any

from ._host import load
from ._job import JobRef

_host = load("context")


@dataclass(frozen=True)
class Counts:
    """How many children there are, by what became of them."""

    processed: int = 0
    unprocessed: int = 0
    ignored: int = 0
    failed: int = 0


def values() -> dict[JobRef, Any]:
    """What the completed children returned, in no order."""
    return {JobRef(queue, id): json.loads(value) for queue, id, value in _host.children_values()}


def ignored_failures() -> dict[JobRef, str]:
    """Why those children failed whose failure is ignored, in no order."""
    return {JobRef(queue, id): reason for queue, id, reason in _host.ignored_failures()}


def counts() -> Counts:
    """Counts the children."""
    return Counts(*_host.dependencies())
