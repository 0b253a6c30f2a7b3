// What each job does, by its name: the same as the guest `basics`, as a Node processor. Used by a worker in its own
// process, and by a sandboxed one, which has no `worker`.

import { DelayedError, RateLimitError, UnrecoverableError, WaitingError } from './bullmq.mjs';

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
  checkpoint: async (job) => {
    if (job.data.step === 2) return { data: job.data };
    await job.updateData({ step: 2, from: attempt(job) });
    throw new Error('the first attempt only saves its data');
  },
  'defer-once': async (job, worker, token) => {
    if (job.data.deferred) return { attempts: attempt(job) };
    await job.updateData({ deferred: true });
    await job.moveToDelayed(Date.now() + 50, token);
    throw new DelayedError();
  },
  'give-back': async (job, worker, token) => {
    if (job.data.deferred) return { attempts: attempt(job) };
    await job.updateData({ deferred: true });
    await job.moveToWait(token);
    throw new WaitingError();
  },
  ledger: async (job) => {
    const { status } = await fetch(`${job.data.url}/?by=node&job=${job.id}&attempt=${attempt(job)}`);
    if (status === 410) throw new UnrecoverableError('the ledger says that this job cannot be done');
    if (status !== 200) throw new Error(`the ledger said ${status}`);
    return { by: 'node' };
  },
  panic: () => process.exit(1),
  progress: async (job) => {
    await job.updateProgress(50);
    await job.log('half of it is done');
    await job.log('the other half is slow');
    await job.log('nothing has gone wrong');
    await job.updateProgress({ step: 'two' });
    return { lines: 3 };
  },
};

export function behave(job, worker, token) {
  const behaviour = behaviours[job.name];
  if (!behaviour) throw new UnrecoverableError(`there is no behaviour called \`${job.name}\``);
  return behaviour(job, worker, token);
}

/// The number of this attempt, 1 for the first. Deferred and rate-limited runs do not count.
function attempt(job) {
  return job.attemptsMade + 1;
}

function timeLeft(job) {
  return job.timestamp + job.data.ms - Date.now();
}
