"""Behaviours about the end of an attempt."""

from datetime import UTC, datetime, timedelta

from schemas import number
from toril_plugin import AwaitChildren, Defer, Fatal, RateLimited, children, job


@job("fail-times", schema=number("times"))
def fail_times(job):
    """Fails on the first attempts."""
    if job.attempt <= job.data["times"]:
        raise RuntimeError(f"attempt {job.attempt} failed")
    return {"attempts": job.attempt}


@job("fatal")
def fatal(job):
    """Fails for good."""
    raise Fatal("this job cannot be done")


@job("defer", schema=number("ms"))
def defer(job):
    """Defers itself until its time."""
    if (left := time_left(job)) > timedelta():
        raise Defer(left)
    return {"attempts": job.attempt}


@job("rate-limit", schema=number("ms"))
def rate_limit(job):
    """Limits the rate of the queue until its time."""
    if (left := time_left(job)) > timedelta():
        raise RateLimited(left)
    return {"attempts": job.attempt}


@job("await")
def await_children(job):
    """Waits for its children."""
    # Waiting without pending children would repeat at once.
    if children.counts().unprocessed > 0:
        raise AwaitChildren
    return {"children": list(children.values().values())}


def time_left(job):
    """The time until `ms` milliseconds after the job was added."""
    return job.added_at + timedelta(milliseconds=job.data["ms"]) - datetime.now(UTC)
