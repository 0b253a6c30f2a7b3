// Converts the options of a new job to the record `add-options` of the interface, where every field is present.

const FLAGS = {
  failParentOnFailure: 'fail-parent',
  continueParentOnFailure: 'continue-parent',
  ignoreDependencyOnFailure: 'ignore',
  removeDependencyOnFailure: 'remove',
};

/** The record for options with the names of BullMQ's `JobsOptions`. `id` and `onFailure` are accepted, too. */
export function toRecord(options = {}) {
  const { backoff, deduplication, parent } = options;
  return {
    id: options.id ?? options.jobId,
    delay: whole(options.delay),
    priority: options.priority,
    attempts: options.attempts,
    backoff: toBackoff(backoff),
    deduplication: deduplication && {
      id: deduplication.id,
      ttl: whole(deduplication.ttl),
      extend: deduplication.extend ?? false,
      replace: deduplication.replace ?? false,
      keepLastIfActive: deduplication.keepLastIfActive ?? false,
    },
    lifo: options.lifo ?? false,
    removeOnComplete: toKeep(options.removeOnComplete),
    removeOnFail: toKeep(options.removeOnFail),
    keepLogs: options.keepLogs,
    stackTraceLimit: options.stackTraceLimit,
    sizeLimit: whole(options.sizeLimit),
    timestamp: whole(options.timestamp),
    parent: parent && { queue: parent.queue, id: parent.id },
    onFailure: options.onFailure ?? onFailure(options),
  };
}

/** The effect that BullMQ's flags select. */
function onFailure(options) {
  const flag = Object.keys(FLAGS).find((name) => options[name]);
  return flag && FLAGS[flag];
}

function toBackoff(backoff) {
  if (backoff === undefined || backoff === null) return undefined;
  const { type, delay, jitter } = typeof backoff === 'number' ? { type: 'fixed', delay: backoff } : backoff;
  return { kind: type, delay: whole(delay ?? 0), jitter: jitter ?? 0 };
}

function toKeep(keep) {
  if (keep === undefined || keep === null) return undefined;
  if (typeof keep === 'boolean') return { tag: keep ? 'none' : 'all' };
  if (typeof keep === 'number') return keep < 0 ? { tag: 'all' } : { tag: 'count', val: whole(keep) };
  const { age, limit } = keep;
  const count = keep.count < 0 ? undefined : keep.count;
  if (age === undefined && count === undefined) return { tag: 'all' };
  return { tag: 'within', val: { age: whole(age), count: whole(count), limit } };
}

/** Whole numbers of 64 bits are BigInts. Times are rounded up, because a job that runs too early would only wait again. */
const whole = (number) => (number === undefined || number === null ? undefined : BigInt(Math.ceil(number)));
