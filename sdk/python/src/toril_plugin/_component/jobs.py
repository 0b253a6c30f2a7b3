"""Adding jobs."""

import math
from typing import Any

from wit_world.imports import jobs as host

from .ask import ask


def add(queue: str, name: str, data: str, options: Any) -> str:
    return ask("the job was not added", host.add, queue, name, data, _record(options))


def add_child(queue: str, name: str, data: str, options: Any, on_failure: str) -> str:
    on_failure = host.OnFailure[on_failure.upper().replace("-", "_")]
    return ask("the child was not added", host.add_child, queue, name, data, _record(options), on_failure)


def _record(options: Any) -> host.AddOptions:
    backoff, dedup = options.backoff, options.deduplication
    return host.AddOptions(
        id=options.id,
        delay=_milliseconds(options.delay),
        priority=options.priority,
        attempts=options.attempts,
        backoff=backoff
        and host.Backoff(backoff.kind, _milliseconds(backoff.delay), backoff.jitter),
        deduplication=dedup
        and host.Deduplication(
            dedup.id, _milliseconds(dedup.ttl), dedup.extend, dedup.replace, dedup.keep_last_if_active
        ),
        lifo=False,
        remove_on_complete=None,
        remove_on_fail=None,
        keep_logs=None,
        stack_trace_limit=None,
        size_limit=None,
        timestamp=None,
        parent=None,
        on_failure=None,
    )


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else math.ceil(round(seconds * 1000, 6))
