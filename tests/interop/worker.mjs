// A BullMQ worker in Node, to compare with or to share a queue with. Says {"ready": true}, then works until so many
// jobs have finished, or until its time is over.
//
//   {redis, prefix?, queue, jobs: N, concurrency?, limiter?: {max, duration}, ttl?: ms}
//   → {finished: [{id, name, ok, attempts, value | error}]}
//
// A job's name says what is done with it, as it does for the guest `basics`, with the same results and errors:
//   echo        returns the job's data
//   sleep       returns {slept: ms}, `data.ms` later
//   fail-times  throws on the first `data.times` attempts, then returns {attempts}
//   fatal       fails for good, whatever attempts remain
//   defer       is deferred until `data.ms` after the job was added, then returns {attempts}
//   rate-limit  limits the queue until then instead. BullMQ heeds that only in a worker that has a `limiter`
//   progress    publishes progress twice and writes three lines to the job's log

import { DelayedError, RateLimitError, UnrecoverableError, Worker } from 'bullmq';
import { options, say, script } from './script.mjs';

const behaviours = {
  echo: (job) => job.data,
  sleep: async (job) => {
    await new Promise((resolve) => setTimeout(resolve, job.data.ms));
    return { slept: job.data.ms };
  },
  'fail-times': (job) => {
    if (attempt(job) <= job.data.times) throw new Error(`attempt ${attempt(job)} failed`);
    return { attempts: attempt(job) };
  },
  fatal: () => {
    throw new UnrecoverableError('this job cannot be done');
  },
  defer: async (job, worker, token) => {
    if (timeLeft(job) <= 0) return { attempts: attempt(job) };
    await job.moveToDelayed(Date.now() + timeLeft(job), token);
    throw new DelayedError();
  },
  'rate-limit': async (job, worker) => {
    if (timeLeft(job) <= 0) return { attempts: attempt(job) };
    await worker.rateLimit(timeLeft(job));
    throw new RateLimitError();
  },
  progress: async (job) => {
    await job.updateProgress(50);
    await job.log('half of it is done');
    await job.log('the other half is slow');
    await job.log('nothing has gone wrong');
    await job.updateProgress({ step: 'two' });
    return { lines: 3 };
  },
};

await script(async (input, open) => {
  const finished = [];
  let done;
  const enough = new Promise((resolve) => (done = resolve));
  const count = (entry) => finished.push(entry) >= input.jobs && done();

  const worker = open(
    new Worker(input.queue, (job, token) => behave(job, worker, token), {
      ...options(input),
      autorun: false,
      concurrency: input.concurrency ?? 1,
      ...(input.limiter && { limiter: input.limiter }),
    }),
  );
  worker.on('completed', (job, value) => count({ ...ended(job), ok: true, value }));
  worker.on('failed', (job, error) => {
    // An attempt that is followed by another one has no end of its job.
    if (job?.finishedOn) count({ ...ended(job), ok: false, error: error.message });
  });

  await worker.waitUntilReady();
  const running = worker.run();
  say({ ready: true });
  const timer = setTimeout(() => done(), input.ttl ?? 60_000);
  await enough;
  clearTimeout(timer);
  await worker.close();
  await running;
  if (finished.length < input.jobs) {
    throw new Error(`${finished.length} of ${input.jobs} jobs finished in time: ${JSON.stringify(finished)}`);
  }
  return { finished };
});

function behave(job, worker, token) {
  const behaviour = behaviours[job.name];
  if (!behaviour) throw new UnrecoverableError(`there is no behaviour called \`${job.name}\``);
  return behaviour(job, worker, token);
}

/// Which run this is: 1 on the first one. Deferred and limited runs do not count.
function attempt(job) {
  return job.attemptsMade + 1;
}

function timeLeft(job) {
  return job.timestamp + job.data.ms - Date.now();
}

function ended(job) {
  return { id: job.id, name: job.name, attempts: job.attemptsMade };
}
