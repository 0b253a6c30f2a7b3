"""The jobs of the benchmarks as a plugin in Python. tests/guests/bench is the same in Rust."""

import time

from toril_plugin import http, job


@job("noop")
def noop(job):
    """Does nothing."""
    return 1


@job("payload")
def payload(job):
    """Returns its data."""
    return job.data


@job("cpu")
def cpu(job):
    """Arithmetic."""
    return churn(job.data["rounds"])


@job("http")
def get(job):
    """Requests a URL."""
    return http.get(job.data["url"]).status


@job("hold")
def hold(job):
    """Sleeps."""
    time.sleep(job.data["ms"] / 1000)
    return 1


def churn(rounds):
    """Runs this many rounds of a 32-bit xorshift."""
    state = 0x9E3779B9
    for _ in range(rounds):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
    return state
