// Import and export of keys: raw, spki, pkcs8 and jwk.
import native from 'toril:engine/native';
import { toBytes } from 'toril:runtime/core';
import { CURVES, checkUsages, curveOf, notSupported } from './algorithms.js';
import { exportable, makeKey } from './key.js';

const bad = (message) => new DOMException(message, 'DataError');
const fromBase64url = (text) => native.base64Decode(String(text).replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, ''));
const toBase64url = (bytes) => native.base64Encode(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

const isRsa = (name) => name.startsWith('RSA');
const isEc = (name) => name === 'ECDSA' || name === 'ECDH';

/** What the engine calls a key of the algorithm. */
const kindOf = (algorithm) => (isRsa(algorithm.name) ? 'rsa' : algorithm.name === 'Ed25519' ? 'ed25519' : curveOf(algorithm));

export function importKey(format, data, algorithm, extractable, usages) {
  const symmetric = algorithm.name === 'HMAC' || algorithm.name.startsWith('AES') || algorithm.name === 'PBKDF2' || algorithm.name === 'HKDF';
  return symmetric ? importSecret(format, data, algorithm, extractable, usages) : importAsymmetric(format, data, algorithm, extractable, usages);
}

function importSecret(format, data, algorithm, extractable, usages) {
  const { name } = algorithm;
  const allowed = checkUsages(name, 'secret', usages);
  let bytes;
  if (format === 'raw') bytes = toBytes(data, 'keyData').slice();
  else if (format === 'jwk' && data?.kty === 'oct') bytes = fromBase64url(data.k);
  else if (format === 'jwk') throw bad('Invalid JWK "kty" Parameter');
  else throw notSupported(`Unable to import ${name} using ${format} format`);
  if (name === 'PBKDF2' || name === 'HKDF') {
    if (extractable) throw new DOMException(`${name} keys are not extractable`, 'SyntaxError');
    return makeKey('secret', bytes, { name }, false, allowed);
  }
  if (name === 'HMAC') {
    if (bytes.length === 0) throw bad('Zero-length key is not supported');
    return makeKey('secret', bytes, { name, hash: { name: algorithm.hash }, length: bytes.length * 8 }, extractable, allowed);
  }
  if (![16, 24, 32].includes(bytes.length)) throw bad('Invalid key length');
  return makeKey('secret', bytes, { name, length: bytes.length * 8 }, extractable, allowed);
}

function importAsymmetric(format, data, algorithm, extractable, usages) {
  const kind = kindOf(algorithm);
  const { der, isPrivate } = read(format, data, kind);
  let key;
  try {
    key = native.keyImport(isPrivate ? 'pkcs8' : 'spki', der);
  } catch (cause) {
    throw Object.assign(bad('Invalid keyData'), { cause });
  }
  if (key.type !== kind) throw bad('Invalid key type');
  const type = isPrivate ? 'private' : 'public';
  return makeKey(type, key.der, describe(algorithm, key), extractable, checkUsages(algorithm.name, type, usages));
}

function read(format, data, kind) {
  if (format === 'pkcs8' || format === 'spki') return { der: toBytes(data, 'keyData').slice(), isPrivate: format === 'pkcs8' };
  try {
    if (format === 'raw' && kind !== 'rsa') return { der: native.keyFromParts({ type: kind, x: toBytes(data, 'keyData') }), isPrivate: false };
    if (format === 'jwk') return readJwk(data, kind);
  } catch (cause) {
    throw Object.assign(bad('Invalid keyData'), { cause });
  }
  throw notSupported(`Unable to import this key using ${format} format`);
}

function readJwk(jwk, kind) {
  const expected = kind === 'rsa' ? 'RSA' : kind === 'ed25519' ? 'OKP' : 'EC';
  if (jwk?.kty !== expected) throw bad('Invalid JWK "kty" Parameter');
  const parts = { type: kind };
  for (const name of ['n', 'e', 'd', 'p', 'q', 'x', 'y']) if (jwk[name] !== undefined) parts[name] = fromBase64url(jwk[name]);
  return { der: native.keyFromParts(parts), isPrivate: jwk.d !== undefined };
}

/** A key's `algorithm`. */
export function describe(algorithm, key) {
  const { name } = algorithm;
  if (name === 'Ed25519') return { name };
  if (isEc(name)) return { name, namedCurve: Object.keys(CURVES).find((curve) => CURVES[curve] === key.type) };
  const { e } = native.keyParts(key.der, key.isPrivate);
  return { name, modulusLength: key.bits, publicExponent: e, hash: { name: algorithm.hash } };
}

export function exportKey(format, key) {
  const data = exportable(key);
  const { name } = key.algorithm;
  if (key.type === 'secret') return exportSecret(format, key, data);
  if (format === 'pkcs8' && key.type === 'private') return data.slice().buffer;
  if (format === 'spki' && key.type === 'public') return data.slice().buffer;
  const parts = native.keyParts(data, key.type === 'private');
  if (format === 'raw' && key.type === 'public' && !isRsa(name)) {
    return parts.y === undefined ? parts.x.buffer : new Uint8Array([4, ...parts.x, ...parts.y]).buffer;
  }
  if (format === 'jwk') return writeJwk(key, parts);
  throw notSupported(`Unable to export a ${key.type} ${name} key using ${format} format`);
}

function exportSecret(format, key, data) {
  if (format === 'raw') return data.slice().buffer;
  if (format !== 'jwk') throw notSupported(`Unable to export ${key.algorithm.name} using ${format} format`);
  const alg = key.algorithm.name === 'HMAC'
    ? `HS${key.algorithm.hash.name.slice('SHA-'.length)}`
    : `A${key.algorithm.length}${key.algorithm.name.slice('AES-'.length)}`;
  return { key_ops: key.usages, ext: key.extractable, kty: 'oct', k: toBase64url(data), alg };
}

const JWK_ORDER = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];

function writeJwk(key, parts) {
  const { name, namedCurve, hash } = key.algorithm;
  const jwk = { key_ops: key.usages, ext: key.extractable, kty: isRsa(name) ? 'RSA' : isEc(name) ? 'EC' : 'OKP' };
  const set = (names) => {
    for (const part of names) if (parts[part] !== undefined) jwk[part] = toBase64url(parts[part]);
  };
  // In the order in which Node writes them.
  if (isRsa(name)) {
    set(JWK_ORDER);
    jwk.alg = ALG[name] + (hash.name === 'SHA-1' && name !== 'RSA-PSS' ? SHA1[name] : suffix(name, hash.name));
  } else {
    set(['x', 'y']);
    jwk.crv = isEc(name) ? namedCurve : 'Ed25519';
    set(['d']);
  }
  return jwk;
}

const ALG = { 'RSASSA-PKCS1-v1_5': 'RS', 'RSA-PSS': 'PS', 'RSA-OAEP': 'RSA-OAEP' };
const SHA1 = { 'RSASSA-PKCS1-v1_5': '1', 'RSA-OAEP': '' };
const suffix = (name, hash) => (name === 'RSA-OAEP' ? '-' : '') + hash.slice('SHA-'.length);
