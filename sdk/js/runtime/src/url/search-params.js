// URLSearchParams. The engine decodes and encodes the form; the list is kept here.
import native from 'toril:engine/native';
import { asInterface, usv } from 'toril:runtime/core';

// Tells the URL that the parameters belong to. Set by url.js.
export const OWNER = Symbol('owner');

function needArguments(given, ...names) {
  if (given >= names.length) return;
  const error = new TypeError(`The ${names.map((name) => `"${name}"`).join(' and ')} argument${names.length > 1 ? 's' : ''} must be specified`);
  error.code = 'ERR_MISSING_ARGS';
  throw error;
}

function pairOf(pair) {
  if (pair === null || (typeof pair !== 'object' && typeof pair !== 'function') || typeof pair[Symbol.iterator] !== 'function') throw notTuple();
  const values = [...pair];
  if (values.length !== 2) throw notTuple();
  return [usv(values[0]), usv(values[1])];
}

function notTuple() {
  const error = new TypeError('Each query pair must be an iterable [name, value] tuple');
  error.code = 'ERR_INVALID_TUPLE';
  return error;
}

export class URLSearchParams {
  // [[name, value]]
  #list = [];
  // The URL's own function, called after each change.
  #changed;

  constructor(init = undefined) {
    if (init === null || init === undefined) return;
    if (typeof init === 'object' || typeof init === 'function') {
      const iterate = init[Symbol.iterator];
      if (iterate === undefined || iterate === null) this.#fromRecord(init);
      else if (typeof iterate === 'function') for (const pair of init) this.#list.push(pairOf(pair));
      else throw notTuple();
      return;
    }
    this.#parse(usv(init));
  }

  /** Reads a query again, for URL alone. */
  [OWNER](query, changed) {
    this.#changed = changed;
    this.#parse(query);
  }

  #fromRecord(record) {
    const found = new Map();
    for (const key of Reflect.ownKeys(record)) {
      const property = Reflect.getOwnPropertyDescriptor(record, key);
      if (property === undefined || !property.enumerable) continue;
      if (typeof key === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
      found.set(usv(key), usv(record[key]));
    }
    this.#list = [...found];
  }

  #parse(query) {
    const flat = native.formDecode(query.startsWith('?') ? query.slice(1) : query);
    this.#list = [];
    for (let at = 0; at < flat.length; at += 2) this.#list.push([flat[at], flat[at + 1]]);
  }

  get size() { return this.#list.length; }

  append(name, value) {
    needArguments(arguments.length, 'name', 'value');
    this.#list.push([usv(name), usv(value)]);
    this.#changed?.(this);
  }

  delete(name, value = undefined) {
    needArguments(arguments.length, 'name');
    const key = usv(name);
    const only = value === undefined ? undefined : usv(value);
    this.#list = this.#list.filter((pair) => pair[0] !== key || (only !== undefined && pair[1] !== only));
    this.#changed?.(this);
  }

  get(name) {
    needArguments(arguments.length, 'name');
    const key = usv(name);
    return this.#list.find((pair) => pair[0] === key)?.[1] ?? null;
  }

  getAll(name) {
    needArguments(arguments.length, 'name');
    const key = usv(name);
    return this.#list.filter((pair) => pair[0] === key).map((pair) => pair[1]);
  }

  has(name, value = undefined) {
    needArguments(arguments.length, 'name');
    const key = usv(name);
    const only = value === undefined ? undefined : usv(value);
    return this.#list.some((pair) => pair[0] === key && (only === undefined || pair[1] === only));
  }

  set(name, value) {
    needArguments(arguments.length, 'name', 'value');
    const key = usv(name);
    const text = usv(value);
    const first = this.#list.find((pair) => pair[0] === key);
    if (first === undefined) {
      this.#list.push([key, text]);
    } else {
      first[1] = text;
      this.#list = this.#list.filter((pair) => pair === first || pair[0] !== key);
    }
    this.#changed?.(this);
  }

  sort() {
    this.#list.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed?.(this);
  }

  forEach(callback, thisArgument = undefined) {
    if (typeof callback !== 'function') {
      const error = new TypeError('The "callback" argument must be of type function');
      error.code = 'ERR_INVALID_ARG_TYPE';
      throw error;
    }
    for (const [name, value] of this) callback.call(thisArgument, value, name, this);
  }

  // By index, because the list may change meanwhile.
  *entries() { for (let at = 0; at < this.#list.length; at += 1) yield [...this.#list[at]]; }
  *keys() { for (let at = 0; at < this.#list.length; at += 1) yield this.#list[at][0]; }
  *values() { for (let at = 0; at < this.#list.length; at += 1) yield this.#list[at][1]; }

  toString() {
    return native.formEncode(this.#list.flat());
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const pairs = this.#list.map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`);
    return pairs.length === 0 ? 'URLSearchParams {}' : `URLSearchParams { ${pairs.join(', ')} }`;
  }
}
const members = ['append', 'delete', 'get', 'getAll', 'has', 'set', 'sort', 'forEach', 'entries', 'keys', 'values', 'toString', 'size'];
asInterface(URLSearchParams, 'URLSearchParams', members);
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, { value: URLSearchParams.prototype.entries, writable: true, configurable: true });
