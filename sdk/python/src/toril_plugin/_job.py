"""The job that an attempt runs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class JobRef:
    """Names one job: the queue that it is in, and its id there."""

    queue: str
    id: str


@dataclass(frozen=True)
class Job:
    """The job that this attempt runs."""

    #: The job's id, unique in its queue and the same on every attempt.
    id: str
    #: The queue's name, without BullMQ's key prefix.
    queue: str
    #: The job's name, as its producer gave it.
    name: str
    #: The payload, as ``json.loads`` reads it.
    data: Any
    #: Which run this is, 1 on the first. Runs that ended in ``Defer``, ``RateLimited`` or ``AwaitChildren`` do not count.
    attempt: int
    #: How many attempts the job has in all, at least 1.
    max_attempts: int
    #: When the producer added the job, in UTC.
    added_at: datetime
    #: The job that waits for this one, if this one is a child in a flow.
    parent: JobRef | None = None

    @property
    def is_last_attempt(self) -> bool:
        """Whether no attempt remains after this one."""
        return self.attempt >= self.max_attempts
