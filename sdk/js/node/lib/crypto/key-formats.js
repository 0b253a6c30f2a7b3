// Conversion of keys between PEM, DER and JWK. Inside, a public key is SPKI and a private one PKCS#8, both in DER.
import native from 'toril:engine/native';
import { coded } from '../errors.js';
import { decode as decodeText, encode as encodeText } from '../text-encodings.js';
import { BIT_STRING, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, digits, element, elements, encode, sequence, unsigned } from './der.js';

const ALGORITHMS = {
  '2a864886f70d010101': 'rsa',
  '2a864886f70d01010a': 'rsa-pss',
  '2a8648ce3d0201': 'ec',
  '2b6570': 'ed25519',
  '2b656e': 'x25519',
};
const OIDS = Object.fromEntries(Object.entries(ALGORITHMS).map(([oid, name]) => [name, native.hexDecode(oid)]));

/** Curves by their identifier: the name of OpenSSL, that of JWK, and the size of a number in bytes. */
const CURVES = {
  '2a8648ce3d030107': { name: 'prime256v1', jwk: 'P-256', size: 32 },
  '2b81040022': { name: 'secp384r1', jwk: 'P-384', size: 48 },
  '2b81040023': { name: 'secp521r1', jwk: 'P-521', size: 66 },
  '2b8104000a': { name: 'secp256k1', jwk: 'secp256k1', size: 32 },
};
const ZERO = new Uint8Array([INTEGER, 1, 0]);

const unsupported = () => coded(Error, 'ERR_OSSL_UNSUPPORTED', 'error:1E08010C:DECODER routines::unsupported');

const hex = (bytes) => native.hexEncode(new Uint8Array(bytes));

/** The algorithm of a key, and its curve. */
export function describe(kind, der) {
  const parts = sequence(der);
  const [algorithm, parameters] = elements((kind === 'public' ? parts[0] : parts[1]).content);
  const type = ALGORITHMS[hex(algorithm.content)];
  if (!type) throw unsupported();
  return { type, curve: type === 'ec' ? CURVES[hex(parameters.content)] : undefined };
}

const rsaAlgorithm = () => encode(SEQUENCE, encode(OID, OIDS.rsa), encode(NULL));
const bits = (content) => encode(BIT_STRING, new Uint8Array([0]), content);
const spki = (algorithm, key) => encode(SEQUENCE, algorithm, bits(key));
const pkcs8 = (algorithm, key) => encode(SEQUENCE, ZERO, algorithm, encode(OCTET_STRING, key));

/** SEC 1 has the curve inside, and PKCS#8 beside the key. */
function fromSec1(der) {
  const parameters = sequence(der).find(({ tag }) => tag === 0xa0);
  if (!parameters) throw unsupported();
  return pkcs8(encode(SEQUENCE, encode(OID, OIDS.ec), parameters.content), der);
}

/** The public key in an X.509 certificate. */
function fromCertificate(der) {
  const fields = elements(sequence(der)[0].content);
  // Without a version, the fields begin with the serial number.
  return fields[fields[0].tag === 0xa0 ? 6 : 5].whole;
}

const READERS = {
  'PUBLIC KEY': { kind: 'public', read: (der) => der },
  'RSA PUBLIC KEY': { kind: 'public', read: (der) => spki(rsaAlgorithm(), der) },
  CERTIFICATE: { kind: 'public', read: fromCertificate },
  'PRIVATE KEY': { kind: 'private', read: (der) => der },
  'RSA PRIVATE KEY': { kind: 'private', read: (der) => pkcs8(rsaAlgorithm(), der) },
  'EC PRIVATE KEY': { kind: 'private', read: fromSec1 },
};

/** A key in a PEM text. */
export function fromPem(text) {
  const found = /-----BEGIN ([A-Z0-9 ]+)-----\s*([^]*?)-----END \1-----/.exec(text);
  if (!found) throw unsupported();
  const [, label, body] = found;
  if (label === 'ENCRYPTED PRIVATE KEY' || body.includes('ENCRYPTED')) {
    throw coded(Error, 'ERR_NOT_AVAILABLE_IN_PLUGIN', 'Encrypted private keys are not available in a plugin: decrypt the key with `openssl pkey`');
  }
  const reader = READERS[label];
  if (!reader) throw unsupported();
  return { kind: reader.kind, der: reader.read(encodeText(body.replace(/\s/g, ''), 'base64')) };
}

/** A key in DER, of a `type` of Node. */
export function fromDer(der, type, kind) {
  if (type === 'pkcs1') return READERS[kind === 'public' ? 'RSA PUBLIC KEY' : 'RSA PRIVATE KEY'].read(der);
  if (type === 'sec1') return fromSec1(der);
  element(der);
  return der;
}

/** The inner structure of a key: what PKCS#1 and SEC 1 are. */
export function inner(kind, der) {
  const parts = sequence(der);
  return kind === 'public' ? parts[1].content.subarray(1) : parts[2].content;
}

