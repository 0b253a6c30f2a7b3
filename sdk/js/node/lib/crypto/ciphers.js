// `createCipheriv` and `createDecipheriv`. The engine computes when all data has come, so `update` returns nothing, and
// `final` everything.
import native from 'toril:engine/native';
import { Transform } from '../../stream.js';
import { coded } from '../errors.js';
import { join, output, toBytes } from './bytes.js';
import { secretOf } from './keys.js';

const CIPHERS = {};
for (const bits of [128, 192, 256]) {
  for (const mode of ['cbc', 'ctr', 'gcm', 'ecb']) {
    CIPHERS[`aes-${bits}-${mode}`] = { mode, keyLength: bits / 8, ivLength: { gcm: 12, ecb: 0 }[mode] ?? 16 };
  }
}
CIPHERS['chacha20-poly1305'] = { mode: 'chacha20-poly1305', keyLength: 32, ivLength: 12 };

export const getCiphers = () => Object.keys(CIPHERS);
export function getCipherInfo(name) {
  const found = CIPHERS[String(name).toLowerCase()];
  return found && { name: String(name).toLowerCase(), ...found, blockSize: found.mode === 'cbc' ? 16 : undefined };
}

const isAuthenticated = (mode) => mode === 'gcm' || mode === 'chacha20-poly1305';

class Cipher extends Transform {
  #mode;
  #key;
  #iv;
  #encrypts;
  #pieces = [];
  #additional = [];
  #tag;
  #tagLength;
  #pads = true;
  #isDone = false;

  constructor(encrypts, name, key, iv, options) {
    super(options);
    const found = CIPHERS[String(name).toLowerCase()];
    if (!found) throw coded(Error, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
    this.#mode = found.mode;
    this.#key = secretOf(key).slice();
    if (this.#key.length !== found.keyLength) throw coded(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length');
    this.#iv = iv === null ? new Uint8Array() : toBytes(iv, undefined, 'iv').slice();
    const fits = isAuthenticated(found.mode) ? this.#iv.length > 0 : this.#iv.length === found.ivLength;
    if (!fits) throw coded(TypeError, 'ERR_CRYPTO_INVALID_IV', 'Invalid initialization vector');
    this.#encrypts = encrypts;
    this.#tagLength = options?.authTagLength ?? 16;
  }

  update(data, inputEncoding, outputEncoding) {
    if (this.#isDone) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Unsupported state');
    this.#pieces.push(toBytes(data, inputEncoding).slice());
    return output(new Uint8Array(), outputEncoding);
  }

  final(outputEncoding) {
    if (this.#isDone) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Unsupported state');
    this.#isDone = true;
    return output(this.#compute(join(this.#pieces)), outputEncoding);
  }

  #compute(data) {
    const [mode, key, iv] = [this.#mode, this.#key, this.#iv];
    if (!isAuthenticated(mode)) return native.cipher(mode, this.#encrypts, key, iv, data, this.#pads);
    const additional = join(this.#additional);
    if (this.#encrypts) {
      const sealed = native.seal(mode, key, iv, additional, data);
      this.#tag = sealed.subarray(sealed.length - 16).slice(0, this.#tagLength);
      return sealed.subarray(0, sealed.length - 16);
    }
    if (!this.#tag) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Unsupported state or unable to authenticate data');
    return native.open(mode, key, iv, additional, join([data, this.#tag]));
  }

  setAAD(data, options) {
    this.#additional.push(toBytes(data, options?.encoding).slice());
    return this;
  }

  setAutoPadding(pads = true) {
    this.#pads = pads;
    return this;
  }

  getAuthTag() {
    if (!this.#encrypts || !this.#tag) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Invalid state for operation getAuthTag');
    return output(this.#tag);
  }

  setAuthTag(tag, encoding) {
    this.#tag = toBytes(tag, encoding).slice();
    return this;
  }

  _transform(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }

  _flush(callback) {
    try {
      this.push(this.final());
      callback();
    } catch (error) {
      callback(error);
    }
  }
}

export class Cipheriv extends Cipher {
  constructor(name, key, iv, options) {
    super(true, name, key, iv, options);
  }
}

export class Decipheriv extends Cipher {
  constructor(name, key, iv, options) {
    super(false, name, key, iv, options);
  }
}

export const createCipheriv = (name, key, iv, options) => new Cipheriv(name, key, iv, options);
export const createDecipheriv = (name, key, iv, options) => new Decipheriv(name, key, iv, options);
