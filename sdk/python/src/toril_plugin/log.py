"""The job's own log (BullMQ: ``queue.getJobLogs``). What is printed goes there, too.

What is logged is kept and seen by others: log no secrets, and no payloads that could hold some.
"""

from ._host import load

_host = load("context")


def debug(message: object) -> None:
    """Writes a line for whoever looks for a fault."""
    _host.log("debug", str(message))


def info(message: object) -> None:
    """Writes a line that says what happens."""
    _host.log("info", str(message))


def warn(message: object) -> None:
    """Writes a line about what is not as it should be, and does not stop the job."""
    _host.log("warn", str(message))


def error(message: object) -> None:
    """Writes a line about what has gone wrong."""
    _host.log("error", str(message))
