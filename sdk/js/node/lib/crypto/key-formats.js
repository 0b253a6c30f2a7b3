// Conversion of keys between PEM, DER and JWK. Inside, a public key is SPKI and a private one PKCS#8, both in DER.
import native from 'toril:engine/native';
import 'toril:engine/full';
import { coded } from '../errors.js';
import { decode as decodeText, encode as encodeText } from '../text-encodings.js';
import { elements, sequence } from './der.js';

const unsupported = () => coded(Error, 'ERR_OSSL_UNSUPPORTED', 'error:1E08010C:DECODER routines::unsupported');

/** A key that the engine has read: `type`, `isPrivate`, `der`, and `bits` of RSA. */
function read(format, der) {
  try {
    return native.keyImport(format, der);
  } catch (error) {
    throw Object.assign(unsupported(), { cause: error });
  }
}

/** The public key in an X.509 certificate. */
function ofCertificate(der) {
  const fields = elements(sequence(der)[0].content);
  const VERSION = 0xa0;
  // Without a version, the fields begin with the serial number.
  return fields[fields[0].tag === VERSION ? 6 : 5].whole.slice();
}

const LABELS = {
  'PUBLIC KEY': (der) => read('spki', der),
  'RSA PUBLIC KEY': (der) => read('pkcs1-public', der),
  CERTIFICATE: (der) => read('spki', ofCertificate(der)),
  'PRIVATE KEY': (der) => read('pkcs8', der),
  'RSA PRIVATE KEY': (der) => read('pkcs1-private', der),
  'EC PRIVATE KEY': (der) => read('sec1', der),
};

/** A key in a PEM text. */
export function fromPem(text) {
  const found = /-----BEGIN ([A-Z0-9 ]+)-----\s*([^]*?)-----END \1-----/.exec(text);
  if (!found) throw unsupported();
  const [, label, body] = found;
  if (body.includes('ENCRYPTED') || label.includes('ENCRYPTED')) {
    throw coded(
      Error,
      'ERR_NOT_AVAILABLE_IN_PLUGIN',
      'Encrypted private keys are not available in a plugin: decrypt the key with `openssl pkey`',
    );
  }
  if (!LABELS[label]) throw unsupported();
  return LABELS[label](encodeText(body.replace(/\s/g, ''), 'base64'));
}

/** A key in DER, of a `type` of Node. */
export function fromDer(der, type, isPrivate) {
  if (type === 'pkcs1') return read(isPrivate ? 'pkcs1-private' : 'pkcs1-public', der);
  if (type === 'sec1') return read('sec1', der);
  return read(isPrivate ? 'pkcs8' : 'spki', der);
}

export function toPem(label, der) {
  const lines = decodeText(der, 'base64').match(/.{1,64}/g);
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

const CURVES = { p256: 'P-256', p384: 'P-384' };
const NUMBERS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];
const toUrl = (bytes) => decodeText(bytes, 'base64url');
const fromUrl = (text) => encodeText(text, 'base64url');

/** A key as JWK. */
export function toJwk({ der, isPrivate }) {
  const parts = native.keyParts(der, isPrivate);
  const texts = (names) =>
    Object.fromEntries(names.filter((name) => parts[name]).map((name) => [name, toUrl(parts[name])]));
  if (parts.type === 'rsa') return { kty: 'RSA', ...texts(NUMBERS) };
  if (parts.type === 'ed25519') return { crv: 'Ed25519', ...texts(['d', 'x']), kty: 'OKP' };
  return { kty: 'EC', ...texts(['x', 'y']), crv: CURVES[parts.type], ...texts(['d']) };
}

/** A key of a JWK. */
export function fromJwk(jwk) {
  const type = { RSA: 'rsa', EC: jwk.crv?.toLowerCase().replace('-', ''), OKP: jwk.crv?.toLowerCase() }[jwk.kty];
  if (!type) throw coded(TypeError, 'ERR_CRYPTO_INVALID_JWK', 'Invalid JWK data');
  const parts = { type };
  for (const name of ['x', 'y', ...NUMBERS]) if (jwk[name] !== undefined) parts[name] = fromUrl(jwk[name]);
  return fromDer(native.keyFromParts(parts), undefined, jwk.d !== undefined);
}
