// Errors of the host's functions.

/** Codes of calls that another attempt would repeat in vain. */
const PERMANENT = new Set(['denied', 'invalid', 'too-large']);

export class HostError extends Error {
  constructor(doing, code, reason) {
    super(`${doing}: ${reason}`);
    this.name = 'HostError';
    this.code = code;
    // Another attempt would be rejected as well.
    this.permanent = PERMANENT.has(code);
  }
}

const CODES = { 'access-denied': 'denied', 'no-such-store': 'invalid', denied: 'denied', invalid: 'invalid' };
const REASONS = { 'access-denied': 'access denied', 'no-such-store': 'no such store' };

/** Calls the host, and converts its error `{ tag, val }` to an exception with a message. */
export function ask(doing, call) {
  try {
    return call();
  } catch (thrown) {
    const error = thrown?.payload ?? thrown;
    if (typeof error?.tag !== 'string') throw thrown;
    throw new HostError(doing, CODES[error.tag] ?? 'unavailable', error.val ?? REASONS[error.tag] ?? error.tag);
  }
}
