// `node:timers`. The engine's `setTimeout` returns objects, as Node's does.
import native from 'toril:engine/native';
import { keep } from './lib/context.js';
import { wrongType } from './lib/errors.js';
import promises from './timers/promises.js';

const host = globalThis;
const dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
const customPromisify = Symbol.for('nodejs.util.promisify.custom');

/** What `setImmediate` returns. */
export class Immediate {
  #id;

  constructor(callback, args) {
    if (typeof callback !== 'function') throw wrongType('callback', 'of type function', callback);
    const kept = keep(callback);
    this.#id = native.setTimer(0, () => kept(...args));
  }

  static clear(immediate) {
    if (typeof immediate === 'object' && immediate !== null && #id in immediate) native.clearTimer(immediate.#id);
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }

  hasRef() {
    return true;
  }

  [dispose]() {
    Immediate.clear(this);
  }
}

export const setImmediate = (callback, ...args) => new Immediate(callback, args);
export const clearImmediate = (immediate) => Immediate.clear(immediate);

// Looked up at each call, because an AsyncLocalStorage replaces them.
export const setTimeout = (callback, delay, ...args) => host.setTimeout(callback, delay, ...args);
export const setInterval = (callback, delay, ...args) => host.setInterval(callback, delay, ...args);
export const clearTimeout = (timer) => host.clearTimeout(timer);
export const clearInterval = (timer) => host.clearInterval(timer);

// `promisify(setTimeout)` is the usual way to make a `sleep`.
const sleep = (delay, value) => new Promise((resolve) => host.setTimeout(resolve, delay, value));
for (const [timer, value] of [
  [setTimeout, sleep],
  [setImmediate, (value) => new Promise((resolve) => setImmediate(resolve, value))],
]) {
  Object.defineProperty(timer, customPromisify, { value });
}

export { promises };
const timers = {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval,
  clearImmediate,
  get promises() {
    return promises;
  },
};
export default timers;
