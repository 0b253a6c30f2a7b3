// `node:crypto`, over the engine's cryptography.
import {
  Cipheriv,
  Decipheriv,
  createCipheriv,
  createDecipheriv,
  getCipherInfo,
  getCiphers,
} from './lib/crypto/ciphers.js';
import {
  Hash,
  Hmac,
  createHash,
  createHmac,
  getHashes,
  hash,
} from './lib/crypto/hash.js';
import { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync, withCallback } from './lib/crypto/kdf.js';
import {
  KeyObject,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  generateKeyPairSync,
  generateKeySync,
} from './lib/crypto/keys.js';
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
import { timingSafeEqual } from './lib/crypto/timing-safe-equal.js';
import { unavailable } from './lib/errors.js';
import { addGetter } from './lib/late-globals.js';

export const generateKey = /* @__PURE__ */ withCallback(generateKeySync);

const refuse = (name, advice) => () => {
  throw unavailable(`crypto.${name}`, advice);
};
const DH_ADVICE = 'use ECDH of the global `crypto`';
export const createDiffieHellman = /* @__PURE__ */ refuse('createDiffieHellman', DH_ADVICE);
export const createECDH = /* @__PURE__ */ refuse('createECDH', DH_ADVICE);
export const diffieHellman = /* @__PURE__ */ refuse('diffieHellman', DH_ADVICE);
export const createCipher = /* @__PURE__ */ refuse(
  'createCipher',
  'use createCipheriv. Node has removed this function as well',
);
export const createDecipher = /* @__PURE__ */ refuse(
  'createDecipher',
  'use createDecipheriv. Node has removed this function as well',
);
export const X509Certificate = /* @__PURE__ */ refuse(
  'X509Certificate',
  'createPublicKey takes the key out of a certificate',
);
export const DiffieHellman = /* @__PURE__ */ refuse('DiffieHellman', DH_ADVICE);
export const DiffieHellmanGroup = /* @__PURE__ */ refuse('DiffieHellmanGroup', DH_ADVICE);
export const createDiffieHellmanGroup = /* @__PURE__ */ refuse('createDiffieHellmanGroup', DH_ADVICE);
export const getDiffieHellman = /* @__PURE__ */ refuse('getDiffieHellman', DH_ADVICE);
export const ECDH = /* @__PURE__ */ refuse('ECDH', DH_ADVICE);
export const Certificate = /* @__PURE__ */ refuse('Certificate', 'no alternative exists');
export const checkPrime = /* @__PURE__ */ refuse('checkPrime', 'use an npm package for numbers');
export const checkPrimeSync = checkPrime;
export const generatePrime = /* @__PURE__ */ refuse('generatePrime', 'use generateKeyPair');
export const generatePrimeSync = generatePrime;
export const privateEncrypt = /* @__PURE__ */ refuse('privateEncrypt', 'use sign');
export const publicDecrypt = /* @__PURE__ */ refuse('publicDecrypt', 'use verify');
export const setEngine = () => {};
export const setFips = () => {};
export const getCurves = () => ['prime256v1', 'secp384r1'];
export const getFips = () => 0;
export const secureHeapUsed = () => undefined;

export const constants = {
  RSA_PKCS1_PADDING,
  RSA_PKCS1_OAEP_PADDING,
  RSA_PKCS1_PSS_PADDING,
  RSA_PSS_SALTLEN_DIGEST: -1,
  RSA_PSS_SALTLEN_MAX_SIGN: -2,
  RSA_PSS_SALTLEN_AUTO: -2,
  RSA_NO_PADDING: 3,
  defaultCipherList: '',
};

export const webcrypto = globalThis.crypto;
export { subtle } from './lib/globals/subtle.js';
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
  generateKeyPair,
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
  timingSafeEqual,
  verify,
};

/** Node's old name of `randomBytes`. */
export const pseudoRandomBytes = randomBytes;
export const DEFAULT_ENCODING = 'buffer';

const crypto = /* @__PURE__ */ addGetter('sub-tle', () => globalThis.crypto, {
  Certificate,
  Cipher,
  Cipheriv,
  Decipher,
  Decipheriv,
  DiffieHellman,
  DiffieHellmanGroup,
  ECDH,
  Hash,
  Hmac,
  KeyObject,
  Sign,
  Verify,
  X509Certificate,
  checkPrime,
  checkPrimeSync,
  constants,
  createCipher,
  createCipheriv,
  createDecipher,
  createDecipheriv,
  createDiffieHellman,
  createDiffieHellmanGroup,
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
  generatePrime,
  generatePrimeSync,
  getCipherInfo,
  getCiphers,
  getCurves,
  getDiffieHellman,
  getFips,
  getHashes,
  getRandomValues,
  hash,
  hkdf,
  hkdfSync,
  pbkdf2,
  pbkdf2Sync,
  privateDecrypt,
  privateEncrypt,
  pseudoRandomBytes,
  publicDecrypt,
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
  timingSafeEqual,
  verify,
  webcrypto,
});
export default crypto;
