// The running job, outside of a component: enough to run a handler in a unit test.
import { state } from './state.js';

export function log(level, message) {
  state().logs.push({ level, message });
  if (state().print) console.error(`${level}: ${message}`);
}

export function setProgress(json) {
  state().progress.push(JSON.parse(json));
}

export function setData(json) {
  state().data = JSON.parse(json);
}

export const childrenValues = () =>
  state().children.values.map(({ child, value }) => ({ child, value: JSON.stringify(value) }));

export const ignoredFailures = () => state().children.ignoredFailures;

export function dependencies() {
  const { processed = 0, unprocessed = 0, ignored = 0, failed = 0 } = state().children.counts;
  return {
    processed: BigInt(processed),
    unprocessed: BigInt(unprocessed),
    ignored: BigInt(ignored),
    failed: BigInt(failed),
  };
}

/** The children of a state. The cursor is the place of the next child. */
export function listChildren(kind, cursor, count) {
  const { values, ignoredFailures, unprocessed = [], failed = [] } = state().children;
  const all = {
    processed: () => values.map(({ child, value }) => ({ job: child, value: JSON.stringify(value) })),
    ignored: () => ignoredFailures.map(({ child, reason }) => ({ job: child, value: reason })),
    unprocessed: () => unprocessed.map((job) => ({ job })),
    failed: () => failed.map((job) => ({ job })),
  }[kind]();
  const end = Number(cursor) + count;
  return { children: all.slice(Number(cursor), end), next: BigInt(end < all.length ? end : 0) };
}

export const getDetails = () => ({
  options: '{"attempts":0}',
  starts: 1,
  stalls: 0,
  priority: 0,
  delay: 0n,
  startedAt: 0n,
  stackTraces: '[]',
  prefix: 'bull',
  ...state().details,
});

export const remaining = () => BigInt(state().remaining);

export function cancelled() {
  const why = state().cancelled;
  if (why === undefined) return undefined;
  return why.shutdown ? { tag: 'shutdown' } : { tag: 'requested', val: why.reason };
}
