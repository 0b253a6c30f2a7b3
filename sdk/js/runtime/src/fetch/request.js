// Request.
import { AbortSignal, asInterface, usv } from 'toril:runtime/core';
import { Body, bodyFrom, hasBody, setBody, shareBody, takeBody } from './body.js';
import { Headers } from './headers.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const UPPER = /^(delete|get|head|options|post|put)$/i;
const FORBIDDEN = /^(connect|trace|track)$/i;

const enums = {
  redirect: ['follow', 'error', 'manual'],
  mode: ['same-origin', 'cors', 'no-cors', 'navigate', 'websocket'],
  credentials: ['omit', 'same-origin', 'include'],
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
};

const CHOICES = Object.keys(enums);
const DEFAULTS = { redirect: 'follow', mode: 'cors', credentials: 'same-origin', cache: 'default', referrer: 'about:client', referrerPolicy: '', integrity: '', keepalive: false };
const TEXTS = ['referrer', 'referrerPolicy', 'integrity'];

/** The serialized URL of a request. */
export function urlOf(input) {
  let url;
  try {
    url = new URL(input);
  } catch (cause) {
    throw new TypeError(`Failed to parse URL from ${input}`, { cause });
  }
  // Credentials end with an @. Most URLs have none, and their components need not be found.
  if (url.href.includes('@') && (url.username !== '' || url.password !== '')) {
    throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${input}`);
  }
  return url.href;
}

const USUAL_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

function methodOf(method) {
  if (USUAL_METHODS.has(method)) return method;
  const text = String(method);
  if (!TOKEN.test(text)) throw new TypeError(`'${text}' is not a valid HTTP method.`);
  if (FORBIDDEN.test(text)) throw new TypeError(`'${text}' HTTP method is unsupported.`);
  return UPPER.test(text) ? text.toUpperCase() : text;
}

function choice(name, value) {
  const text = String(value);
  if (enums[name].includes(text)) return text;
  throw new TypeError(`Request constructor: ${text} is not an accepted type. Expected one of ${enums[name].join(', ')}.`);
}

/**
 * What a request is, of the arguments of `fetch` and `Request`: `{ url, method, headers, signal, options, body }`. `fetch`
 * needs no more than that, and an object with private fields takes longer to make. `signal` is undefined if nobody has
 * given one.
 */
export function describe(input, init, from) {
  const options = init ?? {};
  const described = {
    url: from === undefined ? urlOf(usv(input)) : from.url,
    method: options.method !== undefined ? methodOf(options.method) : (from?.method ?? 'GET'),
    headers: undefined,
    signal: options.signal !== undefined ? signalOf(options.signal) : from?.signal,
    options: init === undefined || init === null ? (from?.options ?? DEFAULTS) : optionsOf(init, from?.options ?? DEFAULTS),
    body: null,
  };
  described.headers = new Headers(options.headers ?? from?.headers);
  if (options.body !== undefined && options.body !== null) describeBody(described, options);
  return described;
}

/** The other options. Requests share an object that says nothing special. */
function optionsOf(init, before) {
  let options = before;
  const set = (name, value) => { options = { ...options, [name]: value }; };
  for (const name of CHOICES) if (init[name] !== undefined) set(name, choice(name, init[name]));
  for (const name of TEXTS) if (init[name] !== undefined) set(name, String(init[name]));
  if (init.keepalive !== undefined) set('keepalive', Boolean(init.keepalive));
  return options;
}

function describeBody(described, { body: given, duplex }) {
  needsMethodWithBody(described.method);
  const { body, type } = bodyFrom(given, described.options.keepalive);
  if (body.stream !== undefined && duplex === undefined) throw new TypeError('RequestInit: duplex option is required when sending a body.');
  if (type !== null && !described.headers.has('content-type')) described.headers.set('content-type', type);
  described.body = body;
}

function needsMethodWithBody(method) {
  if (method === 'GET' || method === 'HEAD') throw new TypeError('Request with GET/HEAD method cannot have body.');
}

export class Request extends Body {
  #described;

  constructor(input, init = {}) {
    if (arguments.length === 0) throw new TypeError('Request constructor: 1 argument required, but only 0 present.');
    super();
    const from = input instanceof Request ? input : undefined;
    const described = describe(input, init, from?.#described);
    this.#described = described;
    if (from !== undefined && init?.body === undefined && hasBody(from)) {
      needsMethodWithBody(described.method);
      setBody(this, takeBody(from));
    } else if (described.body !== null) {
      setBody(this, described.body);
      described.body = null;
    }
  }

  get url() { return this.#described.url; }
  get method() { return this.#described.method; }
  get headers() { return this.#described.headers; }
  get destination() { return ''; }
  get redirect() { return this.#described.options.redirect; }
  get mode() { return this.#described.options.mode; }
  get credentials() { return this.#described.options.credentials; }
  get cache() { return this.#described.options.cache; }
  get referrer() { return this.#described.options.referrer; }
  get referrerPolicy() { return this.#described.options.referrerPolicy; }
  get integrity() { return this.#described.options.integrity; }
  get keepalive() { return this.#described.options.keepalive; }
  get duplex() { return 'half'; }

  get signal() {
    this.#described.signal ??= new AbortController().signal;
    return this.#described.signal;
  }

  clone() {
    const body = shareBody(this, 'unusable');
    const { url, method, headers, options } = this.#described;
    const copy = new Request(url, { ...options, method, headers, signal: this.signal });
    setBody(copy, body);
    return copy;
  }

  /** The request in the form of `describe`. Its body is taken: the request counts as used. */
  static take(request) {
    return { ...request.#described, body: takeBody(request) };
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const { method, url, headers, destination, referrer, referrerPolicy, mode, credentials, cache, redirect, integrity, keepalive, signal } = this;
    return `Request ${inspect({ method, url, headers, destination, referrer, referrerPolicy, mode, credentials, cache, redirect, integrity, keepalive, signal }, options)}`;
  }
}
export const { take: takeRequest } = Request;
delete Request.take;
asInterface(Request, 'Request', ['method', 'url', 'headers', 'signal', 'redirect', 'clone', 'duplex']);

function signalOf(signal) {
  if (signal === null || signal instanceof AbortSignal) return signal ?? undefined;
  throw new TypeError('RequestInit: Expected signal ("AbortSignal {}") to be an instance of AbortSignal.');
}
