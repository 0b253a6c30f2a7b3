// Behaviours about the host's functions.
import {
  AwaitChildren,
  cancelled,
  children,
  config,
  increment,
  type Job,
  jobs,
  log,
  progress,
  remaining,
  setData,
  sleep,
} from '@toril/plugin';

/** Publishes progress twice, and writes three lines. */
export function showProgress() {
  progress(50);
  log.info('half of it is done');
  log.warn('the other half is slow');
  log.error('nothing has gone wrong');
  progress({ step: 'two' });
  return { lines: 3 };
}

export async function get(job: Job<{ url: string }>) {
  const response = await fetch(job.data.url);
  return { status: response.status, body: await response.text() };
}

export function setting(job: Job<{ key: string }>) {
  return { value: config.get(job.data.key) ?? null };
}

/** Counts its runs with this key. */
export function count(job: Job<{ key: string }>) {
  return { value: increment(job.data.key) };
}

/** Does the first step, saves its result, and fails. The next attempt continues from there. */
export function checkpoint(job: Job<{ first?: string }>) {
  if (job.data.first === undefined) {
    setData({ ...job.data, first: `done on attempt ${job.attempt}` });
    throw new Error('the second step failed');
  }
  return { first: job.data.first, second: `done on attempt ${job.attempt}` };
}

export async function nap(job: Job<{ ms: number }>) {
  await new Promise((resolve) => setTimeout(resolve, job.data.ms));
  return { slept: job.data.ms };
}

/** Ends when it is cancelled, or just before the deadline. */
export async function sleepUntilCancelled() {
  while (remaining() > 200) {
    const why = cancelled();
    if (why) return { cancelled: true, reason: why.reason };
    await sleep(20);
  }
  return { cancelled: false };
}

/** Adds a job to its own queue as its child, and returns what the child returned. */
export function withChild(job: Job) {
  const { processed, unprocessed } = children.counts();
  if (processed === 0 && unprocessed === 0) jobs.addChild(job.queue, 'echo', 'of age', { id: `child-of-${job.id}` });
  if (processed === 0) throw new AwaitChildren();
  return { children: children.values().map(({ value }) => value) };
}

/** The number of jobs that this instance has started: more than one only with `isolation = "reuse"`. */
let served = 0;

export function countOfInstance(job: Job) {
  served += 1;
  console.log(`job ${job.id} is number ${served}`);
  return { served };
}

/** Leaves a timer behind without waiting for it. */
export function linger(job: Job) {
  setTimeout(() => console.log(`job ${job.id} was not done`), 50);
  return { lingers: true };
}
