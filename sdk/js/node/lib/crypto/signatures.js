// Signing and verifying, and encryption with a pair of keys.
import native from 'toril:engine/native';
import { Writable } from '../../stream.js';
import { coded } from '../errors.js';
import { nextTick } from '../next-tick.js';
import { join, output, toBytes } from './bytes.js';
import { signatureFromDer, signatureToDer } from './der.js';
import { hashName } from './hash.js';
import { describe } from './key-formats.js';
import { KeyObject, createPrivateKey, createPublicKey } from './keys.js';

export const RSA_PKCS1_PADDING = 1;
export const RSA_PKCS1_OAEP_PADDING = 4;
export const RSA_PKCS1_PSS_PADDING = 6;
const SALT_OF_DIGEST_LENGTH = -1;
const SIZES = { md5: 16, sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

/** The options beside the key: `{ key, padding, saltLength, dsaEncoding }`. */
const optionsOf = (input) => (typeof input === 'object' && !KeyObject.is(input) && !ArrayBuffer.isView(input) ? input : {});

/** What the engine needs to know of a key, a hash and their options. */
function scheme(kind, der, algorithm, { padding, saltLength, dsaEncoding = 'der' }) {
  const { type, curve } = describe(kind, der);
  if (type === 'ed25519') return { name: 'ed25519', hash: '', salt: 0 };
  const hash = hashName(algorithm ?? 'sha256');
  if (type === 'ec') return { name: 'ecdsa', hash, salt: 0, size: dsaEncoding === 'der' ? curve.size : undefined };
  if (padding === RSA_PKCS1_PSS_PADDING || type === 'rsa-pss') {
    const isDigest = saltLength === undefined || saltLength === SALT_OF_DIGEST_LENGTH || saltLength < 0;
    return { name: 'rsa-pss', hash, salt: isDigest ? SIZES[hash] : saltLength };
  }
  return { name: 'rsa-pkcs1', hash, salt: 0 };
}

export function sign(algorithm, data, key, callback) {
  const options = optionsOf(key);
  const der = KeyObject.bytesOf(createPrivateKey(key));
  const { name, hash, salt, size } = scheme('private', der, algorithm, options);
  const made = native.sign(name, hash, der, toBytes(data), salt);
  const signature = output(size === undefined ? made : signatureToDer(made));
  if (!callback) return signature;
  nextTick(callback, null, signature);
}

export function verify(algorithm, data, key, signature, callback) {
  const options = optionsOf(key);
  const der = KeyObject.bytesOf(createPublicKey(key));
  const { name, hash, salt, size } = scheme('public', der, algorithm, options);
  const isGood = check(name, hash, der, data, toBytes(signature), salt, size);
  if (!callback) return isGood;
  nextTick(callback, null, isGood);
}

function check(name, hash, der, data, signature, salt, size) {
  let plain = signature;
  if (size !== undefined) {
    try {
      plain = signatureFromDer(signature, size);
    } catch {
      // Not DER, so not a signature.
      return false;
    }
  }
  return native.verify(name, hash, der, toBytes(data), plain, salt);
}

class Collector extends Writable {
  #pieces = [];

  constructor(algorithm, options) {
    super(options);
    this.algorithm = algorithm;
    hashName(algorithm);
  }

  update(data, encoding) {
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

/** Encrypts with RSA, as OAEP. PKCS#1 v1.5 is only for signatures. */
function crypt(kind, make, input, data) {
  const { padding = RSA_PKCS1_OAEP_PADDING, oaepHash = 'sha1', oaepLabel } = optionsOf(input);
  if (padding !== RSA_PKCS1_OAEP_PADDING) {
    throw coded(Error, 'ERR_NOT_AVAILABLE_IN_PLUGIN', 'RSA encryption with PKCS#1 v1.5 padding is not available in a plugin: use RSA_PKCS1_OAEP_PADDING');
  }
  const der = KeyObject.bytesOf(make(input));
  const label = oaepLabel === undefined ? new Uint8Array() : toBytes(oaepLabel);
  return output(native[kind](der, hashName(oaepHash), label, toBytes(data)));
}

export const publicEncrypt = (key, data) => crypt('rsaEncrypt', createPublicKey, key, data);
export const privateDecrypt = (key, data) => crypt('rsaDecrypt', createPrivateKey, key, data);
