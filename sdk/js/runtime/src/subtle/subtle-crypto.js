// SubtleCrypto. The work is done at once, in the engine; the promises are the interface.
import native from 'toril:engine/native';
import { toBytes } from 'toril:runtime/core';
import { bytesIn, checkUsages, curveOf, hashOf, normalize, notSupported } from './algorithms.js';
import { describe, exportKey, importKey } from './formats.js';
import { dataOf, makeKey } from './key.js';

const failed = (cause) => Object.assign(new DOMException('The operation failed for an operation-specific reason', 'OperationError'), { cause });

/** Runs what may fail for reasons that the standard hides, such as a wrong tag. */
function attempt(run) {
  try {
    return run();
  } catch (error) {
    throw failed(error);
  }
}

export class SubtleCrypto {
  async digest(algorithm, data) {
    return native.hash(hashOf(algorithm), toBytes(data, 'data')).buffer;
  }

  async sign(algorithm, key, data) {
    const given = normalize(algorithm);
    const secret = dataOf(key, given.name, 'sign');
    return attempt(() => signature(given, key, secret, toBytes(data, 'data'))).buffer;
  }

  async verify(algorithm, key, signed, data) {
    const given = normalize(algorithm);
    const secret = dataOf(key, given.name, 'verify');
    const bytes = toBytes(data, 'data');
    const expected = toBytes(signed, 'signature');
    if (given.name === 'HMAC') return native.timingSafeEqual(native.hmac(key.algorithm.hash.name, secret, bytes), expected);
    const [scheme, hash, options] = schemeOf(given, key);
    return attempt(() => native.verify(scheme, hash, secret, bytes, expected, options));
  }

  async encrypt(algorithm, key, data) {
    const given = normalize(algorithm);
    return crypt(given, key, dataOf(key, given.name, 'encrypt'), toBytes(data, 'data'), true).buffer;
  }

  async decrypt(algorithm, key, data) {
    const given = normalize(algorithm);
    return crypt(given, key, dataOf(key, given.name, 'decrypt'), toBytes(data, 'data'), false).buffer;
  }

  async generateKey(algorithm, extractable, usages) {
    const given = normalize(algorithm);
    if (given.name === 'HMAC' || given.name.startsWith('AES')) return generateSecret(given, extractable, usages);
    return generatePair(given, extractable, [...usages]);
  }

  async importKey(format, data, algorithm, extractable, usages) {
    return importKey(format, data, normalize(algorithm), extractable, usages);
  }

  async exportKey(format, key) {
    return exportKey(format, key);
  }

  async deriveBits(algorithm, key, length = null) {
    const given = normalize(algorithm);
    return derive(given, dataOf(key, given.name, 'deriveBits'), length).buffer;
  }

  async deriveKey(algorithm, key, derived, extractable, usages) {
    const given = normalize(algorithm);
    const target = normalize(derived);
    const length = target.name === 'HKDF' || target.name === 'PBKDF2' ? null : lengthOf(target);
    return importKey('raw', derive(given, dataOf(key, given.name, 'deriveKey'), length), target, extractable, usages);
  }

  async wrapKey(format, key, wrapping, algorithm) {
    const given = normalize(algorithm);
    const exported = exportKey(format, key);
    const bytes = format === 'jwk' ? native.utf8Encode(JSON.stringify(exported)) : new Uint8Array(exported);
    return crypt(given, wrapping, dataOf(wrapping, given.name, 'wrapKey'), bytes, true).buffer;
  }

  async unwrapKey(format, wrapped, unwrapping, algorithm, keyAlgorithm, extractable, usages) {
    const given = normalize(algorithm);
    const bytes = crypt(given, unwrapping, dataOf(unwrapping, given.name, 'unwrapKey'), toBytes(wrapped, 'wrappedKey'), false);
    return importKey(format, format === 'jwk' ? JSON.parse(native.utf8Decode(bytes, true)) : bytes, normalize(keyAlgorithm), extractable, usages);
  }
}

function schemeOf(given, key) {
  switch (given.name) {
    case 'ECDSA': return ['ecdsa', hashOf(given.hash), {}];
    case 'Ed25519': return ['ed25519', 'sha512', {}];
    case 'RSASSA-PKCS1-v1_5': return ['rsa-pkcs1', key.algorithm.hash.name, {}];
    case 'RSA-PSS': return ['rsa-pss', key.algorithm.hash.name, { saltLength: Number(given.saltLength) }];
    default: throw notSupported();
  }
}

