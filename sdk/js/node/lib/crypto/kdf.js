// The functions that derive keys.
import native from 'toril:engine/native';
import 'toril:engine/full';
import { coded, unavailable, wrongType } from '../errors.js';
import { nextTick } from '../next-tick.js';
import { output, toBytes } from './bytes.js';
import { checkHash } from './hash.js';
import { secretOf } from './secret.js';

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
