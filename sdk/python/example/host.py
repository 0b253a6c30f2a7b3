"""Behaviours about the host's functions."""

import itertools
import time

import toril_plugin
from schemas import number, text
from toril_plugin import AwaitChildren, cancelled, children, http, job, jobs, kv, log, remaining, set_data
from toril_plugin import config as settings


@job("progress")
def progress(job):
    """Publishes progress and writes lines."""
    toril_plugin.progress(50)
    log.info("half of it is done")
    log.warn("the other half is slow")
    log.error("nothing has gone wrong")
    toril_plugin.progress({"step": "two"})
    return {"lines": 3}


@job("fetch", schema=text("url"))
def fetch(job):
    """Requests a URL."""
    response = http.get(job.data["url"])
    return {"status": response.status, "body": response.text}


@job("config", schema=text("key"))
def config(job):
    """Reads a setting."""
    return {"value": settings.get(job.data["key"])}


@job("kv", schema=text("key"))
def count(job):
    """Counts under a key."""
    return {"value": kv.increment(job.data["key"])}


@job("checkpoint")
def checkpoint(job):
    """Works in two steps; the first survives a retry."""
    if "first" not in job.data:
        set_data({**job.data, "first": f"done on attempt {job.attempt}"})
        raise RuntimeError("the second step failed")
    return {"first": job.data["first"], "second": f"done on attempt {job.attempt}"}


@job("sleep", schema=number("ms"))
def nap(job):
    """Sleeps."""
    time.sleep(job.data["ms"] / 1000)
    return {"slept": job.data["ms"]}


@job("sleep-until-cancelled")
def sleep_until_cancelled(job):
    """Sleeps until it is cancelled, or until just before the deadline."""
    while remaining() > 0.2:
        if why := cancelled():
            return {"cancelled": True, "reason": why.reason}
        time.sleep(0.02)
    return {"cancelled": False}


@job("children")
def with_child(job):
    """Adds a child, waits for it, and returns its result."""
    counts = children.counts()
    if counts.processed == 0 and counts.unprocessed == 0:
        jobs.add_child(job.queue, "echo", "of age", id=f"child-of-{job.id}")
    if counts.processed == 0:
        raise AwaitChildren
    return {"children": list(children.values().values())}


# The number of jobs that this instance has started: more than one only with `isolation = "reuse"`.
served = itertools.count(1)


@job("served")
def count_of_instance(job):
    """Counts the jobs of its instance."""
    number = next(served)
    print(f"job {job.id} is number {number}")
    return {"served": number}
