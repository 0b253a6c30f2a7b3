// structuredClone. Transferring detaches the original buffer, as in Node.
import { defineGlobals } from 'toril:runtime/core';

const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const CLONED_WITH_PROPERTIES = new Set(['[object Object]', '[object Array]']);

function refuse(value) {
  const shown = typeof value === 'symbol' ? value.toString() : typeof value === 'function' ? String(value) : `#<${value?.constructor?.name ?? 'Object'}>`;
  throw new DOMException(`${shown} could not be cloned.`, 'DataCloneError');
}

const typeOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

// By internal slot, not by prototype or Symbol.toStringTag, which anybody may change.
function brandOf(value) {
  const probes = [
    ['Boolean', Boolean.prototype.valueOf],
    ['Number', Number.prototype.valueOf],
    ['String', String.prototype.valueOf],
    ['BigInt', BigInt.prototype.valueOf],
    ['Date', Date.prototype.getTime],
    ['Map', Object.getOwnPropertyDescriptor(Map.prototype, 'size').get],
    ['Set', Object.getOwnPropertyDescriptor(Set.prototype, 'size').get],
    ['ArrayBuffer', Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength').get],
  ];
  for (const [brand, probe] of probes) {
    try {
      probe.call(value);
      return brand;
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

// Fast answers for what most values are made of.
function kindOf(value) {
  if (Array.isArray(value)) return 'Array';
  const prototype = Object.getPrototypeOf(value);
  if (ArrayBuffer.isView(value)) return 'View';
  if (Error.isError?.(value) ?? value instanceof Error) return 'Error';
  if (Object.prototype.toString.call(value) === '[object RegExp]' && value instanceof RegExp) return 'RegExp';
  if (prototype === null || prototype === Object.prototype) {
    return brandOf(value) ?? 'Object';
  }
  const brand = brandOf(value);
  if (brand !== undefined) return brand;
  if (value instanceof DOMException) return 'DOMException';
  if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef || value instanceof Promise) return undefined;
  return CLONED_WITH_PROPERTIES.has(Object.prototype.toString.call(value)) || !isPlatform(value) ? 'Object' : undefined;
}

// Objects of the platform hold private state that a copy would lack. Blob and File say how they are copied.
const platform = ['Event', 'EventTarget', 'AbortController', 'URL', 'URLSearchParams', 'Headers', 'Request', 'Response', 'FormData', 'ReadableStream', 'WritableStream', 'TransformStream', 'TextEncoder', 'TextDecoder', 'Crypto'];
const isPlatform = (value) => platform.some((name) => typeof globalThis[name] === 'function' && value instanceof globalThis[name]);

class Cloner {
  #seen = new Map();

  constructor(transfer) {
    for (const buffer of transfer) {
      if (!(buffer instanceof ArrayBuffer) || this.#seen.has(buffer)) {
        throw new DOMException('Value could not be transferred', 'DataCloneError');
      }
      this.#seen.set(buffer, undefined);
    }
    this.transfer = transfer;
  }

  clone(value) {
    if (typeof value === 'symbol' || typeof value === 'function') refuse(value);
    if (value === null || typeof value !== 'object') return value;
    const known = this.#seen.get(value);
    if (known !== undefined) return known;
    if (this.#seen.has(value)) return this.#keep(value, value.slice(0));
    return this.#object(value, kindOf(value));
  }

  /** After the copy, which may fail and must then leave the originals alone. */
  detach() {
    for (const buffer of this.transfer) buffer.transfer();
  }

  #keep(value, copy) {
    this.#seen.set(value, copy);
    return copy;
  }

  #object(value, kind) {
    switch (kind) {
      case 'Boolean': return this.#keep(value, Object(Boolean.prototype.valueOf.call(value)));
      case 'Number': return this.#keep(value, Object(Number.prototype.valueOf.call(value)));
      case 'String': return this.#keep(value, Object(String.prototype.valueOf.call(value)));
      case 'BigInt': return this.#keep(value, Object(BigInt.prototype.valueOf.call(value)));
      case 'Date': return this.#keep(value, new Date(Date.prototype.getTime.call(value)));
      case 'RegExp': return this.#keep(value, new RegExp(value.source, value.flags));
      case 'ArrayBuffer': return this.#keep(value, value.slice(0));
      case 'View': return this.#view(value);
      case 'Map': return this.#map(value);
      case 'Set': return this.#set(value);
      case 'Error': return this.#error(value);
      case 'DOMException': return this.#keep(value, new DOMException(value.message, value.name));
      case 'Array': return this.#properties(value, this.#keep(value, new Array(value.length)));
      case 'Object': return this.#plain(value);
      default: return refuse(value);
    }
  }

  #plain(value) {
    const copy = value[Symbol.for('toril.clone')]?.();
    return copy === undefined ? this.#properties(value, this.#keep(value, {})) : this.#keep(value, copy);
  }

  #properties(value, copy) {
    for (const key of Object.keys(value)) {
      // Defined, not assigned: a key may be `__proto__`.
      Object.defineProperty(copy, key, { value: this.clone(value[key]), writable: true, enumerable: true, configurable: true });
    }
    return copy;
  }

  #view(value) {
    const whole = this.clone(value.buffer);
    const constructor = value instanceof DataView ? DataView : globalThis[typeOf.call(value)];
    const length = value instanceof DataView ? value.byteLength : value.length;
    return this.#keep(value, new constructor(whole, value.byteOffset, length));
  }

  #map(value) {
    const copy = this.#keep(value, new Map());
    for (const [key, entry] of [...Map.prototype.entries.call(value)]) copy.set(this.clone(key), this.clone(entry));
    return copy;
  }

  #set(value) {
    const copy = this.#keep(value, new Set());
    for (const entry of [...Set.prototype.values.call(value)]) copy.add(this.clone(entry));
    return copy;
  }

  #error(value) {
    const constructor = ERRORS[value.name] ?? Error;
    const copy = this.#keep(value, Object.create(constructor.prototype) && new constructor());
    const data = (name, entry) => Object.defineProperty(copy, name, { value: entry, writable: true, configurable: true, enumerable: false });
    if (Object.hasOwn(value, 'message')) data('message', String(value.message));
    data('stack', String(value.stack));
    if (Object.hasOwn(value, 'cause')) data('cause', this.clone(value.cause));
    return copy;
  }
}

export function structuredClone(value, options = undefined) {
  if (arguments.length === 0) throw Object.assign(new TypeError('The "value" argument must be specified'), { code: 'ERR_MISSING_ARGS' });
  const cloner = new Cloner([...(options?.transfer ?? [])]);
  const copy = cloner.clone(value);
  cloner.detach();
  return copy;
}

defineGlobals({ structuredClone });
