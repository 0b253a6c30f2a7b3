// Signing and verifying, and encryption with a pair of keys.
import native from 'toril:engine/native';
import 'toril:engine/full';
import { nextTick } from '../next-tick.js';
import { extendStream, initialize } from '../stream-if-used.js';
import { join, output, toBytes } from './bytes.js';
import { checkHash } from './hash.js';
import { KeyObject, createPrivateKey, createPublicKey } from './keys.js';

export const RSA_PKCS1_PADDING = 1;
export const RSA_PKCS1_OAEP_PADDING = 4;
export const RSA_PKCS1_PSS_PADDING = 6;

/** The options beside the key: `{ key, padding, saltLength, dsaEncoding }`. */
const optionsOf = (input) =>
  typeof input === 'object' && !KeyObject.is(input) && !ArrayBuffer.isView(input) ? input : {};

/** The engine's scheme and options for a key. */
function schemeFor({ type }, { padding, saltLength, dsaEncoding = 'der' }) {
  if (type === 'ed25519') return { scheme: 'ed25519', options: {} };
  if (type !== 'rsa') return { scheme: 'ecdsa', options: { der: dsaEncoding === 'der' } };
  if (padding !== RSA_PKCS1_PSS_PADDING) return { scheme: 'rsa-pkcs1', options: {} };
  // Negative numbers stand for the lengths that the engine finds itself.
  return { scheme: 'rsa-pss', options: saltLength === undefined || saltLength < 0 ? {} : { saltLength } };
}

const hashFor = (type, algorithm) => (type === 'ed25519' ? '' : checkHash(algorithm ?? 'sha256'));

export function sign(algorithm, data, key, callback) {
  const inner = KeyObject.innerOf(createPrivateKey(key));
  const { scheme, options } = schemeFor(inner, optionsOf(key));
  const signature = output(native.sign(scheme, hashFor(inner.type, algorithm), inner.der, toBytes(data), options));
  if (!callback) return signature;
  nextTick(callback, null, signature);
}

export function verify(algorithm, data, key, signature, callback) {
  const inner = KeyObject.innerOf(createPublicKey(key));
  const { scheme, options } = schemeFor(inner, optionsOf(key));
  const hash = hashFor(inner.type, algorithm);
  const isRight = native.verify(scheme, hash, inner.der, toBytes(data), toBytes(signature), options);
  if (!callback) return isRight;
  nextTick(callback, null, isRight);
}

/** Collects what is signed. */
class Collector {
  #pieces = [];

  constructor(algorithm, options) {
    initialize(this, 'Writable', options);
    this.algorithm = checkHash(algorithm);
  }

  update(data, encoding) {
    // The caller may reuse its memory.
    this.#pieces.push(toBytes(data, encoding).slice());
    return this;
  }

  _write(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }

  _collected() {
    return join(this.#pieces);
  }
}
extendStream(Collector, 'Writable');

export class Sign extends Collector {
  sign(key, encoding) {
    return output(sign(this.algorithm, this._collected(), key), encoding);
  }
}

export class Verify extends Collector {
  verify(key, signature, encoding) {
    return verify(this.algorithm, this._collected(), key, toBytes(signature, encoding));
  }
}

export const createSign = (algorithm, options) => new Sign(algorithm, options);
export const createVerify = (algorithm, options) => new Verify(algorithm, options);

function crypt(compute, inner, input, data) {
  const { padding = RSA_PKCS1_OAEP_PADDING, oaepHash = 'sha1', oaepLabel } = optionsOf(input);
  const label = oaepLabel === undefined ? undefined : toBytes(oaepLabel);
  const name = padding === RSA_PKCS1_OAEP_PADDING ? 'oaep' : 'pkcs1';
  return output(compute(name, checkHash(oaepHash), inner.der, toBytes(data), label));
}

export const publicEncrypt = (key, data) =>
  crypt(native.rsaEncrypt, KeyObject.innerOf(createPublicKey(key)), key, data);
export const privateDecrypt = (key, data) =>
  crypt(native.rsaDecrypt, KeyObject.innerOf(createPrivateKey(key)), key, data);
