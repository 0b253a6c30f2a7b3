"""The job that runs. There is one at a time."""

from typing import Any

from .failure import HostError

#: As the host gives it. Its ``queue``, ``id`` and ``added_at``, in milliseconds since the Unix epoch, identify the job.
#: Its id alone does not, because BullMQ can use an id again.
current: Any = None


def running_job(what: str) -> Any:
    """The running job."""
    if current is None:
        raise HostError(what, "unavailable", "no job is running")
    return current