export function toPem(label, der) {
  const lines = decodeText(der, 'base64').match(/.{1,64}/g);
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

const toUrl = (bytes) => decodeText(new Uint8Array(bytes), 'base64url');
const fromUrl = (text) => encodeText(text, 'base64url');

const RSA_PUBLIC = ['n', 'e'];
const RSA_PRIVATE = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];

/** A key as JWK. */
export function toJwk(kind, der) {
  const { type, curve } = describe(kind, der);
  if (type === 'rsa') {
    const numbers = sequence(inner(kind, der)).map(({ content }) => toUrl(digits(content)));
    const names = kind === 'public' ? RSA_PUBLIC : RSA_PRIVATE;
    const values = kind === 'public' ? numbers : numbers.slice(1);
    return { kty: 'RSA', ...Object.fromEntries(names.map((name, index) => [name, values[index]])) };
  }
  if (type === 'ec') return ecToJwk(kind, der, curve);
  const crv = type === 'ed25519' ? 'Ed25519' : 'X25519';
  if (kind === 'public') return { crv, x: toUrl(inner(kind, der)), kty: 'OKP' };
  return { crv, d: toUrl(element(inner(kind, der)).content), x: toUrl(inner('public', publicOf(der))), kty: 'OKP' };
}

function ecToJwk(kind, der, { jwk: crv, size }) {
  const point = inner('public', kind === 'public' ? der : publicOf(der));
  if (point[0] !== 4) throw unsupported();
  const jwk = { kty: 'EC', x: toUrl(point.subarray(1, 1 + size)), y: toUrl(point.subarray(1 + size)), crv };
  return kind === 'public' ? jwk : { ...jwk, d: toUrl(digits(sequence(inner(kind, der))[1].content, size)) };
}

/** A key of a JWK. */
export function fromJwk(jwk) {
  const kind = jwk.d === undefined ? 'public' : 'private';
  if (jwk.kty === 'RSA') {
    const names = kind === 'public' ? RSA_PUBLIC : RSA_PRIVATE;
    const numbers = names.map((name) => unsigned(fromUrl(jwk[name])));
    if (kind === 'public') return { kind, der: spki(rsaAlgorithm(), encode(SEQUENCE, ...numbers)) };
    return { kind, der: pkcs8(rsaAlgorithm(), encode(SEQUENCE, ZERO, ...numbers)) };
  }
  if (jwk.kty === 'EC') {
    const [oid] = Object.entries(CURVES).find(([, { jwk: crv }]) => crv === jwk.crv) ?? [];
    if (!oid) throw coded(TypeError, 'ERR_CRYPTO_INVALID_CURVE', `Invalid EC curve name: ${jwk.crv}`);
    const curve = encode(OID, native.hexDecode(oid));
    const algorithm = encode(SEQUENCE, encode(OID, OIDS.ec), curve);
    const [x, y] = [fromUrl(jwk.x), fromUrl(jwk.y)];
    const point = new Uint8Array([4, ...x, ...y]);
    if (kind === 'public') return { kind, der: spki(algorithm, point) };
    const one = new Uint8Array([INTEGER, 1, 1]);
    return { kind, der: pkcs8(algorithm, encode(SEQUENCE, one, encode(OCTET_STRING, fromUrl(jwk.d)), encode(0xa1, bits(point)))) };
  }
  if (jwk.kty === 'OKP') {
    const algorithm = encode(SEQUENCE, encode(OID, OIDS[jwk.crv.toLowerCase()]));
    if (kind === 'public') return { kind, der: spki(algorithm, fromUrl(jwk.x)) };
    return { kind, der: pkcs8(algorithm, encode(OCTET_STRING, fromUrl(jwk.d))) };
  }
  throw coded(TypeError, 'ERR_CRYPTO_INVALID_JWK', 'Invalid JWK data');
}

/** The public key that belongs to a private one. */
export function publicOf(der) {
  const { type } = describe('private', der);
  const algorithm = sequence(der)[1].whole;
  if (type === 'rsa' || type === 'rsa-pss') {
    const [, n, e] = sequence(inner('private', der));
    return spki(algorithm, encode(SEQUENCE, n.whole, e.whole));
  }
  if (type === 'ec') {
    const point = sequence(inner('private', der)).find(({ tag }) => tag === 0xa1);
    if (point) return spki(algorithm, elements(point.content)[0].content.subarray(1));
  }
  return native.publicKeyOf(der);
}

/** How many bits the modulus of an RSA key has, and its exponent. */
export function rsaDetails(kind, der) {
  const numbers = sequence(inner(kind, der));
  const [n, e] = (kind === 'public' ? numbers : numbers.slice(1)).map(({ content }) => digits(content));
  const top = n[0].toString(2).length;
  return { modulusLength: (n.length - 1) * 8 + top, publicExponent: BigInt(`0x${hex(e)}`) };
}
