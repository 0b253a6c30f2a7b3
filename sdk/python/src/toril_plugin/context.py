"""The running job: its progress, its data, its deadline."""

from dataclasses import dataclass
from typing import Any

from ._host import load
from ._json import to_json

_host = load("context")


def progress(value: Any) -> None:
    """Publishes the job's progress: a number, or any JSON value of at most 64 KiB."""
    _host.set_progress(to_json("the progress", value))


def set_data(value: Any) -> None:
    """Replaces the job's data, at most 1 MiB of JSON. The next attempt gets the new data; ``job.data`` does not
    change."""
    _host.set_data(to_json("the data", value))


def remaining() -> float:
    """Seconds until the attempt's deadline, 0 once it has passed."""
    return _host.remaining() / 1000


@dataclass(frozen=True)
class Cancelled:
    """Why the attempt should end soon: the host shuts down (raise ``Defer``), or someone cancelled the job (raise
    ``Fatal``)."""

    #: The reason: for a cancelled job, the one that its canceller gave.
    reason: str
    shutdown: bool = False


def cancelled() -> Cancelled | None:
    """Why the attempt should end soon, None if it should not."""
    cancellation = _host.cancelled()
    if cancellation is None:
        return None
    shutdown, reason = cancellation
    return Cancelled("the host is shutting down" if shutdown else reason, shutdown)
