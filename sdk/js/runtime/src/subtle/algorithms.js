// The algorithms' names, parameters and uses.
import { toBytes } from 'toril:runtime/core';

const HASHES = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];
export const CURVES = { 'P-256': 'p256', 'P-384': 'p384' };

/** Algorithm -> what its keys may be used for: of secrets, or of private and of public keys. */
export const USAGES = {
  HMAC: { secret: ['sign', 'verify'] },
  'AES-GCM': { secret: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
  'AES-CBC': { secret: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
  'AES-CTR': { secret: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
  PBKDF2: { secret: ['deriveKey', 'deriveBits'] },
  HKDF: { secret: ['deriveKey', 'deriveBits'] },
  ECDSA: { private: ['sign'], public: ['verify'] },
  ECDH: { private: ['deriveKey', 'deriveBits'], public: [] },
  Ed25519: { private: ['sign'], public: ['verify'] },
  'RSASSA-PKCS1-v1_5': { private: ['sign'], public: ['verify'] },
  'RSA-PSS': { private: ['sign'], public: ['verify'] },
  'RSA-OAEP': { private: ['decrypt', 'unwrapKey'], public: ['encrypt', 'wrapKey'] },
};

export const notSupported = (message = 'Unrecognized algorithm name') => new DOMException(message, 'NotSupportedError');

function canonical(name, known) {
  const text = String(name).toUpperCase();
  const found = known.find((candidate) => candidate.toUpperCase() === text);
  if (found === undefined) throw notSupported();
  return found;
}

export const hashOf = (algorithm) => canonical(typeof algorithm === 'object' && algorithm !== null ? algorithm.name : algorithm, HASHES);

/** An algorithm as given, with its canonical name and hash. */
export function normalize(algorithm) {
  const given = typeof algorithm === 'object' && algorithm !== null ? algorithm : { name: algorithm };
  const name = canonical(given.name, Object.keys(USAGES));
  return given.hash === undefined ? { ...given, name } : { ...given, name, hash: hashOf(given.hash) };
}

export function curveOf(algorithm) {
  const curve = CURVES[algorithm.namedCurve];
  if (curve === undefined) throw notSupported('Unrecognized namedCurve');
  return curve;
}

/** A parameter that must be bytes. */
export const bytesIn = (algorithm, name) => toBytes(algorithm[name], `algorithm.${name}`);

/** Checks what a key is asked to be for. */
export function checkUsages(name, type, usages) {
  const allowed = USAGES[name][type] ?? [];
  const list = [...usages];
  if (list.some((usage) => !allowed.includes(usage))) throw new DOMException(`Unsupported key usage for a ${name} key`, 'SyntaxError');
  if (list.length === 0 && type !== 'public') throw new DOMException('Usages cannot be empty when importing a ' + type + ' key.', 'SyntaxError');
  return list;
}
