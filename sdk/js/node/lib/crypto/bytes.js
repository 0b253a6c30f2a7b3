// Input and output of `node:crypto`: texts with an encoding, and bytes of any class.
import { Buffer } from '../../buffer.js';
import { wrongType } from '../errors.js';
import { decode, encode, normalized } from '../text-encodings.js';

/** The bytes of a text or of any view. Shares memory with a view. */
export function toBytes(value, encoding, name = 'data') {
  if (typeof value === 'string') return encode(value, normalized(encoding) ?? 'utf8');
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw wrongType(name, 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView', value);
}

/** Bytes as a Buffer, or as a text in an encoding. */
export function output(bytes, encoding) {
  const name = encoding === undefined || encoding === null || encoding === 'buffer' ? undefined : normalized(encoding);
  if (name) return decode(bytes, name);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Several pieces as one. */
export function join(pieces) {
  if (pieces.length === 1) return pieces[0];
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
