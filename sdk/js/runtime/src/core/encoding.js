// TextEncoder and TextDecoder. UTF-8 is decoded by the engine, UTF-16 and windows-1252 here.
import native from 'toril:engine/native';
import { toBytes, concatBytes } from './bytes.js';
import { asInterface, defineGlobals, usv } from './define.js';

export class TextEncoder {
  get encoding() { return 'utf-8'; }

  encode(text = '') {
    return native.utf8Encode(usv(text));
  }

  encodeInto(source, target) {
    if (!(target instanceof Uint8Array)) throw new TypeError('The "dest" argument must be an instance of Uint8Array');
    const text = usv(source);
    const bytes = native.utf8Encode(text);
    if (bytes.length <= target.length) {
      target.set(bytes);
      return { read: text.length, written: bytes.length };
    }
    // Back to the start of a character: the bytes that continue one are 10xxxxxx.
    let written = target.length;
    while (written > 0 && (bytes[written] & 0xc0) === 0x80) written -= 1;
    target.set(bytes.subarray(0, written));
    return { read: native.utf8Decode(bytes.subarray(0, written), true).length, written };
  }
}
asInterface(TextEncoder, 'TextEncoder', ['encoding', 'encode', 'encodeInto']);

const LABELS = {
  'utf-8': 'unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8',
  'utf-16le': 'csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le',
  'utf-16be': 'unicodefffe utf-16be',
  'windows-1252':
    'ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252',
};

function encodingOf(label) {
  const wanted = String(label).trim().toLowerCase();
  for (const name of Object.keys(LABELS)) if (LABELS[name].split(' ').includes(wanted)) return name;
  const error = new RangeError(`The "${label}" encoding is not supported`);
  error.code = 'ERR_ENCODING_NOT_SUPPORTED';
  throw error;
}

// What windows-1252 has in place of the control characters 0x80 to 0x9f.
const CP1252 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

/** How many bytes at the end are the start of a UTF-8 sequence that may yet be completed. */
function incomplete(bytes) {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 1;
    if (needed <= back) return 0;
    return back === 1 || secondFits(byte, bytes[bytes.length - back + 1]) ? back : 0;
  }
  return 0;
}

// Overlong forms, surrogates and what is beyond U+10FFFF cannot be completed.
function secondFits(first, second) {
  if (first === 0xe0) return second >= 0xa0;
  if (first === 0xed) return second <= 0x9f;
  if (first === 0xf0) return second >= 0x90;
  if (first === 0xf4) return second <= 0x8f;
  return true;
}

const NOTHING = new Uint8Array(0);

export class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBOM;
  #pending = NOTHING;
  #begun = false;

  constructor(label = 'utf-8', options = {}) {
    this.#encoding = encodingOf(label);
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBOM = Boolean(options?.ignoreBOM);
  }

  get encoding() { return this.#encoding; }
  get fatal() { return this.#fatal; }
  get ignoreBOM() { return this.#ignoreBOM; }

  decode(input = NOTHING, options = {}) {
    const stream = Boolean(options?.stream);
    let bytes = toBytes(input, 'list');
    if (this.#pending.length > 0) bytes = concatBytes([this.#pending, bytes]);
    this.#pending = NOTHING;
    if (stream) {
      const held = this.#held(bytes);
      // A copy, because the caller may reuse its buffer.
      this.#pending = bytes.slice(bytes.length - held);
      bytes = bytes.subarray(0, bytes.length - held);
    }
    let text;
    try {
      text = this.#text(bytes, stream);
    } catch (error) {
      this.#begun = false;
      throw error;
    }
    if (!this.#begun && !this.#ignoreBOM && this.#encoding !== 'windows-1252' && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    this.#begun = stream && (this.#begun || bytes.length > 0);
    return text;
  }

  #held(bytes) {
    if (this.#encoding === 'utf-8') return incomplete(bytes);
    if (this.#encoding === 'windows-1252') return 0;
    const odd = bytes.length % 2;
    const high = bytes[bytes.length - odd - (this.#encoding === 'utf-16le' ? 1 : 2)] & 0xfc;
    return odd + (bytes.length - odd >= 2 && high === 0xd8 ? 2 : 0);
  }

  #text(bytes) {
    if (this.#encoding === 'utf-8') {
      try {
        return native.utf8Decode(bytes, this.#fatal);
      } catch (error) {
        throw invalid(this.#encoding, error);
      }
    }
    if (this.#encoding === 'windows-1252') return native.latin1Decode(bytes).replace(/[\x80-\x9f]/g, (char) => CP1252[char.charCodeAt(0) - 0x80]);
    return this.#utf16(bytes);
  }

  #utf16(bytes) {
    const low = this.#encoding === 'utf-16le' ? 0 : 1;
    let text = '';
    for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at + low] | (bytes[at + 1 - low] << 8));
    if (bytes.length % 2 === 1) text += '\ufffd';
    if (this.#fatal && (bytes.length % 2 === 1 || !text.isWellFormed())) throw invalid(this.#encoding);
    return text.toWellFormed();
  }
}
asInterface(TextDecoder, 'TextDecoder', ['encoding', 'fatal', 'ignoreBOM', 'decode']);

function invalid(encoding, cause) {
  const error = new TypeError(`The encoded data was not valid for encoding ${encoding}`, cause && { cause });
  error.code = 'ERR_ENCODING_INVALID_ENCODED_DATA';
  return error;
}

defineGlobals({ TextEncoder, TextDecoder });
