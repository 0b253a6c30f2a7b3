"""Connects a plugin's module with the interface ``toril:plugin/handler``. Must not depend on the generated types."""

import errno
import json
import sys
import traceback
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from . import _running, log
from ._json import to_json
from .failure import AwaitChildren, Defer, Failure, Fatal, RateLimited, Requeue, describe
from ._job import Job, JobRef
from .registry import first_line, job_types


class Adapter:
    """Runs a plugin's module. Created when the component is built, so that an invalid module fails the build."""

    def __init__(self, plugin: ModuleType):
        self._types = job_types(plugin)
        self._handle = getattr(plugin, "handle", None)
        self.description = getattr(plugin, "DESCRIPTION", None) or first_line(plugin.__doc__)

    def describe(self) -> list[tuple[str, str, str | None, str | None]]:
        """Name, description, data schema and result schema of each kind of job."""
        return [
            (kind.name, kind.description, _text(kind.schema), _text(kind.result_schema))
            for kind in self._types.values()
        ]

    def handle(self, raw: Any) -> tuple[str, Any]:
        """The outcome's name and its value: the result's text, a message, milliseconds or nothing."""
        _reseed()
        _running.current = raw
        try:
            return "completed", self._run(raw)
        except (Defer, RateLimited) as failure:
            return "defer" if isinstance(failure, Defer) else "rate-limited", failure.milliseconds
        except (AwaitChildren, Requeue) as failure:
            return "await-children" if isinstance(failure, AwaitChildren) else "requeue", None
        except BaseException as error:
            if not isinstance(error, Failure):
                log.error("".join(traceback.format_exception(_without_own_frames(error))).rstrip())
            fatal = isinstance(error, Fatal) or _is_denial(error) or getattr(error, "permanent", None) is True
            return "fatal" if fatal else "retry", describe(error)
        finally:
            _running.current = None

    def _run(self, raw: Any) -> str:
        if self._handle:
            handler = self._handle
        elif raw.name in self._types:
            handler = self._types[raw.name].handler
        else:
            raise Fatal(f"this plugin handles no jobs called `{raw.name}`")
        result = handler(
            Job(
                id=raw.id,
                queue=raw.queue,
                name=raw.name,
                data=json.loads(raw.data),
                attempt=raw.attempt,
                max_attempts=raw.max_attempts,
                added_at=datetime.fromtimestamp(raw.added_at / 1000, UTC),
                parent=raw.parent and JobRef(raw.parent.queue, raw.parent.id),
            )
        )
        try:
            return to_json("the result", result)
        except TypeError as error:
            raise Fatal(str(error)) from None


def _is_denial(error: BaseException) -> bool:
    """Whether the host has denied a connection. A component has no files that could be denied, and a `PermissionError`
    that a program raises itself has no number."""
    return isinstance(error, PermissionError) and error.errno in (errno.EACCES, errno.EPERM)


def _text(schema: dict | None) -> str | None:
    return None if schema is None else json.dumps(schema)


def _reseed() -> None:
    """Every instance begins with the memory of the build. Without this, all of them would have the same random
    numbers."""
    if "random" in sys.modules:
        sys.modules["random"].seed()


def _without_own_frames(error: BaseException) -> BaseException:
    """Removes this module's frames from a traceback."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return error.with_traceback(trace)
