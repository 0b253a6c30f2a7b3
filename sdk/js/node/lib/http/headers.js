// The headers of a request that is not yet sent, and those of a response.
import { coded } from '../errors.js';

const TOKEN = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/;
const INVALID_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

export function validateHeaderName(name) {
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    throw coded(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Header name must be a valid HTTP token ["${String(name)}"]`);
  }
}

export function validateHeaderValue(name, value) {
  if (value === undefined) {
    throw coded(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "undefined" for header "${name}"`);
  }
  if (INVALID_VALUE.test(value)) {
    throw coded(TypeError, 'ERR_INVALID_CHAR', `Invalid character in header content ["${name}"]`);
  }
}

/** Headers by their lower-case name, with the case in which they were set. */
export class OutgoingHeaders {
  #entries = new Map();

  set(name, value) {
    validateHeaderName(name);
    for (const one of [value].flat()) validateHeaderValue(name, one);
    this.#entries.set(name.toLowerCase(), [name, value]);
  }

  append(name, value) {
    const before = this.get(name);
    this.set(name, before === undefined ? value : [before, value].flat());
  }

  get(name) {
    return this.#entries.get(String(name).toLowerCase())?.[1];
  }

  has(name) {
    return this.#entries.has(String(name).toLowerCase());
  }

  remove(name) {
    this.#entries.delete(String(name).toLowerCase());
  }

  names() {
    return [...this.#entries.keys()];
  }

  rawNames() {
    return [...this.#entries.values()].map(([name]) => name);
  }

  toObject() {
    return Object.assign(
      Object.create(null),
      Object.fromEntries([...this.#entries].map(([name, [, value]]) => [name, value])),
    );
  }

  pairs() {
    return [...this.#entries.values()].flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
  }
}

/** Of these, Node keeps the first. */
const SINGLE = new Set(
  'age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since last-modified location max-forwards proxy-authorization referer retry-after server user-agent'.split(
    ' ',
  ),
);

/** The headers of a response as pairs, of the text in which the engine gives them. */
export function pairsOf(headers) {
  const list = headers === '' ? [] : headers.split('\0');
  return Array.from({ length: list.length / 2 }, (_, index) => [list[2 * index], list[2 * index + 1]]);
}

/** `message.headers`: equal names are joined by a comma, except those that Node treats otherwise. */
export function joinHeaders(pairs) {
  const headers = {};
  for (const [rawName, value] of pairs) {
    const name = rawName.toLowerCase();
    if (name === 'set-cookie') (headers[name] ??= []).push(value);
    else if (headers[name] === undefined) headers[name] = value;
    else if (!SINGLE.has(name)) headers[name] += `${name === 'cookie' ? ';' : ','} ${value}`;
  }
  return headers;
}

/** `message.headersDistinct`: all values of each name. */
export function distinctHeaders(pairs) {
  const headers = {};
  for (const [name, value] of pairs) (headers[name.toLowerCase()] ??= []).push(value);
  return headers;
}
