// `ClientRequest` of `node:http`: a request over the engine's own client. It does not follow redirects, and does not
// decompress, as in Node.
import native from 'toril:engine/native';
import { Buffer } from '../../buffer.js';
import { Writable } from '../../stream.js';
import { clearTimeout, setTimeout } from '../../timers.js';
import { keep } from '../context.js';
import { coded, unavailable } from '../errors.js';
import { nextTick } from '../next-tick.js';
import { OutgoingHeaders } from './headers.js';
import { IncomingMessage } from './incoming-message.js';
import { fromUrl, urlOf } from './options.js';
import { Socket } from './socket.js';

/** Headers that only the connection has, which the host makes. */
const OF_CONNECTION = new Set(
  'connection expect host http2-settings keep-alive proxy-connection te trailer transfer-encoding upgrade'.split(' '),
);

export class ClientRequest extends Writable {
  #url;
  #headers = new OutgoingHeaders();
  /** What is written before it is known whether more follows. */
  #chunks = [];
  #id;
  #isSent = false;
  #isStreamed = false;
  #hasResponse = false;
  #idle;
  /** Settles when the engine has taken what was written before. It takes one piece at a time. */
  #written = Promise.resolve();

  constructor(input, options, callback) {
    // A request lives until its response has ended, and not only until its body has.
    super({ decodeStrings: true, autoDestroy: false, emitClose: true });
    const settings = { ...(typeof input === 'string' || input instanceof URL ? fromUrl(input) : input), ...options };
    this.method = (settings.method ?? 'GET').toUpperCase();
    this.#url = urlOf(settings);
    this.path = `${this.#url.pathname}${this.#url.search}`;
    this.host = this.#url.hostname;
    this.protocol = this.#url.protocol;
    this.agent = settings.agent;
    this.aborted = false;
    this.reusedSocket = false;
    this.maxHeadersCount = null;
    this.res = null;
    this.socket = new Socket(this, this.protocol === 'https:');
    this.connection = this.socket;
    this.#takeHeaders(settings);
    if (callback) this.once('response', callback);
    if (settings.timeout) this.setTimeout(settings.timeout);
    if (settings.signal) this.#follow(settings.signal);
    nextTick(() => {
      if (this.destroyed) return;
      this.emit('socket', this.socket);
      // Some clients start their own timers at these.
      this.socket.emit('lookup', null, '', 4, this.host);
      this.socket.emit('connect');
      if (this.socket.encrypted) this.socket.emit('secureConnect');
      this.socket.emit('ready');
    });
  }

  #takeHeaders({ headers, auth }) {
    const pairs = Array.isArray(headers) ? pairsOf(headers) : Object.entries(headers ?? {});
    for (const [name, value] of pairs) if (value !== undefined) this.#headers.set(name, value);
    if (!this.#headers.has('host')) this.#headers.set('Host', this.#url.host);
    if (auth && !this.#headers.has('authorization')) {
      this.#headers.set('Authorization', `Basic ${Buffer.from(auth).toString('base64')}`);
    }
    const expected = this.#headers.get('expect');
    // The host has no interim responses, so nothing has to be waited for.
    if (String(expected).toLowerCase() === '100-continue') nextTick(() => this.emit('continue'));
    if (this.#headers.has('upgrade')) {
      throw unavailable('An HTTP upgrade', 'a plugin has no sockets. Use requests instead of a WebSocket');
    }
  }

