// One exchange with the host: a request, its streamed body, and the body of the response.
import native from 'toril:engine/native';
import { bytesOf, usv } from 'toril:runtime/core';
import { fetchFailed, terminated } from './errors.js';

// The host sets these itself, and refuses a request that has them.
const OF_THE_CONNECTION = new Set([
  'connection', 'content-length', 'expect', 'host', 'http2-settings', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
]);

/** `[name, value, name, value, …]`, as the engine takes them. */
function headerList({ method, headers, body }) {
  if (Array.isArray(headers)) return headers;
  const list = [];
  headers.forEach((value, name) => {
    if (OF_THE_CONNECTION.has(name)) return;
    if (typeof value === 'string') list.push(name, value);
    else for (const one of value) list.push(name, one);
  });
  const length = body === null ? (method === 'POST' || method === 'PUT' || method === 'PATCH' ? 0 : undefined) : body.bytes?.length;
  // Without a length the body would be sent in chunks, which some servers refuse.
  if (length !== undefined) list.push('content-length', String(length));
  return list;
}

// The host allows an attempt a number of open requests. Node has no such limit, so further requests wait for a free place.
const TOO_MANY = /: too many requests at the same time$/;
const PAUSE = 10;

/**
 * Sends a request, whose `headers` are a map, or a list in the engine's form. Calls `answered` with the head of the response
 * (`{ id, status, headers, encoding, location }`, see `native.fetch`), or `failed` with an error, and then neither of them
 * again. `answered` returns the response's body, or undefined if nothing is read of it: then the rest of a streamed request
 * is not sent.
 */
export function send(request, answered, failed) {
  const { url, body, signal } = request;
  const hash = url.includes('#') ? url.indexOf('#') : url.length;
  const streamed = body !== null && body.bytes === undefined;
  let id;
  let upload;
  let isOver = false;
  let received;
  const abort = () => {
    isOver = true;
    native.abortFetch(id);
    upload?.cancel(signal.reason);
    failed(signal.reason);
  };
  const done = (error, answer) => {
    // An abort may come when the callback is already due.
    if (isOver) return;
    isOver = true;
    signal?.removeEventListener('abort', abort);
    if (error === null || error === undefined) {
      received = answered(answer);
      if (received === undefined) upload?.cancel();
    } else if (!streamed && TOO_MANY.test(error)) sendLater(request, answered, failed);
    else {
      upload?.cancel(error);
      failed(fetchFailed(error));
    }
  };
  try {
    id = native.fetch(request.method, url.slice(0, hash), headerList(request), streamed ? true : (body?.bytes ?? null), done);
  } catch (error) {
    if (!streamed && TOO_MANY.test(error.message)) sendLater(request, answered, failed);
    else failed(fetchFailed(error));
    return;
  }
  signal?.addEventListener('abort', abort, { once: true });
  if (!streamed) return;
  upload = new Upload(id, body);
  upload.run().catch((error) => {
    if (isOver) {
      // The server has answered before it had the whole request.
      upload.cancel(error);
      received?.fail(error);
      return;
    }
    isOver = true;
    native.abortFetch(id);
    signal?.removeEventListener('abort', abort);
    failed(fetchFailed(error));
  });
}

function sendLater(request, answered, failed) {
  native.setTimer(PAUSE, () => {
    if (request.signal?.aborted) failed(request.signal.reason);
    else send(request, answered, failed);
  });
}

class Upload {
  #id;
  #reader;
  #stopped = false;

  constructor(id, { stream, source }) {
    this.#id = id;
    this.#reader = stream === undefined ? source : readerOf(stream);
  }

  /** Fails if the stream does. */
  async run() {
    for (let chunk = await this.#reader.read(); chunk !== null; chunk = await this.#reader.read()) {
      if (this.#stopped) return;
      await this.#write(chunk);
    }
    if (!this.#stopped) native.endBody(this.#id);
  }

  #write(chunk) {
    return new Promise((resolve, reject) => {
      native.writeBody(this.#id, chunk, (error) => {
        // The response, or its error, says why the host takes no more.
        if (error !== null && error !== undefined) this.#stopped = true;
        resolve();
      });
    });
  }

  /** The request is over. What the stream still gives has no use. */
  cancel(reason) {
    this.#stopped = true;
    // Its own failure has nobody to go to: the request has already failed.
    Promise.resolve(this.#reader.cancel(reason)).catch(() => {});
  }
}

function readerOf(stream) {
  const reader = stream.getReader();
  return {
    async read() {
      const { done, value } = await reader.read();
      if (done) return null;
      const bytes = typeof value === 'string' ? native.utf8Encode(usv(value)) : bytesOf(value);
      if (bytes === undefined) throw new TypeError('Received non-Uint8Array chunk');
      return bytes;
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

/** The body of a response, read chunk by chunk. Scripts never see it, so it has no private fields, which take time to make. */
export class ReceivedBody {
  constructor(id, signal) {
    this.id = id;
    if (signal === undefined) return;
    this.signal = signal;
    this.onAbort = () => this.abort();
    signal.addEventListener('abort', this.onAbort, { once: true });
  }

  abort() {
    this.end(this.signal.reason);
  }

  /** The rest of the request cannot be sent. */
  fail(error) {
    if (this.open) this.end(new TypeError('terminated', { cause: error }));
  }

  end(reason) {
    this.failure = { reason };
    this.cancel();
    this.reject?.(reason);
  }

  /** The next chunk, or null at the end. */
  read() {
    return this.next(native.readBody, (chunk) => chunk ?? null, false);
  }

  /** What `convert(bytes, true)` makes of all bytes that have not been read. They belong to it, in a buffer of their own. */
  readAll(convert) {
    return this.next(native.readWholeBody, (bytes) => convert(bytes ?? new Uint8Array(0), true), true);
  }

  next(read, result, isLast) {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) throw this.failure.reason;
      if (!this.open) {
        resolve(result(null));
        return;
      }
      this.reject = reject;
      read(this.id, (error, bytes) => {
        this.reject = undefined;
        if (error !== null && error !== undefined) {
          this.close();
          reject(terminated(error));
          return;
        }
        if (isLast || bytes === null || bytes === undefined) this.cancel();
        try {
          resolve(result(bytes));
        } catch (thrown) {
          reject(thrown);
        }
      });
    });
  }

  cancel() {
    if (!this.open) return;
    this.close();
    native.closeBody(this.id);
  }

  close() {
    this.open = false;
    this.signal?.removeEventListener('abort', this.onAbort);
  }
}
Object.assign(ReceivedBody.prototype, { open: true, signal: undefined, failure: undefined, reject: undefined });
