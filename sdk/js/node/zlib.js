// `node:zlib`, over the engine's compression: streams, functions with a callback, and synchronous ones.
import native from 'toril:engine/native';
import { Buffer } from './buffer.js';
import { toBytes } from './lib/crypto/bytes.js';
import { coded, unavailable } from './lib/errors.js';
import { nextTick } from './lib/next-tick.js';
import { constants } from './lib/zlib/constants.js';
import { Transform } from './stream.js';

const BROTLI_ADVICE = 'use gzip. For responses, ask for `accept-encoding: gzip`';

/** An error of the engine, with Node's code for it. */
function failure(error) {
  const isShort = /unexpected|truncated|incomplete/i.test(error.message);
  const code = isShort ? 'Z_BUF_ERROR' : 'Z_DATA_ERROR';
  return Object.assign(coded(Error, code, isShort ? 'unexpected end of file' : error.message), { errno: constants[code] });
}

const asBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What gunzip and inflate both are, and which of them the first byte asks for. */
const formatFor = (format, bytes) => (format === 'unzip' ? (bytes[0] === 0x1f ? 'gunzip' : 'inflate') : format);

class Zlib extends Transform {
  #format;
  #level;
  #stream;
  bytesWritten = 0;

  constructor(format, options = {}) {
    super(options);
    this.#format = format;
    this.#level = options.level ?? -1;
  }

  _transform(chunk, encoding, callback) {
    this.bytesWritten += chunk.length;
    try {
      this.#stream ??= native.zlibStream(formatFor(this.#format, chunk), this.#level);
      this.#give(this.#stream.write(toBytes(chunk)));
      callback();
    } catch (error) {
      callback(failure(error));
    }
  }

  _flush(callback) {
    try {
      this.#stream ??= native.zlibStream(formatFor(this.#format, new Uint8Array()), this.#level);
      this.#give(this.#stream.end());
      callback();
    } catch (error) {
      callback(failure(error));
    }
  }

  #give(bytes) {
    if (bytes.length > 0) this.push(asBuffer(bytes));
  }

  /** Output comes as soon as the compression has it. */
  flush(kind, callback = kind) {
    if (typeof callback === 'function') nextTick(callback);
  }

  close(callback) {
    if (callback) this.once('close', callback);
    this.destroy();
  }

  params(level, strategy, callback) {
    this.#level = level;
    nextTick(callback);
  }

  reset() {
    this.#stream = undefined;
  }
}

function compute(format, data, options = {}) {
  const bytes = toBytes(data, undefined, 'buffer');
  try {
    const stream = native.zlibStream(formatFor(format, bytes), options.level ?? -1);
    const [first, last] = [stream.write(bytes), stream.end()];
    const whole = asBuffer(first.length === 0 ? last : last.length === 0 ? first : Buffer.concat([first, last]));
    if (whole.length > (options.maxOutputLength ?? Infinity)) {
      throw coded(RangeError, 'ERR_BUFFER_TOO_LARGE', `Cannot create a Buffer larger than ${options.maxOutputLength} bytes`);
    }
    return whole;
  } catch (error) {
    throw error instanceof RangeError ? error : failure(error);
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
export const { Class: DeflateRaw, create: createDeflateRaw, withCallback: deflateRaw, sync: deflateRawSync } = forms('deflate-raw');
export const { Class: InflateRaw, create: createInflateRaw, withCallback: inflateRaw, sync: inflateRawSync } = forms('inflate-raw');
export const { Class: Unzip, create: createUnzip, withCallback: unzip, sync: unzipSync } = forms('unzip');

/** The CRC-32 sum of bytes, to continue from another one. */
export function crc32(data, start = 0) {
  let sum = ~start;
  for (const byte of toBytes(data)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

const refuse = (name) =>
  function refused() {
    throw unavailable(`zlib.${name}`, BROTLI_ADVICE);
  };
export const brotliCompress = refuse('brotliCompress');
export const brotliCompressSync = refuse('brotliCompressSync');
export const brotliDecompress = refuse('brotliDecompress');
export const brotliDecompressSync = refuse('brotliDecompressSync');
export const createBrotliCompress = refuse('createBrotliCompress');
export const createBrotliDecompress = refuse('createBrotliDecompress');
export const BrotliCompress = refuse('BrotliCompress');
export const BrotliDecompress = refuse('BrotliDecompress');

export const codes = Object.fromEntries(
  ['Z_OK', 'Z_STREAM_END', 'Z_NEED_DICT', 'Z_ERRNO', 'Z_STREAM_ERROR', 'Z_DATA_ERROR', 'Z_MEM_ERROR', 'Z_BUF_ERROR', 'Z_VERSION_ERROR'].flatMap(
    (name) => [
      [name, constants[name]],
      [constants[name], name],
    ],
  ),
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
