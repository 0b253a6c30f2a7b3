"""Write Toril plugins in Python: each handles BullMQ jobs inside a sandboxed WebAssembly component of its own.

    from toril_plugin import Fatal, job, log

    @job("greet")
    def greet(job):
        log.info("greeting someone")
        return {"text": f"Hello, {job.data['name']}!"}

What talks to more of the host than the running job is in modules of its own: ``config``, ``http``, ``jobs``, ``kv``. A
component imports from the host only what belongs to the modules that the plugin imports.
"""

from . import children, log
from .context import Cancelled, cancelled, progress, remaining, set_data
from .failure import AwaitChildren, Defer, Fatal, HostError, RateLimited, Retry
from ._job import Job, JobRef
from .registry import job

__all__ = [
    "AwaitChildren",
    "Cancelled",
    "Defer",
    "Fatal",
    "HostError",
    "Job",
    "JobRef",
    "RateLimited",
    "Retry",
    "cancelled",
    "children",
    "job",
    "log",
    "progress",
    "remaining",
    "set_data",
]
