"""The job that an attempt runs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class JobRef:
    """The queue and the id of a job."""

    queue: str
    id: str


@dataclass(frozen=True)
class Job:
    """The running job."""

    #: The job's id, unique in its queue and the same on every attempt.
    id: str
    #: The queue's name, without BullMQ's key prefix.
    queue: str
    #: The job's name, as its producer set it.
    name: str
    #: The payload, as ``json.loads`` reads it.
    data: Any
    #: The number of this attempt, 1 for the first. Attempts that ended in ``Defer``, ``Requeue``,
    #: ``RateLimited`` or ``AwaitChildren`` do not count.
    attempt: int
    #: How many attempts the job has in total, at least 1.
    max_attempts: int
    #: When the producer added the job, in UTC.
    added_at: datetime
    #: The job that waits for this one, if this one is a child in a flow.
    parent: JobRef | None = None

    @property
    def is_last_attempt(self) -> bool:
        """Whether this is the last attempt."""
        return self.attempt >= self.max_attempts
