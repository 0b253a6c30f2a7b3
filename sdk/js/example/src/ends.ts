// Behaviours that are about how the attempt ends.
import { AwaitChildren, children, Defer, Fatal, RateLimited, type Job } from '@toril/plugin';

/** Fails on the first `times` attempts. */
export function failTimes(job: Job<{ times: number }>) {
  if (job.attempt <= job.data.times) throw new Error(`attempt ${job.attempt} failed`);
  return { attempts: job.attempt };
}

export function fatal() {
  throw new Fatal('this job cannot be done');
}

/** Runs `ms` milliseconds after the job was added, and is deferred until then. */
export function defer(job: Job<{ ms: number }>) {
  const left = timeLeft(job);
  if (left > 0) throw new Defer(left);
  return { attempts: job.attempt };
}

/** Runs `ms` milliseconds after the job was added, and limits the queue until then. */
export function rateLimit(job: Job<{ ms: number }>) {
  const left = timeLeft(job);
  if (left > 0) throw new RateLimited(left);
  return { attempts: job.attempt };
}

/** Waits while children are pending, and returns what they returned. Waiting for nobody would only be asked again. */
export function awaitChildren() {
  if (children.counts().unprocessed > 0) throw new AwaitChildren();
  return { children: children.values().map(({ value }) => value) };
}

const timeLeft = (job: Job<{ ms: number }>) => job.addedAt.getTime() + job.data.ms - Date.now();
