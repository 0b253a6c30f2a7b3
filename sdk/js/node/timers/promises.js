// `node:timers/promises`.
import { clearInterval, clearTimeout, setInterval as every, setTimeout as after } from '../timers.js';

const abortError = (signal) =>
  Object.assign(new Error('The operation was aborted'), {
    name: 'AbortError',
    code: 'ABORT_ERR',
    cause: signal.reason,
  });

/** Resolves after a time. */
export function setTimeout(delay, value, { signal } = {}) {
  if (signal?.aborted) return Promise.reject(abortError(signal));
  return new Promise((resolve, reject) => {
    const onAbort = () => (clearTimeout(timer), reject(abortError(signal)));
    const timer = after(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    }, delay);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

export const setImmediate = (value, options) => setTimeout(0, value, options);

/** Yields the value again and again. */
export async function* setInterval(delay, value, { signal } = {}) {
  if (signal?.aborted) throw abortError(signal);
  let due = 0;
  let wake = () => {};
  const timer = every(() => ((due += 1), wake()), delay);
  const onAbort = () => wake();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    while (true) {
      if (due === 0 && !signal?.aborted) await new Promise((resolve) => (wake = resolve));
      if (signal?.aborted) throw abortError(signal);
      for (; due > 0; due -= 1) yield value;
    }
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

export const scheduler = {
  wait: (delay, options) => setTimeout(delay, undefined, options),
  yield: () => setImmediate(),
};

const timers = { setTimeout, setImmediate, setInterval, scheduler };
export default timers;
