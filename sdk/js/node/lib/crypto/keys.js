// `KeyObject`, and what makes one.
import native from 'toril:engine/native';
import { Buffer } from '../../buffer.js';
import { coded, unavailable, wrongType } from '../errors.js';
import { output, toBytes } from './bytes.js';
import { describe, fromDer, fromJwk, fromPem, inner, publicOf, rsaDetails, toJwk, toPem } from './key-formats.js';

/** A key: `secret`, `public` or `private`. */
export class KeyObject {
  #bytes;

  constructor(type, bytes) {
    this.type = type;
    this.#bytes = bytes;
  }

  get [Symbol.toStringTag]() {
    return 'KeyObject';
  }

  /** The bytes: DER for a pair's keys. */
  static bytesOf(key) {
    return key.#bytes;
  }

  static is(value) {
    return typeof value === 'object' && value !== null && #bytes in value;
  }

  static from(key) {
    throw unavailable('KeyObject.from', `pass the ${key?.type ?? ''} key itself, or export it with crypto.subtle.exportKey`);
  }

  get symmetricKeySize() {
    return this.type === 'secret' ? this.#bytes.length : undefined;
  }

  get asymmetricKeyType() {
    return this.type === 'secret' ? undefined : describe(this.type, this.#bytes).type;
  }

  get asymmetricKeyDetails() {
    if (this.type === 'secret') return undefined;
    const { type, curve } = describe(this.type, this.#bytes);
    if (type === 'rsa') return rsaDetails(this.type, this.#bytes);
    return curve ? { namedCurve: curve.name } : {};
  }

  equals(other) {
    return this.type === other.type && Buffer.compare(this.#bytes, KeyObject.bytesOf(other)) === 0;
  }

  export({ format = this.type === 'secret' ? 'buffer' : undefined, type } = {}) {
    if (this.type === 'secret') {
      return format === 'jwk' ? { kty: 'oct', k: output(this.#bytes, 'base64url') } : output(this.#bytes.slice());
    }
    if (format === 'jwk') return toJwk(this.type, this.#bytes);
    const isInner = type === 'pkcs1' || type === 'sec1';
    const der = isInner ? inner(this.type, this.#bytes) : this.#bytes;
    if (format === 'der') return output(der.slice());
    const label = { pkcs1: `RSA ${this.type.toUpperCase()} KEY`, sec1: 'EC PRIVATE KEY' }[type] ?? `${this.type.toUpperCase()} KEY`;
    return toPem(label, der);
  }
}

export const createSecretKey = (key, encoding) => new KeyObject('secret', toBytes(key, encoding, 'key').slice());

/** A key in any of the forms that Node accepts. */
function read(input, kind) {
  if (KeyObject.is(input)) return { kind: input.type, der: KeyObject.bytesOf(input) };
  const { key = input, format, type, encoding } = typeof input === 'object' && !ArrayBuffer.isView(input) ? input : {};
  if (KeyObject.is(key)) return { kind: key.type, der: KeyObject.bytesOf(key) };
  if (format === 'jwk') return fromJwk(key);
  if (format === 'der') return { kind, der: fromDer(toBytes(key).slice(), type, kind) };
  if (typeof key === 'string') return fromPem(key);
  if (ArrayBuffer.isView(key) || key instanceof ArrayBuffer) return fromPem(output(toBytes(key, encoding), 'latin1'));
  throw wrongType('key', 'of type string or an instance of ArrayBuffer, Buffer, KeyObject, or an object', key);
}

export function createPrivateKey(input) {
  const { kind, der } = read(input, 'private');
  if (kind !== 'private') throw coded(Error, 'ERR_OSSL_UNSUPPORTED', 'error:1E08010C:DECODER routines::unsupported');
  return new KeyObject('private', der);
}

/** Of a private key, its public one. */
export function createPublicKey(input) {
  const { kind, der } = read(input, 'public');
  return new KeyObject('public', kind === 'private' ? publicOf(der) : der);
}

/** The bytes of a secret. */
export function secretOf(key) {
  if (!KeyObject.is(key)) return toBytes(key, undefined, 'key');
  if (key.type !== 'secret') throw coded(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${key.type}, expected secret.`);
  return KeyObject.bytesOf(key);
}

const encoded = (key, encoding) => (encoding ? key.export(encoding) : key);

export function generateKeyPairSync(type, options = {}) {
  const pair = native.generateKeyPair(type, options.modulusLength ?? 0, options.namedCurve ?? '');
  return {
    publicKey: encoded(new KeyObject('public', pair.publicKey), options.publicKeyEncoding),
    privateKey: encoded(new KeyObject('private', pair.privateKey), options.privateKeyEncoding),
  };
}

export function generateKeySync(type, { length }) {
  return createSecretKey(native.randomBytes(Math.floor(length / 8)));
}
