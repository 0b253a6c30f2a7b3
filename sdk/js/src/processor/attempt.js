// The attempt that runs now: what the processor has asked BullMQ to do with its job, and how code outside of the
// processor ends the attempt. The `bullmq` of the bundle finds the attempt here.

/** The same object for every copy of this module in a bundle. */
const shared = (globalThis[Symbol.for('toril.attempt')] ??= { current: undefined });

export class Attempt {
  /** The job as the host gives it to the plugin. */
  raw;
  /** The variant in which the attempt ends, once the job has been moved with `moveToDelayed` and the like. */
  moved = undefined;
  /** For how many milliseconds the job's queue is limited, if the processor throws a RateLimitError. */
  rateLimit = undefined;
  /** Whether the processor has ended. */
  ended = false;
  /** Called when the attempt has ended. */
  onEnd = undefined;
  #details = undefined;
  #host;

  constructor(raw, host) {
    this.raw = raw;
    this.#host = host;
  }

  /** The job's other fields. The host is asked once. */
  get details() {
    return (this.#details ??= this.#host());
  }

  /** Moves the job when the attempt ends. In BullMQ only the first move succeeds. */
  move(variant) {
    this.moved ??= variant;
  }
}

export const current = () => shared.current;

export function begin(attempt) {
  shared.current = attempt;
}
