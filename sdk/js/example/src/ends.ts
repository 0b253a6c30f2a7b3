// Behaviours about the end of an attempt.
import { AwaitChildren, children, Defer, Fatal, RateLimited, type Job } from '@toril/plugin';

/** Fails on the first `times` attempts. */
export function failTimes(job: Job<{ times: number }>) {
  if (job.attempt <= job.data.times) throw new Error(`attempt ${job.attempt} failed`);
  return { attempts: job.attempt };
}

export function fatal() {
  throw new Fatal('this job cannot be done');
}

/** Defers itself until `ms` milliseconds after the job was added. */
export function defer(job: Job<{ ms: number }>) {
  const left = timeLeft(job);
  if (left > 0) throw new Defer(left);
  return { attempts: job.attempt };
}

/** Limits the rate of the queue until `ms` milliseconds after the job was added. */
export function rateLimit(job: Job<{ ms: number }>) {
  const left = timeLeft(job);
  if (left > 0) throw new RateLimited(left);
  return { attempts: job.attempt };
}

/**
 * Waits while children are pending, and returns their results. Waiting without pending children would repeat at once.
 */
export function awaitChildren() {
  if (children.counts().unprocessed > 0) throw new AwaitChildren();
  return { children: children.values().map(({ value }) => value) };
}

const timeLeft = (job: Job<{ ms: number }>) => job.addedAt.getTime() + job.data.ms - Date.now();
