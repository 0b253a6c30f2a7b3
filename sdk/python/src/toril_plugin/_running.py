"""The job that runs. There is one at a time."""

from typing import NamedTuple

from .failure import HostError


class Running(NamedTuple):
    """What identifies a job. Its id alone does not, because BullMQ can use an id again."""

    queue: str
    id: str
    #: In milliseconds since the Unix epoch.
    added_at: int


current: Running | None = None


def running_job(what: str) -> Running:
    """The running job."""
    if current is None:
        raise HostError(what, "unavailable", "no job is running")
    return current
