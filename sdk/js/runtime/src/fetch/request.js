// Request.
import { AbortSignal, asInterface, usv } from 'toril:runtime/core';
import { Body, bodyFrom, setBody, shareBody, takeBody } from './body.js';
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

function urlOf(input) {
  let url;
  try {
    url = new URL(input);
  } catch (cause) {
    throw new TypeError(`Failed to parse URL from ${input}`, { cause });
  }
  if (url.username !== '' || url.password !== '') throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${input}`);
  return url.href;
}

function methodOf(method) {
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

export class Request extends Body {
  #url;
  #method = 'GET';
  #headers;
  #signal;
  #options = { redirect: 'follow', mode: 'cors', credentials: 'same-origin', cache: 'default', referrer: 'about:client', referrerPolicy: '', integrity: '', keepalive: false };

  constructor(input, init = {}) {
    if (arguments.length === 0) throw new TypeError('Request constructor: 1 argument required, but only 0 present.');
    super();
    const options = init ?? {};
    const from = input instanceof Request ? input : undefined;
    this.#url = from === undefined ? urlOf(usv(input)) : from.#url;
    if (from !== undefined) {
      this.#method = from.#method;
      this.#signal = from.#signal;
      this.#options = { ...from.#options };
    }
    if (options.method !== undefined) this.#method = methodOf(options.method);
    for (const name of Object.keys(enums)) if (options[name] !== undefined) this.#options[name] = choice(name, options[name]);
    for (const name of ['referrer', 'referrerPolicy', 'integrity']) if (options[name] !== undefined) this.#options[name] = String(options[name]);
    if (options.keepalive !== undefined) this.#options.keepalive = Boolean(options.keepalive);
    if (options.signal !== undefined) this.#signal = signalOf(options.signal);
    this.#headers = new Headers(options.headers ?? from?.headers);
    this.#takeBody(from, options);
  }

  #takeBody(from, options) {
    const given = options.body !== undefined && options.body !== null;
    const inherits = !given && from !== undefined && options.body !== null && from.body !== null;
    if (!given && !inherits) return;
    if (this.#method === 'GET' || this.#method === 'HEAD') throw new TypeError('Request with GET/HEAD method cannot have body.');
    if (inherits) {
      setBody(this, takeBody(from));
      return;
    }
    const { body, type } = bodyFrom(options.body, this.keepalive);
    if (body.stream !== undefined && options.duplex === undefined) {
      throw new TypeError('RequestInit: duplex option is required when sending a body.');
    }
    if (type !== null && !this.#headers.has('content-type')) this.#headers.set('content-type', type);
    setBody(this, body);
  }

  get url() { return this.#url; }
  get method() { return this.#method; }
  get headers() { return this.#headers; }
  get destination() { return ''; }
  get redirect() { return this.#options.redirect; }
  get mode() { return this.#options.mode; }
  get credentials() { return this.#options.credentials; }
  get cache() { return this.#options.cache; }
  get referrer() { return this.#options.referrer; }
  get referrerPolicy() { return this.#options.referrerPolicy; }
  get integrity() { return this.#options.integrity; }
  get keepalive() { return this.#options.keepalive; }
  get duplex() { return 'half'; }

  get signal() {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }

  clone() {
    const body = shareBody(this, 'unusable');
    const copy = new Request(this.#url, { ...this.#options, method: this.#method, headers: this.#headers, signal: this.signal });
    setBody(copy, body);
    return copy;
  }

  /** The signal, or undefined if nobody has given or asked for one. */
  static signalOf(request) {
    return request.#signal;
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const { method, url, headers, destination, referrer, referrerPolicy, mode, credentials, cache, redirect, integrity, keepalive, signal } = this;
    return `Request ${inspect({ method, url, headers, destination, referrer, referrerPolicy, mode, credentials, cache, redirect, integrity, keepalive, signal }, options)}`;
  }
}
const { signalOf: givenSignal } = Request;
export { givenSignal };
delete Request.signalOf;
asInterface(Request, 'Request', ['method', 'url', 'headers', 'signal', 'redirect', 'clone', 'duplex']);

function signalOf(signal) {
  if (signal === null || signal instanceof AbortSignal) return signal ?? undefined;
  throw new TypeError('RequestInit: Expected signal ("AbortSignal {}") to be an instance of AbortSignal.');
}
