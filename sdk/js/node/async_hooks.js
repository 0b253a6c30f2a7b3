// `node:async_hooks`. `AsyncLocalStorage` works across `await`, promises, timers, `nextTick` and event emitters' own
// calls. The hooks themselves do not exist.
import { capture, run } from './lib/context.js';
import { unavailable } from './lib/errors.js';

export { AsyncLocalStorage } from './lib/async-local-storage.js';
import { AsyncLocalStorage } from './lib/async-local-storage.js';

/** Keeps the context in which it was made, for callbacks. */
export class AsyncResource {
  #context = capture();

  constructor(type) {
    this.type = type;
  }

  runInAsyncScope(callback, thisArgument, ...args) {
    return run(this.#context, () => Reflect.apply(callback, thisArgument, args));
  }

  bind(callback, thisArgument) {
    const resource = this;
    return function bound(...args) {
      return resource.runInAsyncScope(callback, thisArgument ?? this, ...args);
    };
  }

  static bind(callback, type, thisArgument) {
    return new AsyncResource(type).bind(callback, thisArgument);
  }

  emitDestroy() {
    return this;
  }

  asyncId() {
    return 1;
  }

  triggerAsyncId() {
    return 0;
  }
}

export function createHook() {
  throw unavailable('async_hooks.createHook', 'use AsyncLocalStorage, which works across `await`');
}
export const executionAsyncId = () => 1;
export const triggerAsyncId = () => 0;
export const executionAsyncResource = () => ({});
export const asyncWrapProviders = Object.freeze({});

const hooks = {
  AsyncLocalStorage,
  AsyncResource,
  asyncWrapProviders,
  createHook,
  executionAsyncId,
  executionAsyncResource,
  triggerAsyncId,
};
export default hooks;
