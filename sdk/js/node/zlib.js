// `node:zlib`, over the engine's compression: streams, functions with a callback, and synchronous ones.
import native from 'toril:engine/native';
import 'toril:engine/web';
import { Buffer } from './buffer.js';
import { toBytes } from './lib/crypto/bytes.js';
import { unavailable } from './lib/errors.js';
import { nextTick } from './lib/next-tick.js';
import { constants } from './lib/zlib/constants.js';
import { Transform } from './stream.js';

const BROTLI_ADVICE = 'use gzip. For responses, ask for `accept-encoding: gzip`';

const asBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The engine's errors have Node's codes, but not their numbers. */
const failure = (error) => Object.assign(error, { errno: constants[error.code] });

/** The engine's options. */
const settings = ({ level, maxOutputLength } = {}) => ({
  ...(level === undefined || level < 0 ? {} : { level }),
  ...(maxOutputLength === undefined ? {} : { maxOutput: maxOutputLength }),
});

class Zlib extends Transform {
  #open;
  #stream;
  bytesWritten = 0;

  constructor(format, options = {}) {
    super(options);
    this.#open = () => native.zlibStream(format, settings(options));
  }

  _transform(chunk, encoding, callback) {
    this.bytesWritten += chunk.length;
    try {
      this.#stream ??= this.#open();
      this.#give(this.#stream.write(toBytes(chunk)));
      callback();
    } catch (error) {
      callback(failure(error));
    }
  }

  _flush(callback) {
    try {
      this.#stream ??= this.#open();
      this.#give(this.#stream.end());
      callback();
    } catch (error) {
      callback(failure(error));
    }
  }

  #give(bytes) {
    if (bytes.length > 0) this.push(asBuffer(bytes));
  }

  /** Writes what the compression holds back. */
  flush(kind, callback = kind) {
    if (this.#stream) this.#give(this.#stream.flush());
    if (typeof callback === 'function') nextTick(callback);
  }

  close(callback) {
    if (callback) this.once('close', callback);
    this.destroy();
  }

  reset() {
    this.#stream = undefined;
  }
}

function compute(format, data, options) {
  try {
    return asBuffer(native.zlibSync(format, toBytes(data, undefined, 'buffer'), settings(options)));
  } catch (error) {
    throw failure(error);
  }
}

/** The four forms of one direction of a format. */
function forms(format) {
  const Class = class extends Zlib {
    constructor(options) {
      super(format, options);
    }
  };
  const sync = (data, options) => compute(format, data, options);
  const withCallback = (data, options, callback = options) => {
    let result;
    try {
      result = sync(data, typeof options === 'function' ? {} : options);
    } catch (error) {
      nextTick(callback, error);
      return;
    }
    nextTick(callback, null, result);
  };
  return { Class, create: (options) => new Class(options), withCallback, sync };
}

export const { Class: Gzip, create: createGzip, withCallback: gzip, sync: gzipSync } = forms('gzip');
export const { Class: Gunzip, create: createGunzip, withCallback: gunzip, sync: gunzipSync } = forms('gunzip');
export const { Class: Deflate, create: createDeflate, withCallback: deflate, sync: deflateSync } = forms('deflate');
export const { Class: Inflate, create: createInflate, withCallback: inflate, sync: inflateSync } = forms('inflate');
export const {
  Class: DeflateRaw,
  create: createDeflateRaw,
  withCallback: deflateRaw,
  sync: deflateRawSync,
} = forms('deflateRaw');
export const {
  Class: InflateRaw,
  create: createInflateRaw,
  withCallback: inflateRaw,
  sync: inflateRawSync,
} = forms('inflateRaw');
export const { Class: Unzip, create: createUnzip, withCallback: unzip, sync: unzipSync } = forms('unzip');

/** The CRC-32 sum of bytes, to continue from another one. */
export const crc32 = (data, start = 0) => native.crc32(toBytes(data), start);

const refuse = (name) =>
  function refused() {
    throw unavailable(`zlib.${name}`, BROTLI_ADVICE);
  };
export const brotliCompress = /* @__PURE__ */ refuse('brotliCompress');
export const brotliCompressSync = /* @__PURE__ */ refuse('brotliCompressSync');
export const brotliDecompress = /* @__PURE__ */ refuse('brotliDecompress');
export const brotliDecompressSync = /* @__PURE__ */ refuse('brotliDecompressSync');
export const createBrotliCompress = /* @__PURE__ */ refuse('createBrotliCompress');
export const createBrotliDecompress = /* @__PURE__ */ refuse('createBrotliDecompress');
export const BrotliCompress = /* @__PURE__ */ refuse('BrotliCompress');
export const BrotliDecompress = /* @__PURE__ */ refuse('BrotliDecompress');

export const codes = Object.fromEntries(
  [
    'Z_OK',
    'Z_STREAM_END',
    'Z_NEED_DICT',
    'Z_ERRNO',
    'Z_STREAM_ERROR',
    'Z_DATA_ERROR',
    'Z_MEM_ERROR',
    'Z_BUF_ERROR',
    'Z_VERSION_ERROR',
  ].flatMap((name) => [
    [name, constants[name]],
    [constants[name], name],
  ]),
);
export { constants };

const zlib = {
  ...constants,
  BrotliCompress,
  BrotliDecompress,
  Deflate,
  DeflateRaw,
  Gunzip,
  Gzip,
  Inflate,
  InflateRaw,
  Unzip,
  brotliCompress,
  brotliCompressSync,
  brotliDecompress,
  brotliDecompressSync,
  codes,
  constants,
  crc32,
  createBrotliCompress,
  createBrotliDecompress,
  createDeflate,
  createDeflateRaw,
  createGunzip,
  createGzip,
  createInflate,
  createInflateRaw,
  createUnzip,
  deflate,
  deflateRaw,
  deflateRawSync,
  deflateSync,
  gunzip,
  gunzipSync,
  gzip,
  gzipSync,
  inflate,
  inflateRaw,
  inflateRawSync,
  inflateSync,
  unzip,
  unzipSync,
};
export default zlib;
