// `createHash` and `createHmac`.
import native from 'toril:engine/native';
import 'toril:engine/web';
import { coded, wrongType } from '../errors.js';
import { extendStream, initialize } from '../stream-if-used.js';
import { output, toBytes } from './bytes.js';
import { secretOf } from './secret.js';

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
