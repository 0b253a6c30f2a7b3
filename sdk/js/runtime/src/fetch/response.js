// Response.
import { asInterface, usv } from 'toril:runtime/core';
import { Body, bodyFrom, setBody, shareBody } from './body.js';
import { Headers, received } from './headers.js';
import { reasonPhrase } from './status.js';

const NULL_BODY = [101, 103, 204, 205, 304];
const REDIRECT = [301, 302, 303, 307, 308];
// What the next Response consists of, if it is this file that makes it.
let pending;

function make(it) {
  pending = it;
  return new Response();
}

function statusOf({ status: given, statusText: text }) {
  const status = given === undefined ? 200 : Number(given) & 0xffff;
  if (status < 200 || status > 599) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
  const statusText = text === undefined ? '' : String(text);
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(statusText)) throw new TypeError('Invalid statusText');
  return { status, statusText };
}

export class Response extends Body {
  // `{ status, statusText, headers, type, url, redirected }`. A received response has the head from the host here, with
  // `url` and `redirected`, and the other properties are made when somebody asks for them. One object, because a private
  // field takes longer to make than a property.
  #it;

  constructor(value = null, init = {}) {
    super();
    if (pending !== undefined) {
      this.#it = pending;
      pending = undefined;
      return;
    }
    const options = init ?? {};
    const { status, statusText } = statusOf(options);
    const headers = new Headers(options.headers);
    this.#it = { status, statusText, headers, type: 'default', url: '', redirected: false };
    const { body, type } = bodyFrom(value);
    if (body === null) return;
    if (NULL_BODY.includes(status)) throw new TypeError(`Response constructor: Invalid response status code ${status}`);
    setBody(this, body);
    if (type !== null && !headers.has('content-type')) headers.set('content-type', type);
  }

  static error() {
    return make({ status: 0, statusText: '', headers: received([]), type: 'error', url: '', redirected: false });
  }

  static redirect(url, status = 302) {
    let location;
    try {
      location = new URL(usv(url)).href;
    } catch (cause) {
      throw new TypeError(`Failed to parse URL from ${url}`, { cause });
    }
    if (!REDIRECT.includes(status)) throw new RangeError(`Invalid status code ${status}`);
    const headers = received(['location', location]);
    return make({ status, statusText: '', headers, type: 'default', url: '', redirected: false });
  }

  static json(data, init = {}) {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError('Value is not JSON serializable');
    const headers = new Headers(init?.headers);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(text, { ...init, headers });
  }

  /** What the host has received. `source` gives the body's chunks. */
  static received(answer, url, redirected, source) {
    answer.url = url;
    answer.redirected = redirected;
    const response = make(answer);
    if (source !== null) setBody(response, { source });
    return response;
  }

  get type() { return this.#it.type ?? 'basic'; }
  get url() { return this.#it.url.replace(/#.*$/s, ''); }
  get redirected() { return this.#it.redirected; }
  get status() { return this.#it.status; }
  get ok() { return this.#it.status >= 200 && this.#it.status <= 299; }
  get statusText() { return (this.#it.statusText ??= reasonPhrase(this.#it.status)); }
  get headers() {
    const it = this.#it;
    // From the host: one text, because most scripts ask for no header.
    if (typeof it.headers === 'string') it.headers = received(it.headers === '' ? [] : it.headers.split('\0'));
    return it.headers;
  }

  clone() {
    const body = shareBody(this, 'Response.clone: Body has already been consumed.');
    const { status, statusText, type, url, redirected } = this;
    const headers = type === 'default' ? new Headers(this.headers) : received([...this.headers].flat());
    const copy = make({ status, statusText, headers, type, url, redirected });
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
