// `node:buffer`. The npm package `buffer` in its essence. The engine encodes and decodes text, because interpreted
// loops over characters are slow.
import * as npm from 'buffer';
import native from 'toril:engine/native';
import { coded, wrongType } from './lib/errors.js';
import { addGlobals } from './lib/late-globals.js';
import { decode, encode, encodedLength, normalized } from './lib/text-encodings.js';

export const { Buffer, kMaxLength, INSPECT_MAX_BYTES } = npm;
export const kStringMaxLength = 0x3fffffff;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength };
export const { atob, btoa } = globalThis;
export { Blob, File } from './lib/globals/blob.js';

const npmFrom = Buffer.from;
const npmByteLength = Buffer.byteLength;
const npmWrite = Buffer.prototype.write;
const npmIndexOf = Buffer.prototype.indexOf;
const npmLastIndexOf = Buffer.prototype.lastIndexOf;
const npmAlloc = Buffer.alloc;

const unknown = (encoding) => coded(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encoding}`);

/** The same bytes, as a Buffer. */
const wrap = (bytes) => Object.setPrototypeOf(bytes, Buffer.prototype);

function from(value, encodingOrOffset, length) {
  if (typeof value === 'string') {
    const encoding = normalized(encodingOrOffset);
    if (!encoding) throw unknown(encodingOrOffset);
    return wrap(encode(value, encoding));
  }
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
    throw wrongType(
      'first',
      'of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object',
      value,
    );
  }
  return npmFrom(value, encodingOrOffset, length);
}

const replacements = {
  from,
  alloc(size, fill, encoding) {
    if (typeof size !== 'number') throw wrongType('size', 'of type number', size);
    return npmAlloc(size, fill, encoding);
  },
  byteLength(value, encoding) {
    return typeof value === 'string'
      ? encodedLength(value, normalized(encoding) ?? 'utf8')
      : npmByteLength(value, encoding);
  },
  isEncoding: (encoding) => typeof encoding === 'string' && encoding !== '' && normalized(encoding) !== undefined,
  compare(one, other) {
    if (!(one instanceof Uint8Array)) throw wrongType('buf1', 'an instance of Buffer or Uint8Array', one);
    if (!(other instanceof Uint8Array)) throw wrongType('buf2', 'an instance of Buffer or Uint8Array', other);
    const [left, right] = [text(one), text(other)];
    return left === right ? 0 : left < right ? -1 : 1;
  },
  copyBytesFrom(view, offset = 0, length = view.length - offset) {
    const part = view.subarray(offset, offset + length);
    return Buffer.from(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  },
  // In Node, these are the same memory as their argument as well.
  of: (...bytes) => wrap(Uint8Array.of(...bytes)),
};

const replacedMethods = {
  toString(encodingName, start = 0, end = this.length) {
    if (arguments.length === 0) return decode(this, 'utf8');
    const encoding = normalized(encodingName);
    if (!encoding) throw unknown(encodingName);
    const last = Math.min(end, this.length);
    const first = Math.max(0, start);
    if (!(first < last)) return '';
    const part = first === 0 && last === this.length ? this : this.subarray(first, last);
    return decode(part, encoding);
  },
  write(text, offset, length, encodingName) {
    if (typeof offset === 'string') return this.write(text, 0, this.length, offset);
    if (typeof length === 'string') return this.write(text, offset, this.length - offset, length);
    const encoding = normalized(encodingName);
    if (typeof text !== 'string' || !encoding) return npmWrite.call(this, text, offset, length, encodingName);
    const at = offset ?? 0;
    if (at < 0 || at > this.length)
      throw coded(RangeError, 'ERR_OUT_OF_RANGE', 'The value of "offset" is out of range.');
    const room = Math.min(length ?? Infinity, this.length - at);
    const bytes = encode(text, encoding);
    const count = bytes.length <= room ? bytes.length : wholeCharacters(bytes, room, encoding);
    this.set(bytes.length === count ? bytes : bytes.subarray(0, count), at);
    return count;
  },
  slice: part,
  subarray: part,
  // As texts, which the engine compares, because interpreted loops over bytes are slow.
  equals(other) {
    if (!(other instanceof Uint8Array)) throw wrongType('otherBuffer', 'an instance of Buffer or Uint8Array', other);
    return this === other || (this.length === other.length && text(this) === text(other));
  },
  compare(other, start = 0, end = other.length, thisStart = 0, thisEnd = this.length) {
    return Buffer.compare(this.subarray(thisStart, thisEnd), other.subarray(start, end));
  },
  indexOf(value, offset, encoding) {
    return search(this, value, offset, encoding, 'indexOf') ?? npmIndexOf.call(this, value, offset, encoding);
  },
  lastIndexOf(value, offset, encoding) {
    return search(this, value, offset, encoding, 'lastIndexOf') ?? npmLastIndexOf.call(this, value, offset, encoding);
  },
  includes(value, offset, encoding) {
    return this.indexOf(value, offset, encoding) !== -1;
  },
  toLocaleString(...options) {
    return this.toString(...options);
  },
};

/** A part that shares the memory. */
function part(start, end) {
  const first = position(start, 0, this.length);
  const last = position(end, this.length, this.length);
  return wrap(new Uint8Array(this.buffer, this.byteOffset + first, Math.max(0, last - first)));
}

function position(value, missing, length) {
  if (value === undefined) return missing;
  const at = Math.trunc(Number(value)) || 0;
  return at < 0 ? Math.max(0, length + at) : Math.min(at, length);
}

const text = (bytes) => native.latin1Decode(bytes);

/** Searches in the whole of the bytes. Undefined for the rarer forms of a search. */
function search(bytes, value, offset, encoding, method) {
  const isPlain = offset === undefined || (Number.isInteger(offset) && offset >= 0 && method === 'indexOf');
  if (!isPlain) return undefined;
  const wanted = typeof value === 'string' ? encode(value, normalized(encoding) ?? 'utf8') : value;
  if (!(wanted instanceof Uint8Array)) return undefined;
  const [all, part] = [text(bytes), text(wanted)];
  return method === 'indexOf' ? all.indexOf(part, offset) : all.lastIndexOf(part);
}

/** How many of the bytes fit without half a character at the end. */
function wholeCharacters(bytes, room, encoding) {
  if (encoding === 'utf16le') return room - (room % 2);
  if (encoding !== 'utf8') return room;
  let end = room;
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end -= 1;
  return end;
}

for (const [name, method] of Object.entries(replacements)) {
  // Methods cannot be called with `new`, as some packages do.
  const value = function (...args) {
    return method(...args);
  };
  Object.defineProperty(Buffer, name, { value, writable: true, configurable: true, enumerable: true });
}
for (const [name, value] of Object.entries(replacedMethods)) {
  Object.defineProperty(Buffer.prototype, name, { value, writable: true, configurable: true, enumerable: true });
}
for (const encoding of ['utf8', 'latin1', 'ascii', 'hex', 'base64', 'base64url', 'ucs2']) {
  Buffer.prototype[`${encoding}Slice`] = function (start, end) {
    return this.toString(encoding, start, end);
  };
  Buffer.prototype[`${encoding}Write`] = function (text, offset, length) {
    return this.write(text, offset, length, encoding);
  };
}

/** Whether the bytes are valid UTF-8. */
export function isUtf8(bytes) {
  try {
    native.utf8Decode(bytesOf(bytes), true);
    return true;
  } catch {
    return false;
  }
}

/** Whether all bytes are below 128. */
export const isAscii = (bytes) => bytesOf(bytes).every((byte) => byte < 128);

/** The same text in another encoding. */
export const transcode = (source, fromEncoding, toEncoding) =>
  Buffer.from(Buffer.from(bytesOf(source)).toString(fromEncoding), toEncoding);

const bytesOf = (value) =>
  value instanceof Uint8Array
    ? value
    : ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);

/** Node's deprecated constructor without a pool. */
export const SlowBuffer = (size) => Buffer.allocUnsafeSlow(size);
export const resolveObjectURL = () => undefined;

if (!('Buffer' in globalThis)) {
  Object.defineProperty(globalThis, 'Buffer', { value: Buffer, writable: true, configurable: true });
}

const buffer = {
  Buffer,
  SlowBuffer,
  atob,
  btoa,
  constants,
  INSPECT_MAX_BYTES,
  isAscii,
  isUtf8,
  kMaxLength,
  kStringMaxLength,
  resolveObjectURL,
  transcode,
};
addGlobals(buffer, 'Bl-ob', 'Fi-le');
export default buffer;
