"""The running job."""

from wit_world.imports import job_context as host

from .ask import ask

remaining = host.remaining


def cancelled() -> tuple[bool, str] | None:
    why = host.cancelled()
    if why is None:
        return None
    return (False, why.value) if isinstance(why, host.Cancellation_Requested) else (True, "")


def log(level: str, message: str) -> None:
    host.log(host.Level[level.upper()], message)


def set_progress(json: str) -> None:
    ask("the progress was not published", host.set_progress, json)


def set_data(json: str) -> None:
    ask("the data was not saved", host.set_data, json)


def children_values() -> list[tuple[str, str, str]]:
    values = ask("the children were not read", host.children_values)
    return [(value.child.queue, value.child.id, value.value) for value in values]


def ignored_failures() -> list[tuple[str, str, str]]:
    failures = ask("the children were not read", host.ignored_failures)
    return [(failure.child.queue, failure.child.id, failure.reason) for failure in failures]


def dependencies() -> tuple[int, int, int, int]:
    counts = ask("the children were not counted", host.dependencies)
    return counts.processed, counts.unprocessed, counts.ignored, counts.failed
