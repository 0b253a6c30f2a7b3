// `createCipheriv` and `createDecipheriv`. The engine computes when all data has come, so `update` returns nothing, and
// `final` everything.
import native from 'toril:engine/native';
import 'toril:engine/full';
import { coded } from '../errors.js';
import { extendStream, initialize } from '../stream-if-used.js';
import { join, output, toBytes } from './bytes.js';
import { secretOf } from './secret.js';

const BLOCK = 16;
const CIPHERS = {};
for (const bits of [128, 192, 256]) {
  for (const mode of ['cbc', 'ctr', 'gcm']) {
    CIPHERS[`aes-${bits}-${mode}`] = { mode, keyLength: bits / 8, ivLength: mode === 'gcm' ? 12 : BLOCK };
  }
}
const find = (name) =>
  CIPHERS[
    String(name)
      .toLowerCase()
      .replace(/^id-aes(\d+)-gcm$/, 'aes-$1-gcm')
      .replace(/^aes(\d+)$/, 'aes-$1-cbc')
  ];

export const getCiphers = () => Object.keys(CIPHERS);
export function getCipherInfo(name) {
  const found = find(name);
  return found && { name: String(name).toLowerCase(), ...found, ...(found.mode === 'cbc' && { blockSize: BLOCK }) };
}

class Cipher {
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
    initialize(this, 'Transform', options);
    const found = find(name);
    if (!found) throw coded(Error, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
    this.#mode = found.mode;
    this.#key = secretOf(key).slice();
    if (this.#key.length !== found.keyLength)
      throw coded(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length');
    this.#iv = toBytes(iv, undefined, 'iv').slice();
    const fits = found.mode === 'gcm' ? this.#iv.length > 0 : this.#iv.length === found.ivLength;
    if (!fits) throw coded(TypeError, 'ERR_CRYPTO_INVALID_IV', 'Invalid initialization vector');
    this.#encrypts = encrypts;
    this.#tagLength = options?.authTagLength ?? BLOCK;
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
    const aes = (bytes, options) => native.aes(this.#mode, this.#encrypts, this.#key, this.#iv, bytes, options);
    if (this.#mode !== 'gcm') return aes(data, { padding: this.#pads });
    const aad = join(this.#additional);
    if (this.#encrypts) {
      const sealed = aes(data, { aad, tagLength: this.#tagLength });
      this.#tag = sealed.slice(data.length);
      return sealed.subarray(0, data.length);
    }
    if (!this.#tag) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Unsupported state or unable to authenticate data');
    return aes(join([data, this.#tag]), { aad, tagLength: this.#tag.length });
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
    if (!this.#encrypts || !this.#tag)
      throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Invalid state for operation getAuthTag');
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
extendStream(Cipher, 'Transform');

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
