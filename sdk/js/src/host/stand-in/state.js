// The data of the stand-ins outside of a component, and the calls that they have received. `testing.js` replaces it.

/** A host that allows everything and records all calls. */
export function newState(options = {}) {
  return {
    config: { ...options.config },
    kv: new Map(Object.entries(options.kv ?? {}).map(([key, value]) => [key, stored(key, value)])),
    children: { values: [], ignoredFailures: [], counts: {}, ...options.children },
    remaining: options.remaining ?? 3_600_000,
    cancelled: options.cancelled,
    details: options.details,
    print: options.print ?? false,
    logs: [],
    progress: [],
    data: undefined,
    added: [],
  };
}

/** Key-value data in the format of Redis. */
function stored(key, value) {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  throw new TypeError(`kv.${key} must be text or bytes, as in Redis: give '${JSON.stringify(value)}', its JSON text`);
}

let current = newState({ print: true });

export const state = () => current;

export function replaceState(next) {
  const before = current;
  current = next;
  return before;
}
