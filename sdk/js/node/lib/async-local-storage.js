// `AsyncLocalStorage` of `node:async_hooks`. The bundler looks for this file in a bundle.
import { capture, enter, install, run } from './context.js';

/** A value that the code sees which one call has started, however late it runs. */
export class AsyncLocalStorage {
  #default;

  constructor({ defaultValue, name } = {}) {
    this.#default = defaultValue;
    this.name = name ?? '';
    install();
  }

  getStore() {
    const context = capture();
    return context?.has(this) ? context.get(this) : this.#default;
  }

  run(store, callback, ...args) {
    return run(this.#with(store), () => callback(...args));
  }

  exit(callback, ...args) {
    return this.run(undefined, callback, ...args);
  }

  enterWith(store) {
    enter(this.#with(store));
  }

  disable() {
    const context = new Map(capture());
    context.delete(this);
    enter(context);
  }

  #with(store) {
    return new Map(capture()).set(this, store);
  }

  static bind(callback) {
    const context = capture();
    return function bound(...args) {
      return run(context, () => Reflect.apply(callback, this, args));
    };
  }

  /** A function that runs others in the context of now. */
  static snapshot() {
    const context = capture();
    return (callback, ...args) => run(context, () => callback(...args));
  }
}
