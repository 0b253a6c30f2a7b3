// The signal that a processor gets. It aborts when a user cancels the job, with the user's reason, as BullMQ's does. The
// host's shutdown is no cancellation in BullMQ. A signal that nobody uses costs no call to the host and no timer.
import * as host from '#host/context';

/** How often a cancellation is looked for while something listens, in milliseconds. */
const INTERVAL = 100;

const STATE = Symbol('state');

/** Makes the signal of an attempt. */
export function makeSignal(attempt) {
  const controller = new AbortController();
  const signal = Object.setPrototypeOf(controller.signal, prototype());
  signal[STATE] = { controller, attempt, timer: undefined };
  return signal;
}

function look(signal) {
  const { controller, attempt } = signal[STATE];
  if (attempt.ended || base('aborted').call(signal)) return;
  const why = host.cancelled();
  if (why?.tag === 'requested') controller.abort(why.val);
}

function watch(signal) {
  const { attempt } = signal[STATE];
  if (signal[STATE].timer !== undefined) return;
  const again = () => {
    look(signal);
    const goesOn = !attempt.ended && !base('aborted').call(signal);
    signal[STATE].timer = goesOn ? setTimeout(again, INTERVAL) : undefined;
  };
  signal[STATE].timer = setTimeout(again, 0);
  attempt.onEnd = () => clearTimeout(signal[STATE].timer);
}

const base = (name) => Object.getOwnPropertyDescriptor(AbortSignal.prototype, name)?.get;

let made;

/** The prototype of all these signals. */
function prototype() {
  if (made) return made;
  const looking = (name) => ({
    get() {
      look(this);
      return base(name).call(this);
    },
    configurable: true,
  });
  made = Object.create(AbortSignal.prototype, {
    aborted: looking('aborted'),
    reason: looking('reason'),
    throwIfAborted: {
      value() {
        if (this.aborted) throw this.reason;
      },
      configurable: true,
      writable: true,
    },
    addEventListener: {
      value(...listener) {
        AbortSignal.prototype.addEventListener.apply(this, listener);
        watch(this);
      },
      configurable: true,
      writable: true,
    },
    onabort: {
      get() {
        return base('onabort')?.call(this);
      },
      set(listener) {
        Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'onabort').set.call(this, listener);
        watch(this);
      },
      configurable: true,
    },
  });
  return made;
}
