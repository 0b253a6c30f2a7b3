"""The running job: what it tells, what it keeps, how long it has."""

from dataclasses import dataclass
from typing import Any

from ._host import load
from ._json import to_json

_host = load("context")


def progress(value: Any) -> None:
    """Publishes the job's progress: a number, or any JSON value of 64 KiB at most."""
    _host.set_progress(to_json("the progress", value))


def set_data(value: Any) -> None:
    """Replaces the job's data, 1 MiB of JSON at most. The next attempt gets the new data; ``job.data`` stays as it is."""
    _host.set_data(to_json("the data", value))


def remaining() -> float:
    """Seconds until the attempt's deadline, 0 once it has passed."""
    return _host.remaining() / 1000


@dataclass(frozen=True)
class Cancelled:
    """Why the attempt should end soon: the host shuts down (raise ``Defer``), or someone cancelled the job (raise
    ``Fatal``)."""

    #: In words: the reason that was given by the one who cancelled.
    reason: str
    shutdown: bool = False


def cancelled() -> Cancelled | None:
    """Why the attempt should end soon, None while it should not."""
    told = _host.cancelled()
    if told is None:
        return None
    shutdown, reason = told
    return Cancelled("the host is shutting down" if shutdown else reason, shutdown)
