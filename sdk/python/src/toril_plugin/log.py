"""The job's own log (BullMQ: ``queue.getJobLogs``). What is printed goes there, too.

Log lines are stored and others can read them. Log no secrets, and no payloads that could contain secrets.
"""

from ._host import load

_host = load("context")


def debug(message: object) -> None:
    """Writes a line with details for debugging."""
    _host.log("debug", str(message))


def info(message: object) -> None:
    """Writes a line about a normal event."""
    _host.log("info", str(message))


def warn(message: object) -> None:
    """Writes a line about a problem that does not stop the job."""
    _host.log("warn", str(message))


def error(message: object) -> None:
    """Writes a line about an error."""
    _host.log("error", str(message))
