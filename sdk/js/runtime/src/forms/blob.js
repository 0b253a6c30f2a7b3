// Blob and File. A blob is a list of byte arrays that nobody changes, so that a slice copies nothing.
import native from 'toril:engine/native';
import { asInterface, bytesOf, concatBytes, usv } from 'toril:runtime/core';
import { ReadableStream } from 'toril:runtime/streams';

const CHUNK = 64 * 1024;

const typeOf = (type) => {
  const text = String(type);
  return /[^\x20-\x7e]/.test(text) ? '' : text.toLowerCase();
};

const lineFeeds = (text, endings) => (endings === 'native' ? text.replace(/\r\n?/g, '\n') : text);

function invalid(message) {
  const error = new TypeError(message);
  error.code = 'ERR_INVALID_ARG_TYPE';
  return error;
}

export class Blob {
  // [Uint8Array]
  #chunks = [];
  #size = 0;
  #type = '';

  constructor(sources = [], options = {}) {
    if (sources === null || typeof sources !== 'object' || typeof sources[Symbol.iterator] !== 'function') {
      throw invalid('The "sources" argument must be a sequence');
    }
    const endings = options?.endings ?? 'transparent';
    for (const source of sources) {
      if (source instanceof Blob) this.#push(source.#chunks);
      // A copy: the caller may change its array later.
      else this.#push([bytesOf(source)?.slice() ?? native.utf8Encode(lineFeeds(usv(source), endings))]);
    }
    this.#type = typeOf(options?.type ?? '');
  }

  #push(chunks) {
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      this.#chunks.push(chunk);
      this.#size += chunk.length;
    }
  }

  get size() { return this.#size; }
  get type() { return this.#type; }

  slice(start = 0, end = this.#size, type = '') {
    const from = relative(start, this.#size);
    const to = Math.max(relative(end, this.#size), from);
    const part = new Blob([], { type });
    let at = 0;
    for (const chunk of this.#chunks) {
      part.#push([chunk.subarray(Math.max(from - at, 0), Math.max(Math.min(to - at, chunk.length), 0))]);
      at += chunk.length;
    }
    return part;
  }

  async bytes() { return this.#joined(); }
  async arrayBuffer() { return this.#joined().buffer; }
  async text() { return native.utf8Decode(concatBytes(this.#chunks), false).replace(/^\ufeff/, ''); }

  // Always a copy.
  #joined() {
    return this.#chunks.length === 1 ? this.#chunks[0].slice() : concatBytes(this.#chunks);
  }

  stream() {
    const chunks = this.#chunks.values();
    let rest = new Uint8Array(0);
    return new ReadableStream({
      type: 'bytes',
      pull(controller) {
        if (rest.length === 0) {
          const next = chunks.next();
          if (next.done) {
            controller.close();
            controller.byobRequest?.respond(0);
            return;
          }
          rest = next.value;
        }
        controller.enqueue(rest.slice(0, CHUNK));
        rest = rest.subarray(CHUNK);
      },
    });
  }

  /** The chunks without a copy, for the runtime alone, which does not change them. */
  static chunksOf(blob) {
    return blob.#chunks;
  }

  [Symbol.for('toril.clone')]() {
    return this.slice(0, this.#size, this.#type);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    return depth < 0 ? 'Blob' : `Blob ${inspect({ size: this.size, type: this.type }, options)}`;
  }
}
export const { chunksOf } = Blob;
delete Blob.chunksOf;
asInterface(Blob, 'Blob', ['size', 'type', 'slice', 'stream', 'text', 'arrayBuffer', 'bytes']);

function relative(position, size) {
  const at = Math.trunc(Number(position)) || 0;
  return at < 0 ? Math.max(size + at, 0) : Math.min(at, size);
}

export class File extends Blob {
  #name;
  #lastModified;

  constructor(sources, name, options = {}) {
    if (arguments.length < 2) throw new TypeError('The "sources" and "fileName" arguments must be specified');
    super(sources, options);
    this.#name = usv(name);
    this.#lastModified = Math.trunc(Number(options?.lastModified ?? Date.now())) || 0;
  }

  get name() { return this.#name; }
  get lastModified() { return this.#lastModified; }

  [Symbol.for('toril.clone')]() {
    return new File([this], this.#name, { type: this.type, lastModified: this.#lastModified });
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const { size, type, name, lastModified } = this;
    return depth < 0 ? 'File' : `File ${inspect({ size, type, name, lastModified }, options)}`;
  }
}
asInterface(File, 'File', ['name', 'lastModified']);
