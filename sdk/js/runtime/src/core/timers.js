// setTimeout and setInterval over the engine's one-shot timers. The returned object has the methods of Node's Timeout,
// because libraries call `unref()` on it.
import native from 'toril:engine/native';
import { defineGlobals } from './define.js';

// For `clearTimeout(+timeout)`. Node accepts the number as well.
const byId = new Map();

const MAX_DELAY = 2 ** 31 - 1;

const delayOf = (ms) => {
  const delay = Math.trunc(Number(ms));
  return delay >= 1 && delay <= MAX_DELAY ? delay : 1;
};

export class Timeout {
  #id;
  #native;
  #callback;
  #parameters;
  #delay;
  #repeats;
  #active = true;
  #ref = true;

  constructor(callback, ms, parameters, repeats) {
    if (typeof callback !== 'function') {
      const error = new TypeError(`The "callback" argument must be of type function. Received ${callback === null ? 'null' : typeof callback}`);
      error.code = 'ERR_INVALID_ARG_TYPE';
      throw error;
    }
    this.#callback = callback;
    this.#parameters = parameters;
    this.#delay = delayOf(ms);
    this.#repeats = repeats;
    this.#start();
  }

  #start() {
    this.#native = native.setTimer(this.#delay, () => this.#fire());
    this.#id ??= this.#native;
    byId.set(this.#id, this);
  }

  #fire() {
    // Before the callback, which may clear the timer, or throw.
    if (this.#repeats) this.#start();
    else this.#stop();
    this.#callback.apply(this, this.#parameters);
  }

  #stop() {
    this.#active = false;
    byId.delete(this.#id);
  }

  close() {
    if (this.#active) native.clearTimer(this.#native);
    this.#stop();
    return this;
  }

  refresh() {
    if (this.#active) native.clearTimer(this.#native);
    this.#active = true;
    this.#start();
    return this;
  }

  // A job ends when its promise settles, whether timers are left or not. So these only keep what they were given.
  ref() {
    this.#ref = true;
    return this;
  }

  unref() {
    this.#ref = false;
    return this;
  }

  hasRef() {
    return this.#ref;
  }

  [Symbol.toPrimitive]() {
    return this.#id;
  }

  [Symbol.dispose]() {
    this.close();
  }
}

function setTimeout(callback, ms, ...parameters) {
  return new Timeout(callback, ms, parameters, false);
}

function setInterval(callback, ms, ...parameters) {
  return new Timeout(callback, ms, parameters, true);
}

function clearTimeout(timeout) {
  if (timeout instanceof Timeout) timeout.close();
  else byId.get(Number(timeout))?.close();
}

const clearInterval = (timeout) => clearTimeout(timeout);

defineGlobals({ setTimeout, setInterval, clearTimeout, clearInterval });
