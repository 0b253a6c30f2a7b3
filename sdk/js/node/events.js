// `node:events`: the npm package `events`, and what newer versions of Node have added to it.
import EventEmitter from 'events';
import { coded } from './lib/errors.js';

export { EventEmitter };
export const errorMonitor = Symbol('events.errorMonitor');
export const captureRejectionSymbol = Symbol.for('nodejs.rejection');
export const captureRejections = false;
export const usingDomains = false;

const { emit } = EventEmitter.prototype;
/** Also calls the listeners of `errorMonitor`. An event without listeners, which is frequent, costs little. */
EventEmitter.prototype.emit = function (type, value) {
  if (type !== 'error' && this._events?.[type] === undefined) return false;
  if (type === 'error' && this._events?.[errorMonitor] !== undefined) emit.call(this, errorMonitor, value);
  return emit.apply(this, arguments);
};

/** A promise of an event's arguments. Rejects when the emitter emits an error first. */
export function once(emitter, type, { signal } = {}) {
  if (signal?.aborted) return Promise.reject(abortError(signal));
  return new Promise((resolve, reject) => {
    const isTarget = typeof emitter.addEventListener === 'function' && typeof emitter.on !== 'function';
    const stop = isTarget
      ? (name, listener) => emitter.removeEventListener(name, listener)
      : (name, listener) => emitter.removeListener(name, listener);
    const cleanUp = () => {
      stop(type, onEvent);
      if (!isTarget && type !== 'error') stop('error', onError);
      signal?.removeEventListener('abort', onAbort);
    };
    const onEvent = (...values) => (cleanUp(), resolve(values));
    const onError = (error) => (cleanUp(), reject(error));
    const onAbort = () => (cleanUp(), reject(abortError(signal)));
    if (isTarget) emitter.addEventListener(type, onEvent, { once: true });
    else {
      emitter.once(type, onEvent);
      if (type !== 'error') emitter.once('error', onError);
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** An asynchronous iterator over an event's arguments. */
export function on(emitter, type, { signal, close = [] } = {}) {
  if (signal?.aborted) throw abortError(signal);
  const ready = [];
  const waiting = [];
  let failure;
  let isOver = false;
  const onEvent = (...values) =>
    waiting.length > 0 ? waiting.shift().resolve({ value: values, done: false }) : ready.push(values);
  const onError = (error) => (waiting.length > 0 ? waiting.shift().reject(error) : (failure = error), end());
  const onAbort = () => onError(abortError(signal));
  const end = () => {
    isOver = true;
    emitter.removeListener(type, onEvent);
    emitter.removeListener('error', onError);
    for (const name of close) emitter.removeListener(name, end);
    signal?.removeEventListener('abort', onAbort);
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  emitter.on(type, onEvent);
  if (type !== 'error') emitter.on('error', onError);
  for (const name of close) emitter.on(name, end);
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    next() {
      if (ready.length > 0) return Promise.resolve({ value: ready.shift(), done: false });
      if (failure) {
        const error = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (isOver) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return: end,
    throw(error) {
      onError(error);
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const abortError = (signal) =>
  Object.assign(coded(Error, 'ABORT_ERR', 'The operation was aborted'), { name: 'AbortError', cause: signal.reason });

export const getEventListeners = (emitter, type) =>
  typeof emitter.listeners === 'function' ? emitter.listeners(type) : [];
export const getMaxListeners = (emitter) => emitter.getMaxListeners?.() ?? EventEmitter.defaultMaxListeners;
export const listenerCount = (emitter, type) => emitter.listenerCount(type);

/** Sets the limit of some emitters, or the default of all. */
export function setMaxListeners(count = EventEmitter.defaultMaxListeners, ...emitters) {
  if (emitters.length === 0) EventEmitter.defaultMaxListeners = count;
  // An event target has no limit here.
  for (const emitter of emitters) emitter.setMaxListeners?.(count);
}

/** Listens once for an abort. Returns what removes the listener. */
export function addAbortListener(signal, listener) {
  if (signal.aborted) queueMicrotask(() => listener());
  else signal.addEventListener('abort', listener, { once: true });
  return { [Symbol.dispose ?? Symbol.for('Symbol.dispose')]: () => signal.removeEventListener('abort', listener) };
}

/** Emits in no context of its own: a plugin has no asynchronous hooks. */
export class EventEmitterAsyncResource extends EventEmitter {
  emitDestroy() {}
}

export const init = EventEmitter.init;
export const defaultMaxListeners = EventEmitter.defaultMaxListeners;

Object.assign(EventEmitter, {
  addAbortListener,
  captureRejectionSymbol,
  captureRejections,
  errorMonitor,
  EventEmitter,
  EventEmitterAsyncResource,
  getEventListeners,
  getMaxListeners,
  listenerCount,
  on,
  once,
  setMaxListeners,
  usingDomains,
});

export default EventEmitter;
