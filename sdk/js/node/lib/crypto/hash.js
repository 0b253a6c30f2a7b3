// `createHash`, `createHmac`, and the functions that derive keys.
import native from 'toril:engine/native';
import { Transform } from '../../stream.js';
import { coded, unavailable, wrongType } from '../errors.js';
import { nextTick } from '../next-tick.js';
import { join, output, toBytes } from './bytes.js';
import { secretOf } from './keys.js';

/** The names of hashes, in Node's spelling. */
const HASHES = ['md5', 'ripemd160', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha512-256', 'sha3-256', 'sha3-384', 'sha3-512'];
export const getHashes = () => [...HASHES];

/** The engine's name of a hash. */
export function hashName(name) {
  if (typeof name !== 'string') throw wrongType('algorithm', 'of type string', name);
  const plain = name.toLowerCase().replace(/^rsa-/, '').replace(/^sha-(\d)/, 'sha$1').replace(/^sha512\/256$/, 'sha512-256');
  if (HASHES.includes(plain)) return plain;
  throw coded(Error, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${name}`);
}

class Digest extends Transform {
  #pieces;
  #compute;
  #isDone = false;

  constructor(compute, options, pieces = []) {
    super(options);
    this.#compute = compute;
    this.#pieces = pieces;
  }

  update(data, encoding) {
    if (this.#isDone) throw coded(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
    const bytes = toBytes(data, encoding);
    // The caller may reuse its memory before the digest is made.
    this.#pieces.push(typeof data === 'string' ? bytes : bytes.slice());
    return this;
  }

  digest(encoding) {
    if (this.#isDone) throw coded(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
    this.#isDone = true;
    return output(this.#compute(join(this.#pieces)), encoding);
  }

  _copy(options) {
    return [this.#compute, options, [...this.#pieces]];
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

export class Hash extends Digest {
  copy(options) {
    return new Hash(...this._copy(options));
  }
}
export class Hmac extends Digest {}

export function createHash(algorithm, options) {
  const name = hashName(algorithm);
  return new Hash((bytes) => native.digest(name, bytes), options);
}

export function createHmac(algorithm, key, options) {
  const name = hashName(algorithm);
  const secret = secretOf(key);
  return new Hmac((bytes) => native.hmac(name, secret, bytes), options);
}

/** A digest in one call. */
export const hash = (algorithm, data, encoding = 'hex') => createHash(algorithm).update(data).digest(encoding);

/** The form with a callback of a function that computes at once. */
export const withCallback =
  (compute) =>
  (...args) => {
    const callback = args.pop();
    if (typeof callback !== 'function') throw wrongType('callback', 'of type function', callback);
    const result = compute(...args);
    nextTick(callback, null, result);
  };

export function pbkdf2Sync(password, salt, iterations, length, digest) {
  return output(native.pbkdf2(hashName(digest), toBytes(password), toBytes(salt), iterations, length));
}

export function scryptSync(password, salt, length, options = {}) {
  const { N = options.cost ?? 16384, r = options.blockSize ?? 8, p = options.parallelization ?? 1, maxmem = 32 * 1024 * 1024 } = options;
  if (128 * N * r > maxmem) {
    throw coded(RangeError, 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS', 'Invalid scrypt params: memory limit exceeded');
  }
  return output(native.scrypt(toBytes(password), toBytes(salt), N, r, p, length));
}

export function hkdfSync(digest, key, salt, info, length) {
  const { buffer, byteOffset } = output(native.hkdf(hashName(digest), secretOf(key), toBytes(salt), toBytes(info), length));
  return buffer.slice(byteOffset, byteOffset + length);
}

export const pbkdf2 = withCallback(pbkdf2Sync);
export const scrypt = (password, salt, length, options, callback) =>
  typeof options === 'function' ? withCallback(scryptSync)(password, salt, length, options) : withCallback(scryptSync)(password, salt, length, options, callback);
export const hkdf = withCallback(hkdfSync);

export const argon2Sync = () => {
  throw unavailable('crypto.argon2Sync', 'use scrypt, or the npm package hash-wasm');
};
