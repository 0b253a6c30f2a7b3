// `process.env`: the settings that the plugin is granted.
import { get } from '#host/config';
import native from 'toril:engine/native';

/** What the code has set itself. `undefined` is a deleted variable. */
const own = new Map();

function read(name) {
  if (typeof name !== 'string') return undefined;
  if (own.has(name)) return own.get(name);
  // Settings do not exist yet while the bundle is evaluated for the snapshot.
  if (!native.live()) return undefined;
  return get(name) ?? undefined;
}

export const environment = new Proxy(
  {},
  {
    get: (target, name) => read(name) ?? Reflect.get(Object.prototype, name),
    has: (target, name) => read(name) !== undefined,
    set: (target, name, value) => (own.set(name, String(value)), true),
    deleteProperty: (target, name) => (own.set(name, undefined), true),
    defineProperty: (target, name, { value }) => (own.set(name, String(value)), true),
    // The interface cannot list settings.
    ownKeys: () => [...own].filter(([, value]) => value !== undefined).map(([name]) => name),
    getOwnPropertyDescriptor(target, name) {
      const value = read(name);
      return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true };
    },
  },
);
