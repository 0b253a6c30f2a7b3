"""The running job."""

import json
import sys

from . import state

#: Lines are printed if no test collects them.
_default = state.current


def log(level: str, message: str) -> None:
    state.current.logs.append((level, message))
    if state.current is _default:
        print(f"{level}: {message}", file=sys.stderr)


def set_progress(text: str) -> None:
    state.current.progress.append(json.loads(text))


def set_data(text: str) -> None:
    state.current.data = json.loads(text)


def children_values() -> list[tuple[str, str, str]]:
    return [(child.queue, child.id, json.dumps(value)) for child, value in state.current.children.items()]


def ignored_failures() -> list[tuple[str, str, str]]:
    return [(child.queue, child.id, reason) for child, reason in state.current.ignored_failures.items()]


def dependencies() -> tuple[int, int, int, int]:
    host = state.current
    return len(host.children), host.unprocessed, len(host.ignored_failures), host.failed


def remaining() -> int:
    return int(state.current.remaining * 1000)


def cancelled() -> tuple[bool, str] | None:
    if state.current.cancelled is not None:
        return False, state.current.cancelled
    return (True, "") if state.current.shutdown else None
