// A BullMQ client in Node that executes calls until its standard input ends. session.py is the same in Python.
//
// The argument is {redis}. It prints {"ready": true}. Then each line of standard input is a call {"call": N, "do":
// NAME, …}, and its answer is a line {"call": N, "ok": VALUE} or {"call": N, "error": MESSAGE}. Calls do not wait for
// each other.
//
// Every call except `close` has a `queue`:
//   add {jobs: [{name, data, opts?}], bulk?}       adds them in that order → [id]
//   flow {flow}                                    adds a flow → {id, children: [id]}
//   job {id}                                       the job as the client sees it, or null
//   ended {id}                                     waits for its end → {ok: true, value} | {ok: false, error}
//   events {id}                                    names of the job's events so far, in order
//   order {event}                                  ids of the jobs that had this event so far, in order
//   counts                                         number of jobs in each state
//   ids {states}                                   ids of the jobs in these states, the oldest first
//   retry | promote | remove {id}, priority {id, priority}, delay {id, delay}
//   pause | resume | isPaused | drain | obliterate
//   clean {state}                                  → [id]
//   globalConcurrency {max}, globalRateLimit {max, duration}
//   scheduler {id, repeat, template}, schedulers → [id], removeScheduler {id}
//   deduplicated {id}                              id of the job that holds this deduplication id, or null
//   work {as?, concurrency?, limiter?, settings?}  starts a worker with behaviours.mjs; as 'hang' it never
//                                                  ends a job, as 'quick' it ends every job at once with {quick: true}
//   worked                                         ids of the jobs that this worker ended, in order
//   stop                                           ends the worker

import { createInterface } from 'node:readline';
import { behave } from './behaviours.mjs';
import { FlowProducer, Job, Queue, QueueEvents, Worker } from './bullmq.mjs';
import { options, say } from './script.mjs';

const input = JSON.parse(process.argv[2] ?? '{}');
const queues = new Map();
const streams = new Map();
const workers = new Map();
let producer;

const found = async (queue, id) => {
  const job = await Job.fromId(queue, id);
  if (!job) throw new Error(`no job ${id} in ${queue.name}`);
  return job;
};

const calls = {
  add: async (queue, { jobs, bulk }) => {
    if (bulk) return (await queue.addBulk(jobs)).map((job) => job.id);
    const ids = [];
    for (const { name, data, opts } of jobs) ids.push((await queue.add(name, data, opts)).id);
    return ids;
  },
  flow: async (queue, { flow }) => {
    producer ??= heard(new FlowProducer(options(input)));
    const { job, children = [] } = await producer.add(flow);
    return { id: job.id, children: children.map((child) => child.job.id) };
  },
  job: async (queue, { id }) => {
    // The state first, because the fields that are read after it belong to that state or to a later one.
    const state = await queue.getJobState(id);
    return shown(queue, await Job.fromId(queue, id), state);
  },
  ended: (queue, { id }) => stream(queue.name).ended(id),
  events: async (queue, { id }) => stream(queue.name).names(id),
  order: async (queue, { event }) => stream(queue.name).order(event),
  counts: (queue) => queue.getJobCounts(),
  ids: async (queue, { states }) => (await queue.getJobs(states, 0, -1, true)).map((job) => job.id),
  retry: async (queue, { id }) => (await found(queue, id)).retry(),
  promote: async (queue, { id }) => (await found(queue, id)).promote(),
  remove: async (queue, { id }) => (await found(queue, id)).remove(),
  priority: async (queue, { id, priority }) => (await found(queue, id)).changePriority({ priority }),
  delay: async (queue, { id, delay }) => (await found(queue, id)).changeDelay(delay),
  pause: (queue) => queue.pause(),
  resume: (queue) => queue.resume(),
  isPaused: (queue) => queue.isPaused(),
  drain: (queue) => queue.drain(true),
  clean: (queue, { state }) => queue.clean(0, 1000, state),
  obliterate: (queue) => queue.obliterate(),
  globalConcurrency: (queue, { max }) => queue.setGlobalConcurrency(max),
  globalRateLimit: (queue, { max, duration }) => queue.setGlobalRateLimit(max, duration),
  scheduler: async (queue, { id, repeat, template }) => (await queue.upsertJobScheduler(id, repeat, template)).id,
  schedulers: async (queue) => (await queue.getJobSchedulers(0, -1, true)).map((scheduler) => scheduler.key),
  removeScheduler: (queue, { id }) => queue.removeJobScheduler(id),
  deduplicated: (queue, { id }) => queue.getDeduplicationJobId(id),
  work: async (queue, { as, concurrency, limiter, settings }) => {
    const ended = [];
    const doing = { hang: () => new Promise(() => {}), quick: async () => ({ quick: true }) };
    const worker = heard(
      new Worker(queue.name, doing[as] ?? ((job, token) => behave(job, worker, token)), {
        ...options(input),
        concurrency: concurrency ?? 1,
        ...(limiter && { limiter }),
        ...settings,
      }),
    );
    worker.on('completed', (job) => ended.push(job.id));
    worker.on('failed', (job) => job?.finishedOn && ended.push(job.id));
    workers.set(queue.name, { worker, ended });
    await worker.waitUntilReady();
  },
  worked: async (queue) => workers.get(queue.name).ended,
  stop: (queue) => workers.get(queue.name).worker.close(),
};

