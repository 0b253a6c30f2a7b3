// How an attempt of a processor ends: what BullMQ makes of an error that a sandboxed processor throws.
import {
  DelayedError,
  RATE_LIMIT_ERROR,
  RateLimitError,
  UnrecoverableError,
  WaitingChildrenError,
  WaitingError,
} from '../../bullmq/errors.js';
import { UnsupportedError } from '../../bullmq/unsupported.js';
import { HostError } from '../host-error.js';
import { withStack } from '../stack.js';

/** The methods that move the job, and the errors that BullMQ expects afterwards. */
const MOVES = [
  [DelayedError, 'moveToDelayed'],
  [WaitingError, 'moveToWait'],
  [WaitingChildrenError, 'moveToWaitingChildren'],
];

/** The host's variant for a job that has been moved. */
export function ofMove({ tag, due }) {
  if (tag !== 'defer') return { tag };
  return { tag, val: BigInt(Math.max(0, Math.ceil(due - Date.now()))) };
}

/** The host's variant for what a processor has thrown. */
export function ofThrown(attempt, thrown) {
  // The child process of BullMQ fails while it reports a value that has no properties.
  if (thrown === undefined || thrown === null) {
    return failed('retry', new TypeError(`Cannot read properties of ${thrown} (reading 'message')`));
  }
  // BullMQ reports a value without a message as the message of an error.
  const error = thrown.message ? thrown : new Error(thrown);
  const message = String(error.message);
  if (message === RATE_LIMIT_ERROR || error instanceof RateLimitError) {
    return attempt?.rateLimit === undefined
      ? { tag: 'requeue' }
      : { tag: 'rate-limited', val: BigInt(Math.ceil(attempt.rateLimit)) };
  }
  const move = MOVES.find(([type]) => error instanceof type || error.name === type.name);
  if (move) {
    const [type, method] = move;
    const advice = `call job.${method}() before, because in BullMQ the job would stay active until it stalls`;
    return failed('retry', error, `${type.name} without a move: ${advice} (${message})`);
  }
  return failed(isFatal(error) ? 'fatal' : 'retry', error);
}

/** Whether another attempt is of no use. Calls that the host will refuse again are as unrecoverable as in a plugin. */
function isFatal(error) {
  if (error instanceof UnrecoverableError || ownName(error) === UnrecoverableError.name) return true;
  return (error instanceof HostError || error instanceof UnsupportedError) && error.permanent;
}

/** The name that BullMQ's child process reports: only own properties pass between processes. */
const ownName = (error) => (Object.hasOwn(Object(error), 'name') ? error.name : undefined);

const failed = (tag, error, message = String(error.message)) => ({ tag, val: { message, stack: stackOf(error) } });

function stackOf(error) {
  return error instanceof Error || typeof error.stack === 'string' ? withStack(error) : undefined;
}
