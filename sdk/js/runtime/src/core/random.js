// crypto.getRandomValues, crypto.randomUUID and Math.random. The part `subtle` adds crypto.subtle.
import native from 'toril:engine/native';
import { asInterface, defineGlobals } from './define.js';

const QUOTA = 65536;

const isInteger = (array) => ArrayBuffer.isView(array) && !(array instanceof DataView) && !/^Float/.test(array[Symbol.toStringTag]);

export class Crypto {
  constructor() {
    if (globalThis.crypto instanceof Crypto) throw new TypeError('Illegal constructor');
  }

  getRandomValues(array) {
    if (!isInteger(array)) throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
    if (array.byteLength > QUOTA) {
      throw new DOMException(`The requested length exceeds ${QUOTA} bytes`, 'QuotaExceededError');
    }
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(native.randomBytes(array.byteLength));
    return array;
  }

  randomUUID() {
    const bytes = native.randomBytes(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = native.hexEncode(bytes);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}
asInterface(Crypto, 'Crypto', ['getRandomValues', 'randomUUID']);

defineGlobals({ Crypto, crypto: new Crypto() });

// QuickJS's own seed would be frozen by the snapshot.
Math.random = native.random;
