// Adds jobs in one call, and waits for their results if `wait` is set.
//
//   {redis, prefix?, queue, jobs: [{name, data, opts?}], wait?: bool, ttl?: ms}
//   → {ids: [id]} or, with `wait`, {ids: [id], results: [{id, ok: true, value} | {id, ok: false, error}]}

import { Queue, QueueEvents } from './bullmq.mjs';
import { options, script } from './script.mjs';

await script(async (input, open) => {
  const queue = open(new Queue(input.queue, options(input)));
  // From the stream's start, because the client's first read of new events may come after a quick job's end.
  const events = input.wait && open(new QueueEvents(input.queue, { ...options(input), lastEventId: '0-0' }));
  await (events && events.waitUntilReady());

  const jobs = await queue.addBulk(input.jobs);
  const ids = jobs.map((job) => job.id);
  if (!events) return { ids };

  const results = await Promise.all(jobs.map((job) => settled(job, events, input.ttl ?? 60_000)));
  return { ids, results };
});

async function settled(job, events, ttl) {
  try {
    return { id: job.id, ok: true, value: await job.waitUntilFinished(events, ttl) };
  } catch (error) {
    return { id: job.id, ok: false, error: error.message };
  }
}
