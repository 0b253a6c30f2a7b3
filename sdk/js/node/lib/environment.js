// `process.env`: the variables of the grant `env`.
import native from 'toril:engine/native';
import { getEnvironment } from 'wasi:cli/environment@0.2.0';

/** What the code has set itself. `undefined` is a deleted variable. */
const own = new Map();
/** What the host has granted. */
let granted;

const NONE = new Map();
/** What every plugin has. The bundler replaces `process.env.NODE_ENV` by the same value. */
const DEFAULTS = new Map([['NODE_ENV', 'production']]);
/** Frames that are enough to find the author's code below a package that reads variables for it. */
const FRAMES = 50;

/** The variables of the host. There are none while the bundle is evaluated for the snapshot. A read then becomes a note of the
 *  build. */
function ofHost(name) {
  if (native.live()) return (granted ??= new Map(getEnvironment()));
  if (!own.has(name) && !DEFAULTS.has(name)) note(name);
  return NONE;
}

function note(name) {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  native.noteEarlyRead(new Error().stack, name);
  Error.stackTraceLimit = limit;
}

function read(name) {
  if (typeof name !== 'string') return undefined;
  const variables = ofHost(name);
  return own.has(name) ? own.get(name) : (variables.get(name) ?? DEFAULTS.get(name));
}

function names() {
  const all = [...ofHost('').keys(), ...own.keys()];
  return [...new Set(all)].filter((name) => read(name) !== undefined);
}

export const environment = new Proxy(
  {},
  {
    get: (target, name) => read(name) ?? Reflect.get(Object.prototype, name),
    has: (target, name) => read(name) !== undefined,
    set: (target, name, value) => (own.set(name, String(value)), true),
    deleteProperty: (target, name) => (own.set(name, undefined), true),
    defineProperty: (target, name, { value }) => (own.set(name, String(value)), true),
    ownKeys: names,
    getOwnPropertyDescriptor(target, name) {
      const value = read(name);
      return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true };
    },
  },
);
