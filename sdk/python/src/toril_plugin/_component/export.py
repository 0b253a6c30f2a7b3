"""A component's exports."""

from types import ModuleType
from typing import Any

from componentize_py_types import Err
from wit_world.imports import toril_types as types

from .._adapter import Adapter
from . import preload

_FAILURES = {
    "retry": lambda message: types.Failure_Retry(types.Reason(message, None)),
    "fatal": lambda message: types.Failure_Fatal(types.Reason(message, None)),
    "defer": types.Failure_Defer,
    "requeue": lambda _: types.Failure_Requeue(),
    "rate-limited": types.Failure_RateLimited,
    "await-children": lambda _: types.Failure_AwaitChildren(),
}


def handler(plugin: ModuleType) -> type:
    """The class ``Handler`` that componentize-py looks for."""
    adapter = Adapter(plugin)
    preload.complete()

    class Handler:
        def describe(self) -> Any:
            return types.Manifest(adapter.description, [types.JobType(*kind) for kind in adapter.describe()])

        def handle(self, job: Any) -> str:
            outcome, value = adapter.handle(job)
            if outcome == "completed":
                return value
            raise Err(_FAILURES[outcome](value))

    return Handler
