"""The ways in which an attempt ends without a result. Every other exception is a retry, too."""

import math
from datetime import timedelta

from ._host import IN_COMPONENT


class Failure(Exception):
    """What a handler raises to end its attempt."""


class Retry(Failure):
    """Fails this attempt: the job is run again while attempts remain."""


class Fatal(Failure):
    """Fails the job for good, whatever attempts remain (BullMQ: ``UnrecoverableError``)."""


class _Delay(Failure):
    def __init__(self, seconds: float | timedelta):
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        super().__init__(f"again in {seconds} s")
        # Parts of a millisecond are rounded up: a job that comes early would only be put off once more.
        self.milliseconds = max(0, math.ceil(round(seconds * 1000, 6)))


class Defer(_Delay):
    """Runs the job again after that many seconds, and uses up no attempt (BullMQ: ``DelayedError``)."""


class RateLimited(_Delay):
    """Starts no job of the queue for that many seconds, and uses up no attempt (BullMQ: ``RateLimitError``)."""


class AwaitChildren(Failure):
    """Runs the job again when its children have ended, and uses up no attempt (BullMQ: ``WaitingChildrenError``)."""


class HostError(Exception):
    """The host did not do what was asked. Not caught, it fails the job for good if ``permanent``, else this attempt."""

    def __init__(self, doing: str, code: str, reason: str):
        super().__init__(f"{doing}: {reason}")
        #: ``denied``: queues.toml does not grant it. ``invalid``: it is not allowed. ``unavailable``: not now.
        self.code = code

    @property
    def permanent(self) -> bool:
        """Whether asking again would not help."""
        return self.code in ("denied", "invalid")


class HttpError(Exception):
    """There is no response. Not caught, it fails the job for good if ``permanent``, else this attempt."""

    def __init__(self, message: str, *, permanent: bool = False):
        super().__init__(message)
        #: Whether the same request would meet the same error: it was denied, or it is none.
        self.permanent = permanent


#: Modules that are of no use without sockets, by the first part of their names; of `urllib` that is `request` alone.
_NEED_SOCKETS = {
    *("_socket", "_ssl", "ftplib", "http", "smtplib", "socket", "ssl"),
    *("aiohttp", "httpx", "requests", "urllib3", "websockets"),
}


def missing_module(name: str) -> str:
    """What to do about a module that is not there in a component."""
    if name.partition(".")[0] in _NEED_SOCKETS or name == "urllib.request":
        return "a component has no sockets: send requests with `toril_plugin.http`"
    return "in a component, modules are there only if they are imported at the top of a file"


def describe(error: BaseException) -> str:
    """An exception's message and those of its causes."""
    parts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(parts) < 8:
        text = str(cause)
        # These say little without their names: KeyError's text is the key, SystemExit's a number.
        if not text or isinstance(cause, (LookupError, AssertionError)) or not isinstance(cause, Exception):
            text = f"{type(cause).__name__}: {text}".removesuffix(": ")
        if IN_COMPONENT and isinstance(cause, ModuleNotFoundError):
            text += f" ({missing_module(cause.name or '')})"
        if not parts or not parts[-1].endswith(text):
            parts.append(text)
        cause = cause.__cause__
    return ": ".join(parts)
