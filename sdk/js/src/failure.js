// The ways in which an attempt ends without a result.
import { withStack } from './stack.js';

class Failure extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class Retry extends Failure {
  static tag = 'retry';
}

export class Fatal extends Failure {
  static tag = 'fatal';
}

class Delay extends Failure {
  constructor(ms) {
    super(`again in ${ms} ms`);
    // Rounded up to whole milliseconds, because a job that runs too early would only be deferred again.
    this.ms = Math.max(0, Math.ceil(ms));
    if (!Number.isSafeInteger(this.ms)) throw new TypeError(`${new.target.name} takes milliseconds, not ${ms}`);
  }
}

export class Defer extends Delay {
  static tag = 'defer';
}

export class RateLimited extends Delay {
  static tag = 'rate-limited';
}

export class Requeue extends Failure {
  static tag = 'requeue';

  constructor() {
    super('again at once');
  }
}

export class AwaitChildren extends Failure {
  static tag = 'await-children';

  constructor() {
    super('again when its children have finished');
  }
}

/** Converts a thrown value to the host's form, `{ tag, val }`. */
export function toVariant(thrown) {
  if (thrown instanceof Delay) return { tag: thrown.constructor.tag, val: BigInt(thrown.ms) };
  if (thrown instanceof AwaitChildren || thrown instanceof Requeue) return { tag: thrown.constructor.tag };
  const fatal = thrown instanceof Fatal || thrown?.permanent === true;
  const stack = thrown instanceof Error && !isMeant(thrown) ? withStack(thrown) : undefined;
  return { tag: fatal ? Fatal.tag : Retry.tag, val: { message: describe(thrown), stack } };
}

/** Whether this was thrown on purpose to end the attempt. The stack of any other error is useful. */
export const isMeant = (thrown) => thrown instanceof Failure;

/** An error's message and the messages of its causes. */
function describe(thrown) {
  const parts = [];
  for (let error = thrown; error !== undefined && error !== null && parts.length < 8; error = error.cause) {
    const text = error instanceof Error ? error.message || error.name : String(error);
    if (!parts.at(-1)?.endsWith(text)) parts.push(text);
  }
  return parts.join(': ') || 'undefined was thrown';
}
