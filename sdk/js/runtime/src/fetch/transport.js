// One exchange with the host: a request, its streamed body, and the body of the response.
import native from 'toril:engine/native';
import { bytesOf, usv } from 'toril:runtime/core';
import { fetchFailed, terminated } from './errors.js';

// The host sets these itself, and refuses a request that has them.
const OF_THE_CONNECTION = ['connection', 'content-length', 'expect', 'host', 'http2-settings', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

function headerList({ method, headers, body }) {
  const list = [...headers].filter(([name]) => !OF_THE_CONNECTION.includes(name));
  const length = body === null ? (method === 'POST' || method === 'PUT' || method === 'PATCH' ? 0 : undefined) : body.bytes?.length;
  // Without a length the body would be sent in chunks, which some servers refuse.
  if (length !== undefined) list.push(['content-length', String(length)]);
  return list;
}

// The host allows an attempt a number of open requests. Node has no such limit, so further requests wait for a free place.
const TOO_MANY = /: too many requests at the same time$/;
const PAUSE = 10;

/** Sends a request. The promise settles with `{ id, status, headers }`. */
export async function send(request) {
  for (;;) {
    try {
      return await sendOnce(request);
    } catch (error) {
      const isRepeatable = request.body === null || request.body.bytes !== undefined;
      if (!isRepeatable || !TOO_MANY.test(error?.cause?.message)) throw error;
      await new Promise((resolve) => native.setTimer(PAUSE, resolve));
      request.signal?.throwIfAborted();
    }
  }
}

function sendOnce({ method, url, headers, body, signal }) {
  return new Promise((resolve, reject) => {
    const target = url.href.slice(0, url.href.length - url.hash.length);
    const streamed = body !== null && body.bytes === undefined;
    let upload;
    const abort = () => {
      native.abortFetch(id);
      upload?.cancel(signal.reason);
      reject(signal.reason);
    };
    const done = (error, answer) => {
      signal?.removeEventListener('abort', abort);
      if (error === null || error === undefined) resolve(answer);
      else {
        upload?.cancel(error);
        reject(fetchFailed(error));
      }
    };
    let id;
    try {
      id = native.fetch(method, target, headerList({ method, headers, body }), streamed ? true : (body?.bytes ?? null), done);
    } catch (error) {
      reject(fetchFailed(error));
      return;
    }
    signal?.addEventListener('abort', abort, { once: true });
    if (!streamed) return;
    upload = new Upload(id, body);
    upload.run().catch((error) => {
      native.abortFetch(id);
      signal?.removeEventListener('abort', abort);
      reject(fetchFailed(error));
    });
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

/** The body of a response, read chunk by chunk. */
export class ReceivedBody {
  #id;
  #signal;
  #open = true;
  #failure;
  // Rejects the read that waits.
  #reject;

  constructor(id, signal) {
    this.#id = id;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  #abort = () => {
    this.#failure = { reason: this.#signal.reason };
    this.cancel();
    this.#reject?.(this.#signal.reason);
  };

  read() {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure.reason);
        return;
      }
      if (!this.#open) {
        resolve(null);
        return;
      }
      this.#reject = reject;
      native.readBody(this.#id, (error, chunk) => {
        this.#reject = undefined;
        if (error !== null && error !== undefined) {
          this.#close();
          reject(terminated(error));
          return;
        }
        if (chunk === null || chunk === undefined) this.cancel();
        resolve(chunk ?? null);
      });
    });
  }

  cancel() {
    if (!this.#open) return;
    this.#close();
    native.closeBody(this.#id);
  }

  #close() {
    this.#open = false;
    this.#signal?.removeEventListener('abort', this.#abort);
  }
}
