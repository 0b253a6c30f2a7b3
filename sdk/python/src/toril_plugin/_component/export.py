"""A component's exports."""

from types import ModuleType
from typing import Any

from componentize_py_types import Err
from wit_world.imports import toril_types as types

from .._adapter import Adapter
from . import preload  # noqa: F401

_FAILURES = {
    "retry": types.Failure_Retry,
    "fatal": types.Failure_Fatal,
    "defer": types.Failure_Defer,
    "rate-limited": types.Failure_RateLimited,
}


def handler(plugin: ModuleType) -> type:
    """The class ``Handler`` that componentize-py looks for."""
    adapter = Adapter(plugin)

    class Handler:
        def describe(self) -> Any:
            return types.Manifest(adapter.description, [types.JobType(*kind) for kind in adapter.describe()])

        def handle(self, job: Any) -> str:
            outcome, value = adapter.handle(job)
            if outcome == "completed":
                return value
            if outcome == "await-children":
                raise Err(types.Failure_AwaitChildren())
            raise Err(_FAILURES[outcome](value))

    return Handler
