// Event and EventTarget. There is no tree of targets, so an event has one phase.
import { asInterface, defineGlobals } from './define.js';
import { reportError } from './errors.js';

const NONE = 0;
const AT_TARGET = 2;

export class Event {
  #type;
  #bubbles;
  #cancelable;
  #composed;
  #timeStamp = performance.now();
  #prevented = false;
  #stopped = false;
  #stoppedNow = false;
  #passive = false;
  #phase = NONE;
  #target = null;

  constructor(type, options = {}) {
    if (arguments.length === 0) throw new TypeError('The "type" argument must be specified');
    this.#type = String(type);
    this.#bubbles = Boolean(options?.bubbles);
    this.#cancelable = Boolean(options?.cancelable);
    this.#composed = Boolean(options?.composed);
  }

  get type() { return this.#type; }
  get target() { return this.#target; }
  get srcElement() { return this.#target; }
  get currentTarget() { return this.#phase === NONE ? null : this.#target; }
  get eventPhase() { return this.#phase; }
  get bubbles() { return this.#bubbles; }
  get cancelable() { return this.#cancelable; }
  get composed() { return this.#composed; }
  get defaultPrevented() { return this.#prevented; }
  get returnValue() { return !this.#prevented; }
  get timeStamp() { return this.#timeStamp; }
  get isTrusted() { return false; }
  get cancelBubble() { return this.#stopped; }
  set cancelBubble(value) { if (value) this.#stopped = true; }

  composedPath() { return this.#phase === NONE ? [] : [this.#target]; }
  preventDefault() { if (this.#cancelable && !this.#passive) this.#prevented = true; }
  stopPropagation() { this.#stopped = true; }
  stopImmediatePropagation() { this.#stopped = true; this.#stoppedNow = true; }

  /** Calls the listeners, for EventTarget alone. */
  static dispatch(event, target, listeners, remove) {
    if (event.#phase !== NONE) throw new DOMException('The event is already being dispatched', 'InvalidStateError');
    event.#target = target;
    event.#phase = AT_TARGET;
    event.#stoppedNow = false;
    for (const listener of listeners) {
      if (event.#stoppedNow) break;
      if (listener.removed) continue;
      if (listener.once) remove(listener);
      event.#passive = listener.passive;
      try {
        const { callback } = listener;
        if (typeof callback === 'function') callback.call(target, event);
        else callback.handleEvent(event);
      } catch (error) {
        reportError(error);
      }
      event.#passive = false;
    }
    event.#phase = NONE;
    event.#stopped = false;
    return !event.#prevented;
  }
}
const phases = { NONE, CAPTURING_PHASE: 1, AT_TARGET, BUBBLING_PHASE: 3 };
for (const object of [Event, Event.prototype]) {
  for (const name of Object.keys(phases)) Object.defineProperty(object, name, { value: phases[name], enumerable: true });
}
asInterface(Event, 'Event');
const { dispatch } = Event;
delete Event.dispatch;

export class CustomEvent extends Event {
  #detail;

  constructor(type, options = {}) {
    super(type, options);
    this.#detail = options?.detail ?? null;
  }

  get detail() { return this.#detail; }
}
asInterface(CustomEvent, 'CustomEvent');

export class EventTarget {
  // type -> listeners, made with the first listener.
  #listeners;

  addEventListener(type, callback, options) {
    if (callback === null || callback === undefined) return;
    if (typeof callback !== 'function' && typeof callback !== 'object') {
      throw new TypeError('The "listener" argument must be a function or an object with handleEvent');
    }
    const { capture, once, passive, signal } = optionsOf(options);
    if (signal?.aborted) return;
    const list = this.#list(type, true);
    if (list.some((known) => known.callback === callback && known.capture === capture)) return;
    list.push({ callback, capture, once, passive, removed: false });
    signal?.addEventListener('abort', () => this.removeEventListener(type, callback, options), { once: true });
  }

  removeEventListener(type, callback, options) {
    const { capture } = optionsOf(options);
    const found = this.#list(type)?.find((known) => known.callback === callback && known.capture === capture);
    if (found !== undefined) this.#remove(type, found);
  }

  dispatchEvent(event) {
    if (!(event instanceof Event)) throw new TypeError('The "event" argument must be an instance of Event');
    const { type } = event;
    // A copy: listeners that a listener adds are called with the next event.
    return dispatch(event, this, [...(this.#list(type) ?? [])], (listener) => this.#remove(type, listener));
  }

  #list(type, make) {
    if (make) this.#listeners ??= new Map();
    const name = String(type);
    let list = this.#listeners?.get(name);
    if (list === undefined && make) this.#listeners.set(name, (list = []));
    return list;
  }

  #remove(type, listener) {
    const list = this.#list(type);
    listener.removed = true;
    const index = list.indexOf(listener);
    if (index !== -1) list.splice(index, 1);
  }
}
asInterface(EventTarget, 'EventTarget', ['addEventListener', 'removeEventListener', 'dispatchEvent']);

function optionsOf(options) {
  if (typeof options === 'boolean') return { capture: options, once: false, passive: false };
  return {
    capture: Boolean(options?.capture),
    once: Boolean(options?.once),
    passive: Boolean(options?.passive),
    signal: options?.signal,
  };
}

/** Defines `onNAME` on a class of targets: a property that holds one listener. */
export function defineHandler(constructor, name) {
  const slots = new WeakMap();
  Object.defineProperty(constructor.prototype, `on${name}`, {
    configurable: true,
    enumerable: true,
    get() {
      return slots.get(this)?.handler ?? null;
    },
    set(handler) {
      let slot = slots.get(this);
      if (slot === undefined) {
        slot = { handler: null };
        slots.set(this, slot);
        this.addEventListener(name, (event) => slot.handler?.call(this, event));
      }
      slot.handler = typeof handler === 'function' ? handler : null;
    },
  });
}

defineGlobals({ Event, CustomEvent, EventTarget });
