// `process.nextTick`: a queue that runs in one microtask, in the order of the calls.
import { keep } from './context.js';
import { wrongType } from './errors.js';

let queue = [];

/**
 * Calls a function when the current one has returned. Unlike in Node, microtasks that were queued before run before.
 */
export function nextTick(callback, ...args) {
  if (typeof callback !== 'function') throw wrongType('callback', 'of type function', callback);
  queue.push([keep(callback), args]);
  if (queue.length === 1) queueMicrotask(drain);
}

function drain() {
  let at = 0;
  try {
    for (; at < queue.length; at += 1) {
      const [callback, args] = queue[at];
      callback(...args);
    }
    queue = [];
  } catch (error) {
    queue = queue.slice(at + 1);
    if (queue.length > 0) queueMicrotask(drain);
    // Nothing handles it, so it ends the attempt, as an uncaught error does.
    Promise.reject(error);
  }
}
