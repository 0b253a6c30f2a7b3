// AbortController and AbortSignal.
import { asInterface, defineGlobals } from './define.js';
import { Event, EventTarget, defineHandler } from './event.js';

const aborted = () => new DOMException('This operation was aborted', 'AbortError');
// Only this file may construct a signal.
const KEY = Symbol('AbortSignal');

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason;
  // What `any` made of this signal.
  #dependants;

  constructor(key) {
    if (key !== KEY) {
      const error = new TypeError('Illegal constructor');
      error.code = 'ERR_ILLEGAL_CONSTRUCTOR';
      throw error;
    }
    super();
  }

  get aborted() { return this.#aborted; }
  get reason() { return this.#reason; }

  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }

  static abort(reason = aborted()) {
    const signal = new AbortSignal(KEY);
    signal.#aborted = true;
    signal.#reason = reason;
    return signal;
  }

  static timeout(ms) {
    const delay = Number(ms);
    if (!(delay >= 0)) throw new RangeError('The value of "delay" is out of range. It must be >= 0');
    const signal = new AbortSignal(KEY);
    const expired = () => signal.#abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    setTimeout(expired, delay).unref();
    return signal;
  }

  static any(signals) {
    const sources = [...signals];
    for (const source of sources) {
      if (!(source instanceof AbortSignal)) throw new TypeError('The "signals" argument must contain only AbortSignals');
    }
    const early = sources.find((source) => source.#aborted);
    if (early !== undefined) return AbortSignal.abort(early.#reason);
    const signal = new AbortSignal(KEY);
    for (const source of sources) (source.#dependants ??= []).push(signal);
    return signal;
  }

  #abort(reason) {
    if (this.#aborted) return;
    const signals = [this];
    // All are marked before any listener runs, which may look at the others.
    for (const signal of signals) {
      signal.#aborted = true;
      signal.#reason = reason;
      for (const dependant of signal.#dependants ?? []) if (!dependant.#aborted && !signals.includes(dependant)) signals.push(dependant);
      signal.#dependants = undefined;
    }
    for (const signal of signals) signal.dispatchEvent(new Event('abort'));
  }

  /** Aborts a signal, for AbortController alone. */
  static trigger(signal, reason) {
    signal.#abort(reason);
  }
}
const { trigger } = AbortSignal;
delete AbortSignal.trigger;
asInterface(AbortSignal, 'AbortSignal', ['aborted', 'reason', 'throwIfAborted']);
defineHandler(AbortSignal, 'abort');

export class AbortController {
  #signal = new AbortSignal(KEY);

  get signal() { return this.#signal; }

  abort(reason = aborted()) {
    trigger(this.#signal, reason);
  }
}
asInterface(AbortController, 'AbortController', ['signal', 'abort']);

defineGlobals({ AbortSignal, AbortController });
