"""Does what the job's name says: every way in which a job can end, and all functions of the host."""

from ends import await_children, defer, fail_times, fatal, rate_limit  # noqa: F401
from host import (  # noqa: F401
    checkpoint,
    config,
    count,
    count_of_instance,
    fetch,
    nap,
    progress,
    sleep_until_cancelled,
    with_child,
)
from toril_plugin import job


@job("echo")
def echo(job):
    """Returns its data."""
    return job.data
