// `node:diagnostics_channel`: messages between libraries, without stores.
import { unavailable } from './lib/errors.js';

const channels = new Map();
const NO_STORES = 'use AsyncLocalStorage of `node:async_hooks`';

/** A named channel. */
export class Channel {
  #subscribers = [];

  constructor(name) {
    this.name = name;
  }

  get hasSubscribers() {
    return this.#subscribers.length > 0;
  }

  subscribe(listener) {
    this.#subscribers = [...this.#subscribers, listener];
  }

  unsubscribe(listener) {
    const before = this.#subscribers.length;
    this.#subscribers = this.#subscribers.filter((one) => one !== listener);
    return this.#subscribers.length < before;
  }

  publish(message) {
    for (const listener of this.#subscribers) listener(message, this.name);
  }

  bindStore() {
    throw unavailable('Channel.bindStore', NO_STORES);
  }

  unbindStore() {
    throw unavailable('Channel.unbindStore', NO_STORES);
  }

  runStores(message, callback, thisArgument, ...args) {
    this.publish(message);
    return Reflect.apply(callback, thisArgument, args);
  }
}

export function channel(name) {
  if (!channels.has(name)) channels.set(name, new Channel(name));
  return channels.get(name);
}
export const hasSubscribers = (name) => channels.get(name)?.hasSubscribers ?? false;
export const subscribe = (name, listener) => channel(name).subscribe(listener);
export const unsubscribe = (name, listener) => channel(name).unsubscribe(listener);

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

class TracingChannel {
  constructor(nameOrChannels) {
    for (const event of EVENTS) {
      this[event] =
        typeof nameOrChannels === 'string' ? channel(`tracing:${nameOrChannels}:${event}`) : nameOrChannels[event];
    }
  }

  get hasSubscribers() {
    return EVENTS.some((event) => this[event]?.hasSubscribers);
  }

  subscribe(listeners) {
    for (const event of EVENTS) if (listeners[event]) this[event].subscribe(listeners[event]);
  }

  unsubscribe(listeners) {
    return EVENTS.filter((event) => listeners[event]).every((event) => this[event].unsubscribe(listeners[event]));
  }

  traceSync(callback, context = {}, thisArgument, ...args) {
    this.start.publish(context);
    try {
      context.result = Reflect.apply(callback, thisArgument, args);
      return context.result;
    } catch (error) {
      context.error = error;
      this.error.publish(context);
      throw error;
    } finally {
      this.end.publish(context);
    }
  }

  tracePromise(callback, context = {}, thisArgument, ...args) {
    const settled = (key) => (value) => {
      context[key] = value;
      if (key === 'error') this.error.publish(context);
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
    };
    this.start.publish(context);
    try {
      const promise = Promise.resolve(Reflect.apply(callback, thisArgument, args));
      promise.then(settled('result'), settled('error'));
      return promise;
    } finally {
      this.end.publish(context);
    }
  }

  traceCallback(callback, position = -1, context = {}, thisArgument, ...args) {
    const original = args.at(position);
    args.splice(position, 1, (error, result) => {
      Object.assign(context, error ? { error } : { result });
      if (error) this.error.publish(context);
      this.asyncStart.publish(context);
      try {
        original(error, result);
      } finally {
        this.asyncEnd.publish(context);
      }
    });
    return this.traceSync(callback, context, thisArgument, ...args);
  }
}

export const tracingChannel = (nameOrChannels) => new TracingChannel(nameOrChannels);

const whole = { Channel, channel, hasSubscribers, subscribe, tracingChannel, unsubscribe };
export default whole;
