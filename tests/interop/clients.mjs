// Runs steps on one queue with clients of BullMQ 5 and 6 that share it, one after the other.
//
//   {redis, prefix?, queue, steps: [{by: 5 | 6, do, …}]} → {results: […]}
//
//   {do: 'add', name?, data?, opts?}               → the job's id
//   {do: 'flow', flow}                             → the root's id
//   {do: 'pause' | 'resume'}
//   {do: 'concurrency', max}                       the queue's own; without `max` it is removed
//   {do: 'unlimit'}                                removes the counter of the rate limit
//   {do: 'priority', id, priority}
//   {do: 'state', id}                              → the job's state
//   {do: 'until', id, state} {do: 'leaves', id, state}   waits until the job is in that state, or no longer in it
//   {do: 'refused', step}                          → the message of the error that this step must end with
//   {do: 'sleep', ms}
//   {do: 'counts'}                                 → jobs by state
//   {do: 'order'}                                  → ids of the ended jobs in the order in which they were started
//
// A client connects when it is first used, because connecting writes its version into the queue's meta data.

import * as six from 'bullmq';
import * as five from 'bullmq5';
import { options, script } from './script.mjs';

const BOUND = 60_000;

const steps = {
  add: async (queue, { name = 'echo', data = {}, opts }) => (await queue.add(name, data, opts)).id,
  flow: async (queue, { flow }, { producer }) => (await producer().add(flow)).job.id,
  pause: (queue) => queue.pause(),
  resume: (queue) => queue.resume(),
  concurrency: (queue, { max }) => (max ? queue.setGlobalConcurrency(max) : queue.removeGlobalConcurrency()),
  unlimit: (queue) => queue.removeRateLimitKey(),
  priority: async (queue, { id, priority }) => (await queue.getJob(id)).changePriority({ priority }),
  state: (queue, { id }) => queue.getJobState(id),
  until: (queue, { id, state }) => wait(`job ${id} to be ${state}`, async () => (await queue.getJobState(id)) === state),
  leaves: (queue, { id, state }) =>
    wait(`job ${id} to be ${state} no longer`, async () => (await queue.getJobState(id)) !== state),
  sleep: (queue, { ms }) => new Promise((resolve) => setTimeout(resolve, ms)),
  refused: async (queue, { step }, more) => {
    const done = (async () => steps[step.do](queue, step, more))();
    return done.then(
      () => Promise.reject(new Error(`this was not rejected: ${JSON.stringify(step)}`)),
      (error) => error.message,
    );
  },
  counts: (queue) => queue.getJobCounts(),
  order: async (queue) => {
    const jobs = await queue.getJobs(['completed', 'failed']);
    return jobs.sort((a, b) => a.processedOn - b.processedOn || a.id.localeCompare(b.id)).map((job) => job.id);
  },
};

await script(async (input, open) => {
  const queues = new Map();
  const queue = (by) => {
    const { Queue } = by === 5 ? five : six;
    if (!queues.has(by)) queues.set(by, open(new Queue(input.queue, options(input))));
    return queues.get(by);
  };
  const producer = (by) => () => open(new (by === 5 ? five : six).FlowProducer(options(input)));
  const results = [];
  for (const step of input.steps) {
    const by = step.by ?? 6;
    results.push((await steps[step.do](queue(by), step, { producer: producer(by) })) ?? null);
  }
  return { results };
});

async function wait(what, holds) {
  const until = Date.now() + BOUND;
  while (!(await holds())) {
    if (Date.now() > until) throw new Error(`timed out waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
