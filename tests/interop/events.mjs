// Collects the events of a queue until jobs have finished. Prints {"ready": true} once it listens.
//
//   {redis, prefix?, queue, id?, finished?: N, from?, ttl?: ms}
//   → {events: [{event, at, jobId, …}]}
//
// With `id` it ends when that job has completed or failed, else when `finished` (1) jobs have. It reads the queue's
// event stream from its start, so it misses no earlier event. `from` is another id to read from. `at` is Redis's time
// in milliseconds.

import { QueueEvents } from './bullmq.mjs';
import { options, say, script } from './script.mjs';

const names = [
  'added',
  'waiting',
  'waiting-children',
  'active',
  'progress',
  'delayed',
  'stalled',
  'retries-exhausted',
  'completed',
  'failed',
];

await script(async (input, open) => {
  const events = [];
  let done;
  const end = new Promise((resolve) => (done = resolve));
  let awaited = input.finished ?? 1;

  const stream = open(
    new QueueEvents(input.queue, { ...options(input), autorun: false, lastEventId: input.from ?? '0-0' }),
  );
  for (const event of names) {
    stream.on(event, (args, id) => {
      events.push({ event, at: Number(String(id).split('-')[0]), ...args });
      if (event !== 'completed' && event !== 'failed') return;
      if (input.id ? args.jobId === input.id : --awaited === 0) done();
    });
  }

  await stream.waitUntilReady();
  stream.run().catch((error) => console.error(error.message));
  say({ ready: true });
  const timer = setTimeout(() => done('late'), input.ttl ?? 240_000);
  const late = await end;
  clearTimeout(timer);
  if (late) throw new Error(`timed out waiting for the end of the jobs; events: ${JSON.stringify(events)}`);
  return { events };
});
