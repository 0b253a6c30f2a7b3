// What the host answers when it does not do what was asked.

export class HostError extends Error {
  constructor(doing, code, reason) {
    super(`${doing}: ${reason}`);
    this.name = 'HostError';
    this.code = code;
    // Another attempt would be refused in the same way.
    this.permanent = code === 'denied' || code === 'invalid';
  }
}

const CODES = { 'access-denied': 'denied', 'no-such-store': 'invalid', denied: 'denied', invalid: 'invalid' };
const REASONS = { 'access-denied': 'the plugin may not', 'no-such-store': 'there is no such store' };

/** Calls the host, and turns its `{ tag, val }` into an error with words. */
export function ask(doing, call) {
  try {
    return call();
  } catch (thrown) {
    const error = thrown?.payload ?? thrown;
    if (typeof error?.tag !== 'string') throw thrown;
    throw new HostError(doing, CODES[error.tag] ?? 'unavailable', error.val ?? REASONS[error.tag] ?? error.tag);
  }
}
