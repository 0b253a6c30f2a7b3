// The ways in which an attempt ends without a result.

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
    // Parts of a millisecond are rounded up: a job that comes early would only be put off once more.
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

export class AwaitChildren extends Failure {
  static tag = 'await-children';

  constructor() {
    super('again when its children have ended');
  }
}

/** Whatever was thrown, as the host wants it: `{ tag, val }`. */
export function toVariant(thrown) {
  if (thrown instanceof Delay) return { tag: thrown.constructor.tag, val: BigInt(thrown.ms) };
  if (thrown instanceof AwaitChildren) return { tag: AwaitChildren.tag };
  const fatal = thrown instanceof Fatal || thrown?.permanent === true;
  return { tag: fatal ? Fatal.tag : Retry.tag, val: describe(thrown) };
}

/** Whether this was thrown to end the attempt, and is no accident whose stack would help. */
export const isMeant = (thrown) => thrown instanceof Failure;

/** An error's message and those of its causes. */
function describe(thrown) {
  const parts = [];
  for (let error = thrown; error !== undefined && error !== null && parts.length < 8; error = error.cause) {
    const text = error instanceof Error ? error.message || error.name : String(error);
    if (!parts.at(-1)?.endsWith(text)) parts.push(text);
  }
  return parts.join(': ') || 'undefined was thrown';
}
