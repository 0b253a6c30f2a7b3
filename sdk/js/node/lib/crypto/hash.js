// `createHash`, `createHmac`, and the functions that derive keys.
import native from 'toril:engine/native';
import 'toril:engine/full';
import { coded, unavailable, wrongType } from '../errors.js';
import { nextTick } from '../next-tick.js';
import { extendStream, initialize } from '../stream-if-used.js';
import { output, toBytes } from './bytes.js';
import { secretOf } from './keys.js';

export const getHashes = () => ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha512-256'];

/** Refuses a hash that the engine does not have. */
export function checkHash(name) {
  if (typeof name !== 'string') throw wrongType('algorithm', 'of type string', name);
  if (!native.hashInfo(name)) throw coded(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${name}`);
  return name;
}

/** What Hash and Hmac have in common. */
class Digest {
  #stream;

  constructor(stream, options) {
    initialize(this, 'Transform', options);
    this.#stream = stream;
  }

  update(data, encoding) {
    this._open().update(toBytes(data, encoding));
    return this;
  }

  digest(encoding) {
    const digest = this._open().digest();
    this.#stream = undefined;
    return output(digest, encoding);
  }

  _open() {
    if (!this.#stream) throw coded(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
    return this.#stream;
  }

  _transform(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }

  _flush(callback) {
    this.push(this.digest());
    callback();
  }
}
extendStream(Digest, 'Transform');

export class Hash extends Digest {
  copy(options) {
    return new Hash(this._open().copy(), options);
  }
}
export class Hmac extends Digest {}

export function createHash(algorithm, options) {
  if (typeof algorithm === 'string' && !native.hashInfo(algorithm)) {
    throw coded(Error, 'ERR_OSSL_EVP_UNSUPPORTED', 'Digest method not supported');
  }
  return new Hash(native.hashStream(checkHash(algorithm)), options);
}

export const createHmac = (algorithm, key, options) =>
  new Hmac(native.hmacStream(checkHash(algorithm), secretOf(key)), options);

/** A digest in one call. */
export const hash = (algorithm, data, encoding = 'hex') =>
  output(native.hash(checkHash(algorithm), toBytes(data)), encoding);

/** The form with a callback of a function that computes at once. */
export const withCallback =
  (compute) =>
  (...args) => {
    const callback = args.pop();
    if (typeof callback !== 'function') throw wrongType('callback', 'of type function', callback);
    nextTick(callback, null, compute(...args));
  };

export function pbkdf2Sync(password, salt, iterations, length, digest) {
  return output(native.pbkdf2(checkHash(digest), toBytes(password), toBytes(salt), iterations, length));
}

/** The memory that Node's `scrypt` uses at most, if the caller does not say. */
const SCRYPT_MEMORY = 32 * 1024 * 1024;

export function scryptSync(password, salt, length, options = {}) {
  const { N = options.cost ?? 16384, r = options.blockSize ?? 8, p = options.parallelization ?? 1 } = options;
  if (128 * N * r > (options.maxmem ?? SCRYPT_MEMORY)) {
    throw coded(RangeError, 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS', 'Invalid scrypt params: memory limit exceeded');
  }
  return output(native.scrypt(toBytes(password), toBytes(salt), N, r, p, length));
}

export function hkdfSync(digest, key, salt, info, length) {
  const derived = native.hkdf(checkHash(digest), secretOf(key), toBytes(salt), toBytes(info), length);
  return derived.buffer.slice(derived.byteOffset, derived.byteOffset + length);
}

export const pbkdf2 = /* @__PURE__ */ withCallback(pbkdf2Sync);
export const scrypt = /* @__PURE__ */ withCallback(scryptSync);
export const hkdf = /* @__PURE__ */ withCallback(hkdfSync);

export const argon2Sync = () => {
  throw unavailable('crypto.argon2Sync', 'use scrypt');
};
