// A BullMQ worker in Node, for comparisons or to share a queue. Prints {"ready": true}, then runs until `jobs` many
// jobs have finished, or until its time is over.
//
//   {redis, prefix?, queue, jobs: N, concurrency?, limiter?: {max, duration},
//   metrics?: {maxDataPoints}, linear?: ms, sandbox?: bool, settings?: {}, ttl?: ms}
//   → {finished: [{id, name, ok, attempts, value | error}]}
//
// A job's name selects its behaviour, as in the guest `basics`, with the same results and errors:
//   echo        returns the job's data
//   sleep       returns {slept: ms}, `data.ms` later
//   fail-times  throws on the first `data.times` attempts, then returns {attempts}
//   fatal       fails for good, even if attempts remain
//   defer       defers itself until `data.ms` after the job was added, then returns {attempts}
//   rate-limit  limits the rate of the queue until then. BullMQ supports that only in a worker with a `limiter`
//   progress    publishes progress twice and writes three lines to the job's log
//   ledger      reports to the ledger at `data.url` that it runs, and ends as the ledger responds
//
// `settings` are additional options of the worker, such as `lockDuration`. `linear` is the delay of a custom backoff
// strategy, which grows by it with each attempt.

import { fileURLToPath } from 'node:url';
import { Worker } from './bullmq.mjs';
import { behave } from './behaviours.mjs';
import { options, say, script } from './script.mjs';

/// A processor in a separate child process: BullMQ's sandbox.
const sandboxed = fileURLToPath(new URL('./processor.mjs', import.meta.url));

await script(async (input, open) => {
  const finished = [];
  let done;
  const enough = new Promise((resolve) => (done = resolve));
  const count = (entry) => finished.push(entry) >= input.jobs && done();

  const worker = open(
    new Worker(input.queue, input.sandbox ? sandboxed : (job, token) => behave(job, worker, token), {
      ...options(input),
      autorun: false,
      concurrency: input.concurrency ?? 1,
      ...(input.limiter && { limiter: input.limiter }),
      ...(input.metrics && { metrics: input.metrics }),
      // A backoff strategy for every type that is not BullMQ's own.
      ...(input.linear && { settings: { backoffStrategy: (attempts) => attempts * input.linear } }),
      ...input.settings,
    }),
  );
  worker.on('completed', (job, value) => count({ ...ended(job), ok: true, value }));
  worker.on('failed', (job, error) => {
    // An attempt that will be retried does not finish its job.
    if (job?.finishedOn) count({ ...ended(job), ok: false, error: error.message });
  });

  await worker.waitUntilReady();
  const running = worker.run();
  say({ ready: true });
  const timer = setTimeout(() => done(), input.ttl ?? 240_000);
  await enough;
  clearTimeout(timer);
  await worker.close();
  await running;
  if (finished.length < input.jobs) {
    throw new Error(`${finished.length} of ${input.jobs} jobs finished in time: ${JSON.stringify(finished)}`);
  }
  return { finished };
});

function ended(job) {
  return { id: job.id, name: job.name, attempts: job.attemptsMade };
}