async function shown(queue, job, state) {
  if (!job) return null;
  const { logs } = await queue.getJobLogs(job.id);
  return {
    id: job.id,
    name: job.name,
    data: job.data,
    state,
    logs,
    attemptsMade: job.attemptsMade,
    failedReason: job.failedReason ?? null,
    stacktraces: job.stacktrace?.length ?? 0,
    returnvalue: job.returnvalue ?? null,
    progress: job.progress,
    priority: job.priority,
    delay: job.delay,
    timestamp: job.timestamp,
    processedOn: job.processedOn ?? null,
    finishedOn: job.finishedOn ?? null,
  };
}

/// The events of a queue from its beginning.
function stream(name) {
  if (streams.has(name)) return streams.get(name);
  const events = heard(new QueueEvents(name, { ...options(input), lastEventId: '0-0' }));
  const seen = [];
  const waiting = [];
  const ends = new Map();
  const kinds = ['added', 'waiting', 'waiting-children', 'active', 'progress', 'delayed', 'stalled', 'completed', 'failed'];
  for (const kind of [...kinds, 'duplicated', 'deduplicated', 'retries-exhausted', 'removed']) {
    events.on(kind, (args) => {
      seen.push({ kind, id: args.jobId });
      if (kind === 'completed') ends.set(args.jobId, { ok: true, value: args.returnvalue });
      if (kind === 'failed') ends.set(args.jobId, { ok: false, error: args.failedReason });
      for (const look of [...waiting]) look();
    });
  }
  const one = {
    events,
    order: (kind) => seen.filter((event) => event.kind === kind).map((event) => event.id),
    names: (id) => seen.filter((event) => event.id === id).map((event) => event.kind),
    ended: (id) =>
      new Promise((resolve) => {
        const look = () => {
          if (!ends.has(id)) return;
          waiting.splice(waiting.indexOf(look), 1);
          resolve(ends.get(id));
        };
        waiting.push(look);
        look();
      }),
  };
  streams.set(name, one);
  return one;
}

/// Logs errors of connections, which are not errors of the session.
function heard(thing) {
  thing.on('error', (error) => console.error(`${thing.constructor.name}: ${error.message}`));
  return thing;
}

async function answer({ call, do: name, queue: queueName, ...rest }) {
  try {
    if (!calls[name]) throw new Error(`unknown call ${name}`);
    if (!queues.has(queueName)) queues.set(queueName, heard(new Queue(queueName, options(input))));
    say({ call, ok: (await calls[name](queues.get(queueName), rest)) ?? null });
  } catch (error) {
    say({ call, error: error.message });
  }
}

say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) answer(JSON.parse(line));
// The caller has gone, so an orderly end is not needed.
process.exit(0);
