// The errors with which a processor tells BullMQ what to do with its job. They have BullMQ's names and messages. An error
// of another copy of this module is an instance, too.

export const DELAYED_ERROR = 'bullmq:movedToDelayed';
export const RATE_LIMIT_ERROR = 'bullmq:rateLimitExceeded';
export const UNRECOVERABLE_ERROR = 'bullmq:unrecoverable';
export const WAITING_CHILDREN_ERROR = 'bullmq:movedToWaitingChildren';
export const WAITING_ERROR = 'bullmq:movedToWait';
export const CONNECTION_CLOSED_ERROR_MSG = 'Connection is closed.';

const BRAND = Symbol.for('toril.bullmq.error');
const isInstance = Function.prototype[Symbol.hasInstance];

/** Makes one of the classes. Its name survives minification. */
function errorClass(name, defaultMessage) {
  class BullMQError extends Error {
    constructor(message = defaultMessage) {
      super(message);
      this.name = new.target === BullMQError ? name : new.target.name;
    }

    static [Symbol.hasInstance](value) {
      return isInstance.call(this, value) || (this === BullMQError && value?.[BRAND] === name);
    }
  }
  Object.defineProperty(BullMQError, 'name', { value: name, configurable: true });
  Object.defineProperty(BullMQError.prototype, BRAND, { value: name });
  return BullMQError;
}

export const DelayedError = errorClass('DelayedError', DELAYED_ERROR);
export const RateLimitError = errorClass('RateLimitError', RATE_LIMIT_ERROR);
export const UnrecoverableError = errorClass('UnrecoverableError', UNRECOVERABLE_ERROR);
export const WaitingChildrenError = errorClass('WaitingChildrenError', WAITING_CHILDREN_ERROR);
export const WaitingError = errorClass('WaitingError', WAITING_ERROR);
export const ConnectionClosedError = errorClass('ConnectionClosedError', CONNECTION_CLOSED_ERROR_MSG);
