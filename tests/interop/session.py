"""A BullMQ client in Python that executes calls until its standard input ends. session.mjs lists the calls. A call
that Python's client does not support fails."""

import asyncio
import json
import os
import sys
import time

from bullmq import DelayedError, FlowProducer, Job, Queue, QueueEvents, UnrecoverableError, Worker

REDIS = json.loads(sys.argv[1])["redis"]
OPTIONS = {"connection": REDIS}
KINDS = ["added", "waiting", "waiting-children", "active", "progress", "delayed", "stalled", "completed", "failed",
         "duplicated", "deduplicated", "retries-exhausted", "removed"]

queues = {}
streams = {}
workers = {}
producers = []


def say(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def found(queue, id):
    job = await Job.fromId(queue, id)
    if not job:
        raise Exception(f"no job {id} in {queue.name}")
    return job


async def add(queue, jobs, bulk=False):
    if bulk:
        return [job.id for job in await queue.addBulk([{"opts": {}, **job} for job in jobs])]
    return [(await queue.add(job["name"], job["data"], job.get("opts", {}))).id for job in jobs]


async def flow(queue, flow):
    if not producers:
        producers.append(FlowProducer(OPTIONS))
    added = await producers[0].add(flow)
    return {"id": added["job"].id, "children": [child["job"].id for child in added.get("children") or []]}


async def job(queue, id):
    # The state first, because the fields that are read after it belong to that state or to a later one.
    state = await queue.getJobState(id)
    job = await Job.fromId(queue, id)
    if not job:
        return None
    return {
        "id": job.id,
        "name": job.name,
        "data": job.data,
        "state": state,
        "logs": (await queue.getJobLogs(id))["logs"],
        "attemptsMade": job.attemptsMade,
        "failedReason": job.failedReason,
        "stacktraces": len(job.stacktrace or []),
        "returnvalue": job.returnvalue,
        "progress": job.progress,
        "priority": job.priority,
        "delay": job.delay,
        "timestamp": job.timestamp,
        "processedOn": job.processedOn or None,
        "finishedOn": job.finishedOn or None,
    }


class Stream:
    """The events of a queue from its beginning."""

    def __init__(self, name):
        self.seen, self.ends, self.changed = [], {}, asyncio.Condition()
        self.events = QueueEvents(name, {**OPTIONS, "lastEventId": "0-0"})
        for kind in KINDS:
            self.events.on(kind, lambda args, _id, kind=kind: self.record_event(kind, args))

    def record_event(self, kind, args):
        self.seen.append((kind, args.get("jobId")))
        if kind == "completed":
            self.ends[args["jobId"]] = {"ok": True, "value": args["returnvalue"]}
        if kind == "failed":
            self.ends[args["jobId"]] = {"ok": False, "error": args["failedReason"]}
        asyncio.ensure_future(self.wake())

    async def wake(self):
        async with self.changed:
            self.changed.notify_all()

    async def ended(self, id):
        async with self.changed:
            await self.changed.wait_for(lambda: id in self.ends)
        return self.ends[id]


def stream(queue):
    if queue.name not in streams:
        streams[queue.name] = Stream(queue.name)
    return streams[queue.name]


async def events(queue, id):
    return [kind for kind, of in stream(queue).seen if of == id]


async def order(queue, event):
    return [of for kind, of in stream(queue).seen if kind == event]


async def ids(queue, states):
    return [job.id for job in await queue.getJobs(states, 0, -1, True)]


async def scheduler(queue, id, repeat, template):
    job = await queue.upsertJobScheduler(id, repeat, template.get("name"), template.get("data"), template.get("opts"))
    return job.id


async def schedulers(queue):
    return [scheduler["key"] for scheduler in await queue.getJobSchedulers(0, -1, True)]


async def hang(_job, _token):
    await asyncio.Event().wait()


async def quick(_job, _token):
    return {"quick": True}


async def work(queue, concurrency=1, limiter=None, settings=None, **more):
    ended = []
    processor = {"hang": hang, "quick": quick}.get(more.get("as"), behave)
    options = {**OPTIONS, "concurrency": concurrency, **({"limiter": limiter} if limiter else {}), **(settings or {})}
    worker = Worker(queue.name, processor, options)
    worker.on("completed", lambda job, _value: ended.append(job.id))
    worker.on("failed", lambda job, _error: ended.append(job.id) if job and job.finishedOn else None)
    worker.on("error", lambda error, *_: print(f"worker: {error}", file=sys.stderr))
    workers[queue.name] = (worker, ended)


async def worked(queue):
    return workers[queue.name][1]


async def stop(queue):
    await workers[queue.name][0].close()


async def behave(job, token):
    """Does what the job's name says, like behaviours.mjs."""
    attempt = job.attemptsMade + 1
    if job.name == "echo":
        return job.data
    if job.name == "sleep":
        await asyncio.sleep(job.data["ms"] / 1000)
        return {"slept": job.data["ms"]}
    if job.name == "fail-times":
        if attempt <= job.data["times"]:
            raise Exception(f"attempt {attempt} failed")
        return {"attempts": attempt}
    if job.name == "fatal":
        raise UnrecoverableError("this job cannot be done")
    if job.name == "defer":
        if job.timestamp + job.data["ms"] <= time.time() * 1000:
            return {"attempts": attempt}
        await job.moveToDelayed(job.timestamp + job.data["ms"], token)
        raise DelayedError()
    if job.name == "progress":
        await job.updateProgress(50)
        for line in ["half of it is done", "the other half is slow", "nothing has gone wrong"]:
            await job.log(line)
        await job.updateProgress({"step": "two"})
        return {"lines": 3}
    raise UnrecoverableError(f"there is no behaviour called `{job.name}`")


async def method(queue, id, name, *arguments):
    await getattr(await found(queue, id), name)(*arguments)


CALLS = {
    "add": add,
    "flow": flow,
    "job": job,
    "ended": lambda queue, id: stream(queue).ended(id),
    "events": events,
    "order": order,
    "counts": lambda queue: queue.getJobCounts(),
    "ids": ids,
    "retry": lambda queue, id: method(queue, id, "retry"),
    "promote": lambda queue, id: method(queue, id, "promote"),
    "remove": lambda queue, id: method(queue, id, "remove"),
    "priority": lambda queue, id, priority: method(queue, id, "changePriority", {"priority": priority}),
    "pause": lambda queue: queue.pause(),
    "resume": lambda queue: queue.resume(),
    "isPaused": lambda queue: queue.isPaused(),
    "drain": lambda queue: queue.drain(True),
    "clean": lambda queue, state: queue.clean(0, 1000, state),
    "obliterate": lambda queue: queue.obliterate(),
    "globalConcurrency": lambda queue, max: queue.setGlobalConcurrency(max),
    "globalRateLimit": lambda queue, max, duration: queue.setGlobalRateLimit(max, duration),
    "scheduler": scheduler,
    "schedulers": schedulers,
    "removeScheduler": lambda queue, id: queue.removeJobScheduler(id),
    "deduplicated": lambda queue, id: queue.getDeduplicationJobId(id),
    "work": work,
    "worked": worked,
    "stop": stop,
}


async def answer(message):
    call, name, queue = message.pop("call"), message.pop("do"), message.pop("queue")
    try:
        if name not in CALLS:
            raise Exception(f"unknown call {name}")
        if queue not in queues:
            queues[queue] = Queue(queue, OPTIONS)
        say({"call": call, "ok": await CALLS[name](queues[queue], **message)})
    except Exception as error:
        say({"call": call, "error": str(error) or type(error).__name__})


async def main():
    say({"ready": True})
    lines = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    answers = set()
    while line := await lines.readline():
        task = asyncio.ensure_future(answer(json.loads(line)))
        answers.add(task)
        task.add_done_callback(answers.discard)
    # The caller has gone, so an orderly end is not needed.
    os._exit(0)


asyncio.run(main())
