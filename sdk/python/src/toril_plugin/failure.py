"""The ways in which an attempt ends without a result. Any other exception is a retry."""

import math
from datetime import timedelta

from ._host import IN_COMPONENT


class Failure(Exception):
    """What a handler raises to end its attempt."""


class Retry(Failure):
    """Fails this attempt. The job runs again while attempts remain."""


class Fatal(Failure):
    """Fails the job for good, even if attempts remain (BullMQ: ``UnrecoverableError``)."""


class _Delay(Failure):
    def __init__(self, seconds: float | timedelta):
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        super().__init__(f"again in {seconds} s")
        # Rounded up to whole milliseconds, because a job that runs too early would only be deferred again.
        self.milliseconds = max(0, math.ceil(round(seconds * 1000, 6)))


class Defer(_Delay):
    """Runs the job again after this many seconds, without using up an attempt (BullMQ: ``DelayedError``)."""


class RateLimited(_Delay):
    """Starts no job of the queue for this many seconds, without using up an attempt (BullMQ: ``RateLimitError``)."""


class Requeue(Failure):
    """Puts the job back to the front of its queue, without using up an attempt (BullMQ: ``WaitingError``)."""


class AwaitChildren(Failure):
    """Runs the job again when its children have finished, without using up an attempt (BullMQ:
    ``WaitingChildrenError``)."""


class HostError(Exception):
    """A call to the host failed. If not caught, it fails the job for good if ``permanent``, else this attempt."""

    def __init__(self, doing: str, code: str, reason: str):
        super().__init__(f"{doing}: {reason}")
        #: ``denied``: queues.toml does not grant it. ``invalid``: the call is not valid. ``unavailable``: try again
        #: later.
        self.code = code

    @property
    def permanent(self) -> bool:
        """Whether the same call would fail again."""
        return self.code in ("denied", "invalid")


class HttpError(Exception):
    """A request has no response. If not caught, it fails the job for good if ``permanent``, else this attempt."""

    def __init__(self, message: str, *, permanent: bool = False):
        super().__init__(message)
        #: Whether the same request would fail again: it was denied, or is invalid.
        self.permanent = permanent


def describe(error: BaseException) -> str:
    """An exception's message and the messages of its causes."""
    parts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(parts) < 8:
        text = str(cause)
        # These say little without their class names: the text of a KeyError is the key, that of a SystemExit a
        # number.
        if not text or isinstance(cause, (LookupError, AssertionError)) or not isinstance(cause, Exception):
            text = f"{type(cause).__name__}: {text}".removesuffix(": ")
        if IN_COMPONENT and isinstance(cause, ModuleNotFoundError):
            text += " (in a component, modules are there only if they are imported at the top of a file)"
        if not parts or not parts[-1].endswith(text):
            parts.append(text)
        cause = cause.__cause__
    return ": ".join(parts)