function signature(given, key, secret, data) {
  if (given.name === 'HMAC') return native.hmac(key.algorithm.hash.name, secret, data);
  const [scheme, hash, options] = schemeOf(given, key);
  return native.sign(scheme, hash, secret, data, options);
}

function crypt(given, key, secret, data, encrypt) {
  switch (given.name) {
    case 'AES-GCM': {
      const options = { tagLength: (given.tagLength ?? 128) / 8 };
      if (given.additionalData !== undefined) options.aad = bytesIn(given, 'additionalData');
      const iv = bytesIn(given, 'iv');
      return attempt(() => native.aes('gcm', encrypt, secret, iv, data, options));
    }
    case 'AES-CBC': {
      const iv = bytesIn(given, 'iv');
      if (iv.length !== 16) throw failed(new Error('algorithm.iv must contain exactly 16 bytes'));
      return attempt(() => native.aes('cbc', encrypt, secret, iv, data));
    }
    case 'AES-CTR': {
      const counter = bytesIn(given, 'counter');
      if (![32, 64, 128].includes(given.length)) throw notSupported('AES-CTR is supported with a length of 32, 64 or 128');
      return attempt(() => native.aes('ctr', encrypt, secret, counter, data, { counterBits: given.length }));
    }
    case 'RSA-OAEP': {
      const label = given.label === undefined ? undefined : bytesIn(given, 'label');
      const run = encrypt ? native.rsaEncrypt : native.rsaDecrypt;
      return attempt(() => run('oaep', key.algorithm.hash.name, secret, data, label));
    }
    default: throw notSupported();
  }
}

const BLOCK_BITS = { 'SHA-1': 512, 'SHA-256': 512, 'SHA-384': 1024, 'SHA-512': 1024 };

/** The bits of a key that is made. */
function lengthOf(given) {
  if (given.name === 'HMAC') return given.length ?? BLOCK_BITS[given.hash];
  if (![128, 192, 256].includes(given.length)) throw new DOMException('Invalid key length', 'OperationError');
  return given.length;
}

function generateSecret(given, extractable, usages) {
  const bytes = native.randomBytes(Math.ceil(lengthOf(given) / 8));
  checkUsages(given.name, 'secret', usages);
  return importKey('raw', bytes, given, extractable, usages);
}

function generatePair(given, extractable, usages) {
  const { name } = given;
  if (name === 'PBKDF2' || name === 'HKDF') throw notSupported();
  const isRsa = name.startsWith('RSA');
  const kind = isRsa ? 'rsa' : name === 'Ed25519' ? 'ed25519' : curveOf(given);
  const exponent = isRsa ? [...given.publicExponent].reduce((value, byte) => value * 256 + byte, 0) : undefined;
  const pair = attempt(() => native.keyGenerate(kind, given.modulusLength, exponent));
  const algorithm = describe(given, native.keyImport('spki', pair.publicKey));
  const privateUsages = usages.filter((usage) => !['verify', 'encrypt', 'wrapKey'].includes(usage));
  const publicUsages = usages.filter((usage) => ['verify', 'encrypt', 'wrapKey'].includes(usage));
  return {
    publicKey: makeKey('public', pair.publicKey, algorithm, true, checkUsages(name, 'public', publicUsages)),
    privateKey: makeKey('private', pair.privateKey, algorithm, extractable, checkUsages(name, 'private', privateUsages)),
  };
}

function derive(given, secret, bits) {
  if (given.name === 'ECDH') return deriveEcdh(given, secret, bits);
  if (bits === null || bits === undefined || bits % 8 !== 0) throw failed(new Error('length must be a multiple of 8'));
  const length = bits / 8;
  const salt = bytesIn(given, 'salt');
  if (given.name === 'PBKDF2') {
    if (!(given.iterations > 0)) throw failed(new Error('iterations cannot be zero'));
    return attempt(() => native.pbkdf2(given.hash, secret, salt, given.iterations, length));
  }
  const info = bytesIn(given, 'info');
  return attempt(() => native.hkdf(given.hash, secret, salt, info, length));
}

function deriveEcdh(given, secret, bits) {
  const shared = attempt(() => native.ecdh(secret, new Uint8Array(exportKey('spki', given.public))));
  if (bits === null || bits === undefined) return shared;
  if (bits > shared.length * 8) throw failed(new Error('derived bit length is too small'));
  return shared.slice(0, bits / 8);
}