  #follow(signal) {
    const onAbort = () =>
      this.destroy(
        Object.assign(coded(Error, 'ABORT_ERR', 'The operation was aborted'), {
          name: 'AbortError',
          cause: signal.reason,
        }),
      );
    if (signal.aborted) nextTick(onAbort);
    else signal.addEventListener('abort', onAbort, { once: true });
  }

  get headersSent() {
    return this.#isSent;
  }

  get finished() {
    return this.writableEnded;
  }

  setHeader(name, value) {
    if (this.#isSent)
      throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot set headers after they are sent to the client');
    this.#headers.set(name, value);
    return this;
  }

  appendHeader(name, value) {
    this.#headers.append(name, value);
    return this;
  }

  getHeader(name) {
    return this.#headers.get(name);
  }

  getHeaders() {
    return this.#headers.toObject();
  }

  getHeaderNames() {
    return this.#headers.names();
  }

  getRawHeaderNames() {
    return this.#headers.rawNames();
  }

  hasHeader(name) {
    return this.#headers.has(name);
  }

  removeHeader(name) {
    this.#headers.remove(name);
  }

  flushHeaders() {
    if (!this.#isSent && !this.writableEnded) this.#sendStreamed();
  }

  setNoDelay() {}
  setSocketKeepAlive() {}

  setTimeout(ms, callback) {
    if (callback) this.once('timeout', callback);
    this.timeout = ms;
    clearTimeout(this.#idle);
    if (ms > 0) this.#idle = setTimeout(() => this.#onIdle(), ms);
    return this;
  }

  #onIdle() {
    this.emit('timeout');
    this.socket.emit('timeout');
  }

  abort() {
    if (this.aborted) return;
    this.aborted = true;
    nextTick(() => this.emit('abort'));
    this.destroy();
  }

  _write(chunk, encoding, callback) {
    if (this.#isStreamed) {
      this.#writeStreamed(chunk, callback);
      return;
    }
    // A body that is written at once is sent as a whole, with its length.
    this.#chunks.push(chunk);
    callback();
    if (this.#chunks.length === 1) setTimeout(() => this.flushHeaders(), 0);
  }

  _final(callback) {
    if (this.#isStreamed) {
      this.#written.then(() => native.endBody(this.#id)).then(() => callback(), callback);
      return;
    }
    this.#send(this.#chunks.length === 0 ? null : asBytes(Buffer.concat(this.#chunks)));
    callback();
  }

  #sendStreamed() {
    this.#isStreamed = true;
    const chunks = this.#chunks.splice(0);
    this.#send(true);
    if (chunks.length > 0) this.#writeStreamed(Buffer.concat(chunks), (error) => error && this.destroy(error));
  }

  #writeStreamed(chunk, callback) {
    const taken = this.#written.then(
      () =>
        new Promise((resolve, reject) => {
          native.writeBody(this.#id, asBytes(chunk), (error) => (error ? reject(this.#failure(error)) : resolve()));
        }),
    );
    // The error is the caller's. What follows fails on its own.
    this.#written = taken.catch(() => {});
    taken.then(() => callback(), callback);
  }

  #send(body) {
    if (this.#isSent || this.destroyed) return;
    this.#isSent = true;
    const headers = this.#headers.pairs().filter(([name]) => !OF_CONNECTION.has(name.toLowerCase()));
    const length = lengthOf(body, this.method);
    // Without a length, the body would be sent in chunks, which some servers refuse.
    if (length !== undefined && !this.#headers.has('content-length')) headers.push(['Content-Length', String(length)]);
    try {
      this.#id = native.fetch(
        this.method,
        this.#url.href,
        headers.flat(),
        body,
        keep((error, response) => this.#onResponse(error, response)),
      );
    } catch (error) {
      nextTick(() => this.destroy(error));
    }
  }

  #onResponse(error, response) {
    clearTimeout(this.#idle);
    if (this.destroyed) {
      if (response) native.closeBody(response.id);
      return;
    }
    if (error) {
      this.destroy(this.#failure(error));
      return;
    }
    this.#hasResponse = true;
    const message = new IncomingMessage(this.socket).open(response);
    message.req = this;
    this.res = message;
    message.once('close', () => {
      this.destroyed || this.destroy();
    });
    // A response that nobody reads is dropped, as in Node.
    if (!this.emit('response', message)) message.resume();
  }

  /** An error with the origin in its message, by which the host recognizes a request that it has denied. */
  #failure(reason) {
    const code = /refused/i.test(reason)
      ? 'ECONNREFUSED'
      : /timeout|timed out/i.test(reason)
        ? 'ETIMEDOUT'
        : /dns|name/i.test(reason)
          ? 'ENOTFOUND'
          : 'ECONNRESET';
    return Object.assign(new Error(`fetch from ${this.#url.origin}: ${reason}`), {
      code,
      syscall: 'connect',
      address: this.host,
    });
  }

  _destroy(error, callback) {
    clearTimeout(this.#idle);
    if (this.#id !== undefined && !this.#hasResponse) native.abortFetch(this.#id);
    if (this.res && !this.res.complete) this.res.destroy(error ?? undefined);
    if (!error && !this.#hasResponse) error = coded(Error, 'ECONNRESET', 'socket hang up');
    callback(error);
  }
}

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

function lengthOf(body, method) {
  if (body === true) return undefined;
  return body?.length ?? (WITH_BODY.has(method) ? 0 : undefined);
}

const pairsOf = (list) =>
  Array.isArray(list[0])
    ? list
    : Array.from({ length: list.length / 2 }, (_, index) => [list[2 * index], list[2 * index + 1]]);

/** As the class that the engine takes. */
const asBytes = (bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
