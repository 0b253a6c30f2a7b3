// `node:crypto`, over the engine's cryptography.
import native from 'toril:engine/native';
import { Cipheriv, Decipheriv, createCipheriv, createDecipheriv, getCipherInfo, getCiphers } from './lib/crypto/ciphers.js';
import {
  Hash,
  Hmac,
  createHash,
  createHmac,
  getHashes,
  hash,
  hkdf,
  hkdfSync,
  pbkdf2,
  pbkdf2Sync,
  scrypt,
  scryptSync,
  withCallback,
} from './lib/crypto/hash.js';
import { KeyObject, createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync, generateKeySync } from './lib/crypto/keys.js';
import { randomBytes, randomFill, randomFillSync, randomInt, randomUUID } from './lib/crypto/random.js';
import {
  RSA_PKCS1_OAEP_PADDING,
  RSA_PKCS1_PADDING,
  RSA_PKCS1_PSS_PADDING,
  Sign,
  Verify,
  createSign,
  createVerify,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
} from './lib/crypto/signatures.js';
import { toBytes } from './lib/crypto/bytes.js';
import { coded, unavailable } from './lib/errors.js';
import { nextTick } from './lib/next-tick.js';

/** Compares without showing by the time where the difference is. */
export function timingSafeEqual(left, right) {
  const [one, other] = [toBytes(left), toBytes(right)];
  if (one.length !== other.length) {
    throw coded(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
  }
  return native.timingSafeEqual(one, other);
}

export function generateKeyPair(type, options, callback) {
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  nextTick(callback, null, publicKey, privateKey);
}
Object.defineProperty(generateKeyPair, Symbol.for('nodejs.util.promisify.custom'), {
  value: async (type, options) => generateKeyPairSync(type, options),
});
export const generateKey = withCallback(generateKeySync);

const refuse = (name, advice) => () => {
  throw unavailable(`crypto.${name}`, advice);
};
export const createDiffieHellman = refuse('createDiffieHellman', 'use crypto.subtle.deriveBits with ECDH');
export const createECDH = refuse('createECDH', 'use crypto.subtle.deriveBits with ECDH');
export const diffieHellman = refuse('diffieHellman', 'use crypto.subtle.deriveBits with ECDH');
export const createCipher = refuse('createCipher', 'use createCipheriv. Node has removed this function as well');
export const createDecipher = refuse('createDecipher', 'use createDecipheriv. Node has removed this function as well');
export const X509Certificate = refuse('X509Certificate', 'createPublicKey takes the key out of a certificate');
export const getCurves = () => ['prime256v1', 'secp384r1'];
export const getFips = () => 0;
export const secureHeapUsed = () => undefined;

export const constants = { RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST: -1, RSA_PSS_SALTLEN_MAX_SIGN: -2, RSA_PSS_SALTLEN_AUTO: -2, RSA_NO_PADDING: 3, defaultCipherList: '' };

export const webcrypto = globalThis.crypto;
export const { subtle } = globalThis.crypto ?? {};
export const getRandomValues = (array) => globalThis.crypto.getRandomValues(array);

const Cipher = Cipheriv;
const Decipher = Decipheriv;
export {
  Cipher,
  Cipheriv,
  Decipher,
  Decipheriv,
  Hash,
  Hmac,
  KeyObject,
  Sign,
  Verify,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  createSign,
  createVerify,
  generateKeyPairSync,
  generateKeySync,
  getCipherInfo,
  getCiphers,
  getHashes,
  hash,
  hkdf,
  hkdfSync,
  pbkdf2,
  pbkdf2Sync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
  scrypt,
  scryptSync,
  sign,
  verify,
};

/** Node's old name of `randomBytes`. */
export const pseudoRandomBytes = randomBytes;
export const DEFAULT_ENCODING = 'buffer';

const crypto = {
  Cipher,
  Cipheriv,
  Decipher,
  Decipheriv,
  Hash,
  Hmac,
  KeyObject,
  Sign,
  Verify,
  X509Certificate,
  constants,
  createCipher,
  createCipheriv,
  createDecipher,
  createDecipheriv,
  createDiffieHellman,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  createSign,
  createVerify,
  diffieHellman,
  generateKey,
  generateKeyPair,
  generateKeyPairSync,
  generateKeySync,
  getCipherInfo,
  getCiphers,
  getCurves,
  getFips,
  getHashes,
  getRandomValues,
  hash,
  hkdf,
  hkdfSync,
  pbkdf2,
  pbkdf2Sync,
  privateDecrypt,
  pseudoRandomBytes,
  publicEncrypt,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
  scrypt,
  scryptSync,
  secureHeapUsed,
  sign,
  subtle,
  timingSafeEqual,
  verify,
  webcrypto,
};
export default crypto;
