// Stacks as in V8: `error.stack` begins with the error itself, and its frames are in the author's files. QuickJS stores the
// frames alone, with their places in the bundle.
import native from 'toril:engine/native';
import { defineGlobals } from './define.js';

const accessor = Object.getOwnPropertyDescriptor(Error.prototype, 'stack');
const nativeCapture = Error.captureStackTrace;

const isFrames = (stack) => stack === '' || stack.startsWith('    at ');

function headOf(error) {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}

function withHead(error, stack) {
  if (typeof stack !== 'string' || !isFrames(stack)) return stack;
  const frames = native.mapStack(stack);
  return frames === '' ? headOf(error) : `${headOf(error)}\n${frames}`;
}

Object.defineProperty(Error.prototype, 'stack', {
  configurable: true,
  enumerable: false,
  // Computed on access, so that an error whose stack nobody reads costs nothing.
  get() {
    return withHead(this, accessor.get.call(this));
  },
  set(value) {
    accessor.set.call(this, value);
  },
});

Error.captureStackTrace = function captureStackTrace(target, above) {
  nativeCapture(target, above ?? captureStackTrace);
  const own = Object.getOwnPropertyDescriptor(target, 'stack');
  if (own === undefined || !('value' in own)) return;
  Object.defineProperty(target, 'stack', { ...own, value: withHead(target, own.value) });
};

/** Reports an error that no caller can catch, such as a listener's. The engine ends the attempt, as Node does. */
export function reportError(error) {
  setTimeout(() => {
    throw error;
  });
}

defineGlobals({ reportError });
