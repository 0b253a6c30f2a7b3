// What Request and Response have in common: a body that can be read once, as a whole or as a stream.
import native from 'toril:engine/native';
import { bytesOf, concatBytes, usv } from 'toril:runtime/core';
import { Blob, FormData, chunksOf, readForm, writeForm } from 'toril:runtime/forms';
import { ReadableStream } from 'toril:runtime/streams';
import { twice } from './twice.js';

/**
 * A body as given by a script. `bytes` is known in full; `source` is `{ read(), cancel(reason) }` and gives chunks, then
 * null; `stream` is a ReadableStream.
 */
export function bodyFrom(value, keepalive = false) {
  if (value === null || value === undefined) return { body: null, type: null };
  if (value instanceof ReadableStream) {
    if (keepalive) throw new TypeError('keepalive');
    if (value.locked || value._disturbed) throw new TypeError('Response body object should not be disturbed or locked');
    return { body: { stream: value }, type: null };
  }
  if (value instanceof URLSearchParams) {
    return { body: { bytes: native.utf8Encode(value.toString()) }, type: 'application/x-www-form-urlencoded;charset=UTF-8' };
  }
  if (value instanceof Blob) return { body: { bytes: concatBytes(chunksOf(value)) }, type: value.type || null };
  if (value instanceof FormData) {
    const { blob, type } = writeForm(value);
    return { body: { bytes: concatBytes(chunksOf(blob)) }, type };
  }
  const bytes = bytesOf(value);
  // A copy: the caller may change its array before the body is read.
  if (bytes !== undefined) return { body: { bytes: bytes.slice() }, type: null };
  if (typeof value === 'object' && typeof value[Symbol.asyncIterator] === 'function') return { body: { stream: ReadableStream.from(value) }, type: null };
  return { body: { bytes: native.utf8Encode(usv(value)) }, type: 'text/plain;charset=UTF-8' };
}

function streamOf(source) {
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      const chunk = await source.read();
      if (chunk !== null) {
        controller.enqueue(chunk);
        return;
      }
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: (reason) => source.cancel(reason),
  }, { highWaterMark: 0 });
}

function sourceOfBytes(bytes) {
  let rest = bytes;
  return {
    async read() {
      const chunk = rest;
      rest = null;
      // A copy: a byte stream transfers what is enqueued.
      return chunk === null || chunk.length === 0 ? null : chunk.slice();
    },
    cancel() {},
  };
}

async function bytesOfStream(stream) {
  const reader = stream.getReader();
  const chunks = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concatBytes(chunks);
    const bytes = bytesOf(value);
    if (bytes === undefined) throw new TypeError('Received non-Uint8Array chunk');
    chunks.push(bytes);
  }
}

async function readEach(source) {
  const chunks = [];
  for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) chunks.push(chunk);
  return concatBytes(chunks);
}

function asText(bytes) {
  const text = native.utf8Decode(bytes, false);
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

export class Body {
  // null, or what `bodyFrom` returns. `body` turns it into a stream.
  #body = null;
  #used = false;

  /** Sets the body, for subclasses. */
  static set(object, body) {
    object.#body = body;
  }

  static has(object) {
    return object.#body !== null;
  }

  /** Takes the body to send it: the object counts as used. */
  static take(object) {
    if (object.#body !== null) object.#check();
    object.#used = object.#body !== null;
    return object.#body;
  }

  /** The body for a copy of the object. Both can then be read. Throws a TypeError if the object's body is in use. */
  static share(object, unusable) {
    if (object.#body === null) return null;
    const { bytes, source, stream } = object.#body;
    if (object.bodyUsed || stream?.locked) throw new TypeError(unusable);
    if (stream === undefined && bytes !== undefined) return { bytes };
    if (stream === undefined) {
      const [own, copy] = twice(source);
      object.#body = { source: own };
      return { source: copy };
    }
    const [mine, other] = object.body.tee();
    object.#body = { stream: mine };
    return { stream: other };
  }

  get body() {
    if (this.#body === null) return null;
    this.#body.stream ??= streamOf(this.#body.source ?? sourceOfBytes(this.#body.bytes));
    return this.#body.stream;
  }

  get bodyUsed() {
    return this.#used || (this.#body?.stream?._disturbed ?? false);
  }

  #check() {
    if (this.bodyUsed) throw new TypeError('Body is unusable: Body has already been read');
    if (this.#body.stream?.locked) throw new TypeError('Body is unusable: Body is locked');
  }

  /**
   * A promise for what `convert(bytes, isOwned)` makes of an object's bytes. `isOwned`: nobody else has them or their buffer.
   * No method of the class, because a method of another object must reject, too.
   */
  static consume(object, convert) {
    try {
      if (object.#body === null) return Promise.resolve(convert(new Uint8Array(0), true));
      object.#check();
      object.#used = true;
      const { stream, source, bytes } = object.#body;
      if (stream !== undefined) return bytesOfStream(stream).then(convert);
      if (source === undefined) return Promise.resolve(convert(bytes, false));
      // A response from the host runs no JavaScript for each chunk.
      return source.readAll === undefined ? readEach(source).then(convert) : source.readAll(convert);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  text() {
    return consume(this, asText);
  }

  json() {
    return consume(this, (bytes) => JSON.parse(asText(bytes)));
  }

  bytes() {
    return consume(this, (bytes, isOwned) => (isOwned ? bytes : bytes.slice()));
  }

  arrayBuffer() {
    return consume(this, (bytes, isOwned) => (isOwned ? bytes : bytes.slice()).buffer);
  }

  async blob() {
    return new Blob([await consume(this, (bytes) => bytes)], { type: this.headers.get('content-type') ?? '' });
  }

  async formData() {
    const type = this.headers.get('content-type') ?? '';
    const bytes = await consume(this, (taken) => taken);
    if (/^multipart\/form-data\b/i.test(type)) return readForm(bytes, type);
    if (!/^application\/x-www-form-urlencoded\b/i.test(type)) {
      throw new TypeError('Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".');
    }
    const form = new FormData();
    for (const [name, value] of new URLSearchParams(native.utf8Decode(bytes, false))) form.append(name, value);
    return form;
  }
}
export const { set: setBody, has: hasBody, take: takeBody, share: shareBody } = Body;
const { consume } = Body;
delete Body.consume;
delete Body.set;
delete Body.has;
delete Body.take;
delete Body.share;
