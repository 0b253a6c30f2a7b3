// What the stand-ins answer with outside of a component, and what they were told. `testing.js` replaces it.

/** A host that grants everything and remembers what it was told. */
export function newState(options = {}) {
  return {
    config: { ...options.config },
    kv: new Map(Object.entries(options.kv ?? {}).map(([key, value]) => [key, stored(key, value)])),
    children: { values: [], ignoredFailures: [], counts: {}, ...options.children },
    remaining: options.remaining ?? 3_600_000,
    cancelled: options.cancelled,
    print: options.print ?? false,
    logs: [],
    progress: [],
    data: undefined,
    added: [],
  };
}

/** Key-value data as it is in Redis. */
function stored(key, value) {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  throw new TypeError(`kv.${key} is text or bytes, as it is in Redis: give '${JSON.stringify(value)}', its JSON text`);
}

let current = newState({ print: true });

export const state = () => current;

export function replaceState(next) {
  const before = current;
  current = next;
  return before;
}
