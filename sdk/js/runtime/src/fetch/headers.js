// Headers: names in lower case, values joined with a comma, except Set-Cookie.
import { asInterface } from 'toril:runtime/core';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// NUL, CR and LF are refused, and so is what is not a byte.
const VALUE = /^[^\0\r\n\u0100-\uffff]*$/;

// What requests and responses usually have, so that an expression need not look at it.
const USUAL = new Map(
  ['Accept', 'Accept-Encoding', 'Accept-Language', 'Authorization', 'Cache-Control', 'Content-Encoding', 'Content-Length', 'Content-Type',
    'Cookie', 'Date', 'ETag', 'Idempotency-Key', 'If-Match', 'If-None-Match', 'Last-Modified', 'Link', 'Location', 'Range', 'Retry-After',
    'Server', 'Set-Cookie', 'User-Agent', 'X-API-Key', 'X-Request-Id'].flatMap((name) => [[name, name.toLowerCase()], [name.toLowerCase(), name.toLowerCase()]]),
);

function nameOf(name, method) {
  const usual = USUAL.get(name);
  if (usual !== undefined) return usual;
  const text = String(name);
  if (!TOKEN.test(text)) throw new TypeError(`Headers.${method}: ${text} is an invalid header name.`);
  return text.toLowerCase();
}

const isSpace = (code) => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;

function valueOf(value, method) {
  let text = String(value);
  if (isSpace(text.charCodeAt(0)) || isSpace(text.charCodeAt(text.length - 1))) text = text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  if (!VALUE.test(text)) throw new TypeError(`Headers.${method}: "${text}" is an invalid header value.`);
  return text;
}

function needArguments(given, method, needed) {
  if (given < needed) throw new TypeError(`Headers.${method}: ${needed} argument${needed > 1 ? 's' : ''} required, but only ${given} present.`);
}

export class Headers {
  // lower-case name -> value, or an array of values of Set-Cookie
  #map = new Map();
  #immutable = false;

  constructor(init = undefined) {
    if (init === undefined) return;
    if (init === null || (typeof init !== 'object' && typeof init !== 'function')) {
      throw new TypeError('Headers constructor: init was given by a value that is neither a sequence nor a record.');
    }
    if (init instanceof Headers && init[Symbol.iterator] === Headers.prototype[Symbol.iterator]) {
      for (const [name, value] of init.#map) this.#map.set(name, Array.isArray(value) ? [...value] : value);
      return;
    }
    if (typeof init[Symbol.iterator] === 'function') {
      for (const pair of init) {
        const values = [...pair];
        if (values.length !== 2) throw new TypeError('Headers constructor: expected name/value pair to be length 2, found ' + values.length + '.');
        this.append(values[0], values[1]);
      }
      return;
    }
    for (const key of Reflect.ownKeys(init)) {
      if (Reflect.getOwnPropertyDescriptor(init, key)?.enumerable) this.append(key, init[key]);
    }
  }

  append(name, value) {
    needArguments(arguments.length, 'append', 2);
    const key = nameOf(name, 'append');
    const text = valueOf(value, 'append');
    this.#mutate();
    if (key === 'set-cookie') {
      this.#map.set(key, [...(this.#map.get(key) ?? []), text]);
      return;
    }
    const before = this.#map.get(key);
    this.#map.set(key, before === undefined ? text : `${before}, ${text}`);
  }

  delete(name) {
    needArguments(arguments.length, 'delete', 1);
    const key = nameOf(name, 'delete');
    this.#mutate();
    this.#map.delete(key);
  }

  get(name) {
    needArguments(arguments.length, 'get', 1);
    const value = this.#map.get(nameOf(name, 'get'));
    return Array.isArray(value) ? value.join(', ') : (value ?? null);
  }

  has(name) {
    needArguments(arguments.length, 'has', 1);
    return this.#map.has(nameOf(name, 'has'));
  }

  set(name, value) {
    needArguments(arguments.length, 'set', 2);
    const key = nameOf(name, 'set');
    const text = valueOf(value, 'set');
    this.#mutate();
    this.#map.set(key, key === 'set-cookie' ? [text] : text);
  }

  getSetCookie() {
    return [...(this.#map.get('set-cookie') ?? [])];
  }

  forEach(callback, thisArgument = undefined) {
    if (typeof callback !== 'function') throw new TypeError("Failed to execute 'forEach' on 'Headers': parameter 1 is not of type 'Function'.");
    for (const [name, value] of this) callback.call(thisArgument, value, name, this);
  }

  *entries() { yield* this.#sorted(); }
  *keys() { for (const [name] of this.#sorted()) yield name; }
  *values() { for (const [, value] of this.#sorted()) yield value; }

  #sorted() {
    const list = [];
    for (const name of [...this.#map.keys()].sort()) {
      const value = this.#map.get(name);
      if (Array.isArray(value)) for (const cookie of value) list.push([name, cookie]);
      else list.push([name, value]);
    }
    return list;
  }

  #mutate() {
    if (this.#immutable) throw new TypeError('immutable');
  }

  /**
   * What a response brought, as `[name, value, name, value, …]` with names in lower case. It was valid for the host, and a
   * script must not change it.
   */
  static received(list) {
    const headers = new Headers();
    const map = headers.#map;
    for (let index = 0; index < list.length; index += 2) {
      const key = list[index];
      const value = list[index + 1];
      const before = map.get(key);
      if (key === 'set-cookie') map.set(key, [...(before ?? []), value]);
      else map.set(key, before === undefined ? value : `${before}, ${value}`);
    }
    headers.#immutable = true;
    return headers;
  }

  /** A copy of the names and values: lower-case name -> value, or an array of values of Set-Cookie. */
  static copy(headers) {
    return new Map(headers.#map);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    return `Headers ${inspect(Object.fromEntries(this.#sorted()), options)}`;
  }
}
export const { received, copy: copyOf } = Headers;
delete Headers.received;
delete Headers.copy;
asInterface(Headers, 'Headers', ['append', 'delete', 'get', 'has', 'set', 'getSetCookie', 'forEach', 'entries', 'keys', 'values']);
Object.defineProperty(Headers.prototype, Symbol.iterator, { value: Headers.prototype.entries, writable: true, configurable: true });
