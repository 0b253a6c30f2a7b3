"""Write Toril plugins in Python. Each plugin handles BullMQ jobs inside its own sandboxed WebAssembly component.

    from toril_plugin import Fatal, job, log

    @job("greet")
    def greet(job):
        log.info("greeting someone")
        return {"text": f"Hello, {job.data['name']}!"}

Functions beyond the running job are in separate modules: ``config``, ``http``, ``jobs``, ``kv``, ``postgres``,
``sqlalchemy``. A component imports from the host only what the plugin's imported modules need.
"""

from . import children, log
from .context import Cancelled, cancelled, progress, remaining, set_data
from .failure import AwaitChildren, Defer, Fatal, HostError, RateLimited, Requeue, Retry
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
    "Requeue",
    "Retry",
    "cancelled",
    "children",
    "job",
    "log",
    "progress",
    "remaining",
    "set_data",
]
