// `KeyObject`, and what makes one.
import native from 'toril:engine/native';
import 'toril:engine/full';
import { Buffer } from '../../buffer.js';
import { coded, unavailable, wrongType } from '../errors.js';
import { nextTick } from '../next-tick.js';
import { output, toBytes } from './bytes.js';
import { fromDer, fromJwk, fromPem, toJwk, toPem } from './key-formats.js';
import { SECRET } from './secret.js';

/** The names that Node gives to what the engine calls these. */
const TYPES = { p256: 'ec', p384: 'ec' };
const CURVES = { p256: 'prime256v1', p384: 'secp384r1' };
const ENGINE_CURVES = { prime256v1: 'p256', 'p-256': 'p256', secp384r1: 'p384', 'p-384': 'p384' };

/** A key: `secret`, `public` or `private`. */
export class KeyObject {
  /** A secret's bytes, or what the engine knows of a pair's key: `type`, `isPrivate`, `der`, `bits`. */
  #inner;

  constructor(type, inner) {
    this.type = type;
    this.#inner = inner;
  }

  get [Symbol.toStringTag]() {
    return 'KeyObject';
  }

  static innerOf(key) {
    return key.#inner;
  }

  static is(value) {
    return typeof value === 'object' && value !== null && #inner in value;
  }

  get [SECRET]() {
    if (this.type === 'secret') return this.#inner;
    throw coded(
      TypeError,
      'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE',
      `Invalid key object type ${this.type}, expected secret.`,
    );
  }

  static from(key) {
    throw unavailable('KeyObject.from', `pass the ${key?.type ?? ''} key itself`);
  }

  get symmetricKeySize() {
    return this.type === 'secret' ? this.#inner.length : undefined;
  }

  get asymmetricKeyType() {
    return this.type === 'secret' ? undefined : (TYPES[this.#inner.type] ?? this.#inner.type);
  }

  get asymmetricKeyDetails() {
    if (this.type === 'secret') return undefined;
    const { type, bits, der, isPrivate } = this.#inner;
    if (type !== 'rsa') return CURVES[type] ? { namedCurve: CURVES[type] } : {};
    const { e } = native.keyParts(der, isPrivate);
    return { modulusLength: bits, publicExponent: BigInt(`0x${native.hexEncode(e)}`) };
  }

  equals(other) {
    const bytes = (key) => (key.type === 'secret' ? key.#inner : key.#inner.der);
    return this.type === other.type && Buffer.compare(bytes(this), bytes(other)) === 0;
  }

  export({ format = this.type === 'secret' ? 'buffer' : undefined, type } = {}) {
    if (this.type === 'secret') {
      return format === 'jwk' ? { kty: 'oct', k: output(this.#inner, 'base64url') } : output(this.#inner.slice());
    }
    if (format === 'jwk') return toJwk(this.#inner);
    const { der: whole } = this.#inner;
    const inner = { pkcs1: `pkcs1-${this.type}`, sec1: 'sec1' }[type];
    const der = inner ? native.keyExport(inner, whole) : whole.slice();
    if (format === 'der') return output(der);
    const label = { pkcs1: `RSA ${this.type.toUpperCase()} KEY`, sec1: 'EC PRIVATE KEY' }[type];
    return toPem(label ?? `${this.type.toUpperCase()} KEY`, der);
  }
}

const pairKey = (inner) => new KeyObject(inner.isPrivate ? 'private' : 'public', inner);

export const createSecretKey = (key, encoding) => new KeyObject('secret', toBytes(key, encoding, 'key').slice());

/** A key in any of the forms that Node accepts. */
function read(input, isPrivate) {
  if (KeyObject.is(input)) return KeyObject.innerOf(input);
  const isOptions =
    typeof input === 'object' && input !== null && !ArrayBuffer.isView(input) && !(input instanceof ArrayBuffer);
  const { key = input, format, type, encoding } = isOptions ? input : {};
  if (KeyObject.is(key)) return KeyObject.innerOf(key);
  if (format === 'jwk') return fromJwk(key);
  if (format === 'der') return fromDer(toBytes(key).slice(), type, isPrivate);
  if (typeof key === 'string') return fromPem(key);
  if (ArrayBuffer.isView(key) || key instanceof ArrayBuffer) return fromPem(output(toBytes(key, encoding), 'latin1'));
  throw wrongType('key', 'of type string or an instance of ArrayBuffer, Buffer, KeyObject, or an object', key);
}

export function createPrivateKey(input) {
  const inner = read(input, true);
  if (inner.isPrivate !== true)
    throw coded(Error, 'ERR_OSSL_UNSUPPORTED', 'error:1E08010C:DECODER routines::unsupported');
  return pairKey(inner);
}

/** Of a private key, its public one. */
export function createPublicKey(input) {
  const inner = read(input, false);
  return pairKey(inner.isPrivate ? fromDer(native.keyPublic(inner.der), undefined, false) : inner);
}

const encoded = (key, encoding) => (encoding ? key.export(encoding) : key);

/** Makes a pair of keys. A large RSA key takes seconds. */
export function generateKeyPairSync(
  type,
  { modulusLength, publicExponent, namedCurve, publicKeyEncoding, privateKeyEncoding } = {},
) {
  const kind = type === 'ec' ? ENGINE_CURVES[String(namedCurve).toLowerCase()] : type;
  if (!['rsa', 'ed25519', 'p256', 'p384'].includes(kind)) {
    throw unavailable(`A key of the kind ${namedCurve ?? type}`, 'use rsa, ed25519, prime256v1 or secp384r1');
  }
  const pair = native.keyGenerate(
    kind,
    modulusLength,
    publicExponent === undefined ? undefined : Number(publicExponent),
  );
  return {
    publicKey: encoded(pairKey(fromDer(pair.publicKey, undefined, false)), publicKeyEncoding),
    privateKey: encoded(pairKey(fromDer(pair.privateKey, undefined, true)), privateKeyEncoding),
  };
}

export const generateKeySync = (type, { length }) => createSecretKey(native.randomBytes(Math.floor(length / 8)));

export function generateKeyPair(type, options, callback) {
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  nextTick(callback, null, publicKey, privateKey);
}
Object.defineProperty(generateKeyPair, Symbol.for('nodejs.util.promisify.custom'), {
  value: async (type, options) => generateKeyPairSync(type, options),
});
