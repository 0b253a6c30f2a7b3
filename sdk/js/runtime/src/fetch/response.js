// Response.
import { asInterface, usv } from 'toril:runtime/core';
import { Body, bodyFrom, setBody, shareBody } from './body.js';
import { Headers, received } from './headers.js';
import { reasonPhrase } from './status.js';

const NULL_BODY = [101, 103, 204, 205, 304];
const REDIRECT = [301, 302, 303, 307, 308];
// Only this file may leave out the checks of the constructor.
const KEY = Symbol('Response');

export class Response extends Body {
  #status = 200;
  #statusText = '';
  #headers;
  #type = 'default';
  #url = '';
  #redirected = false;

  constructor(value = null, init = {}, key = undefined) {
    super();
    if (key === KEY) return;
    const options = init ?? {};
    if (options.status !== undefined) {
      this.#status = Number(options.status) & 0xffff;
      if (this.#status < 200 || this.#status > 599) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
    }
    if (options.statusText !== undefined) this.#statusText = String(options.statusText);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(this.#statusText)) throw new TypeError('Invalid statusText');
    this.#headers = new Headers(options.headers);
    const { body, type } = bodyFrom(value);
    if (body === null) return;
    if (NULL_BODY.includes(this.#status)) throw new TypeError(`Response constructor: Invalid response status code ${this.#status}`);
    setBody(this, body);
    if (type !== null && !this.#headers.has('content-type')) this.#headers.set('content-type', type);
  }

  static error() {
    const response = new Response(null, {}, KEY);
    response.#type = 'error';
    response.#status = 0;
    response.#headers = received([]);
    return response;
  }

  static redirect(url, status = 302) {
    let location;
    try {
      location = new URL(usv(url)).href;
    } catch (cause) {
      throw new TypeError(`Failed to parse URL from ${url}`, { cause });
    }
    if (!REDIRECT.includes(status)) throw new RangeError(`Invalid status code ${status}`);
    const response = new Response(null, {}, KEY);
    response.#status = status;
    response.#headers = received([['location', location]]);
    return response;
  }

  static json(data, init = {}) {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError('Value is not JSON serializable');
    const headers = new Headers(init?.headers);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(text, { ...init, headers });
  }

  /** What the host has received. `source` gives the body's chunks. */
  static received({ status, headers }, { url, redirected, source }) {
    const response = new Response(null, {}, KEY);
    response.#status = status;
    response.#statusText = reasonPhrase(status);
    response.#headers = received(headers);
    response.#type = 'basic';
    response.#url = url;
    response.#redirected = redirected;
    if (source !== null) setBody(response, { source });
    return response;
  }

  get type() { return this.#type; }
  get url() { return this.#url.replace(/#.*$/s, ''); }
  get redirected() { return this.#redirected; }
  get status() { return this.#status; }
  get ok() { return this.#status >= 200 && this.#status <= 299; }
  get statusText() { return this.#statusText; }
  get headers() { return this.#headers; }

  clone() {
    const body = shareBody(this, 'Response.clone: Body has already been consumed.');
    const copy = new Response(null, {}, KEY);
    copy.#status = this.#status;
    copy.#statusText = this.#statusText;
    copy.#headers = this.#type === 'default' ? new Headers(this.#headers) : received([...this.#headers]);
    copy.#type = this.#type;
    copy.#url = this.#url;
    copy.#redirected = this.#redirected;
    setBody(copy, body);
    return copy;
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const { status, statusText, headers, body, bodyUsed, ok, redirected, type, url } = this;
    return `Response ${inspect({ status, statusText, headers, body, bodyUsed, ok, redirected, type, url }, options)}`;
  }
}
export const { received: receivedResponse } = Response;
delete Response.received;
asInterface(Response, 'Response', ['type', 'url', 'redirected', 'status', 'ok', 'statusText', 'headers', 'clone']);
