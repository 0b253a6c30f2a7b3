// Adding jobs.
import * as host from '#host/jobs';
import { ask } from './host-error.js';
import { toJson } from './json.js';

/** Converts options to `add-options`, where every field is required and whole numbers are BigInts. */
function toRecord({ id, delay, priority, attempts, backoff, deduplication } = {}) {
  return {
    id,
    delay: big(delay),
    priority,
    attempts,
    backoff: backoff && { kind: backoff.type, delay: big(backoff.delay), jitter: backoff.jitter ?? 0 },
    deduplication: deduplication && {
      id: deduplication.id,
      ttl: big(deduplication.ttl),
      extend: deduplication.extend ?? false,
      replace: deduplication.replace ?? false,
      keepLastIfActive: deduplication.keepLastIfActive ?? false,
    },
  };
}

const big = (ms) => (ms === undefined ? undefined : BigInt(Math.ceil(ms)));

export const jobs = {
  add(queue, name, data, options) {
    const json = toJson('the data', data);
    return ask('the job was not added', () => host.add(queue, name, json, toRecord(options)));
  },
  addChild(queue, name, data, { onFailure = 'fail-parent', ...options } = {}) {
    const json = toJson('the data', data);
    return ask('the child was not added', () => host.addChild(queue, name, json, toRecord(options), onFailure));
  },
};
