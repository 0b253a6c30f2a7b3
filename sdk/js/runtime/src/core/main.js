// The part of the runtime that every plugin has: it stays small.
import './errors.js';
import './date.js';
import './performance.js';
import './timers.js';
import './event.js';
import './abort.js';
import './encoding.js';
import './random.js';

export { asInterface, defineGlobals, usv } from './define.js';
export { Event, EventTarget, defineHandler } from './event.js';
export { AbortSignal, AbortController } from './abort.js';
export { bytesOf, toBytes, concatBytes } from './bytes.js';
export { reportError } from './errors.js';
export { Crypto } from './random.js';

Object.defineProperty(globalThis, 'self', { value: globalThis, writable: true, configurable: true });

// QuickJS has no Atomics without threads. Libraries look at its functions when they are loaded.
if (!('Atomics' in globalThis)) {
  const Atomics = Object.defineProperty({}, Symbol.toStringTag, { value: 'Atomics', configurable: true });
  Object.defineProperty(globalThis, 'Atomics', { value: Atomics, writable: true, configurable: true });
}
