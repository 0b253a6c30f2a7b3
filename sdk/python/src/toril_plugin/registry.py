"""Finds the functions of a plugin's module that handle jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import isasyncgenfunction, iscoroutinefunction
from types import ModuleType
from typing import Any

from ._job import Job

Handler = Callable[[Job], Any]
_MARK = "__toril_job__"


@dataclass(frozen=True)
class JobType:
    """One kind of job, and its handler."""

    name: str
    description: str
    schema: dict | None
    result_schema: dict | None
    handler: Handler


def job(
    name: str,
    *,
    schema: dict | None = None,
    result_schema: dict | None = None,
    description: str | None = None,
) -> Callable[[Handler], Handler]:
    """Makes a function the handler of the jobs of this name.

    ``schema`` is a JSON Schema (draft 2020-12). The host fails a job whose data does not match for good, without
    starting the plugin. ``result_schema`` describes the job's result for producers. The host does not validate results.
    ``description`` is one sentence for people. It defaults to the first line of the function's docstring.
    """

    def mark(handler: Handler) -> Handler:
        _refuse_async(f"the handler of `{name}`", handler)
        described = description or first_line(handler.__doc__)
        setattr(handler, _MARK, JobType(name, described, schema, result_schema, handler))
        return handler

    return mark


def _refuse_async(what: str, handler: Handler) -> None:
    """The result of such a function must be awaited, and a component has no event loop."""
    if iscoroutinefunction(handler) or isasyncgenfunction(handler):
        raise TypeError(f"{what} is an `async def`, and a plugin's handlers are plain functions: write `def`")


def first_line(docstring: str | None) -> str:
    """The first line of a docstring, empty if there is none."""
    return (docstring or "").strip().partition("\n")[0]


def job_types(plugin: ModuleType) -> dict[str, JobType]:
    """The kinds of job in a module, by name: its own functions and imported ones. None: it handles any name."""
    marked = [getattr(value, _MARK) for value in vars(plugin).values() if isinstance(getattr(value, _MARK, None), JobType)]
    types = {job_type.name: job_type for job_type in marked}
    if len(types) != len({id(job_type) for job_type in marked}):
        raise TypeError("two functions handle jobs of the same name")
    if bool(types) == callable(getattr(plugin, "handle", None)):
        raise TypeError("a plugin has either a function `handle`, for jobs of any name, or functions marked with `@job`")
    if not types:
        _refuse_async("`handle`", plugin.handle)
    return types
