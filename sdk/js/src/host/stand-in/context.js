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

export const remaining = () => BigInt(state().remaining);

export function cancelled() {
  const why = state().cancelled;
  if (why === undefined) return undefined;
  return why.shutdown ? { tag: 'shutdown' } : { tag: 'requested', val: why.reason };
}
