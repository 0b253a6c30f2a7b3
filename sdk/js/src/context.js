// The running job: its log, its data, its deadline.
import * as host from '#host/context';
import { ask } from './host-error.js';
import { toJson } from './json.js';

export function progress(value) {
  const json = toJson('the progress', value);
  ask('the progress was not published', () => host.setProgress(json));
}

export function setData(value) {
  const json = toJson('the data', value);
  ask('the data was not saved', () => host.setData(json));
}

export const remaining = () => Number(host.remaining());

export function cancelled() {
  const why = host.cancelled();
  if (why === undefined || why === null) return undefined;
  const shutdown = why.tag === 'shutdown';
  return { shutdown, reason: shutdown ? 'the host is shutting down' : why.val };
}

/** Waits until the time has passed, the job is cancelled, or the host shuts down. */
export async function sleep(ms) {
  const nap = 100;
  for (let left = ms; left > 0 && cancelled() === undefined; left -= nap) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, nap)));
  }
}

export const children = {
  values() {
    const values = ask('the children were not read', () => host.childrenValues());
    return values.map(({ child, value }) => ({ child, value: JSON.parse(value) }));
  },
  ignoredFailures() {
    return ask('the children were not read', () => host.ignoredFailures());
  },
  counts() {
    const counts = ask('the children were not counted', () => host.dependencies());
    return Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, Number(count)]));
  },
};
