// Node's names of text encodings, and their conversion by the engine.
import native from 'toril:engine/native';

const NAMES = {
  utf8: 'utf8',
  'utf-8': 'utf8',
  hex: 'hex',
  base64: 'base64',
  base64url: 'base64url',
  latin1: 'latin1',
  binary: 'latin1',
  ascii: 'ascii',
  ucs2: 'utf16le',
  'ucs-2': 'utf16le',
  utf16le: 'utf16le',
  'utf-16le': 'utf16le',
};

/** The one name of an encoding, `utf8` if none is given, and undefined if it is unknown. */
export function normalized(encoding) {
  if (encoding === undefined || encoding === null || encoding === '') return 'utf8';
  return NAMES[encoding] ?? NAMES[String(encoding).toLowerCase()];
}

/** The bytes of a text. */
export function encode(text, encoding) {
  switch (encoding) {
    case 'utf8':
      return native.utf8Encode(text);
    case 'latin1':
    case 'ascii':
      return native.latin1Encode(text);
    case 'base64':
    case 'base64url':
      return decodeBase64(text);
    case 'hex':
      return decodeHex(text);
    default:
      return encodeUtf16(text);
  }
}

/** The text of bytes. */
export function decode(bytes, encoding) {
  switch (encoding) {
    case 'utf8':
      return native.utf8Decode(bytes, false);
    case 'latin1':
      return native.latin1Decode(bytes);
    case 'ascii':
      return native.latin1Decode(
        bytes.some((byte) => byte > 127) ? Uint8Array.from(bytes, (byte) => byte & 127) : bytes,
      );
    case 'base64':
      return native.base64Encode(bytes);
    case 'base64url':
      return native.base64Encode(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    case 'hex':
      return native.hexEncode(bytes);
    default:
      return decodeUtf16(bytes);
  }
}

/** How many bytes a text has. */
export function encodedLength(text, encoding) {
  switch (encoding) {
    case 'utf8':
      return native.utf8Encode(text).length;
    case 'latin1':
    case 'ascii':
      return text.length;
    case 'utf16le':
      return text.length * 2;
    case 'hex':
      return text.length >>> 1;
    default:
      return Math.floor((text.replace(/=+$/, '').length * 3) / 4);
  }
}

/** Accepts both alphabets, and ignores other characters, as Node does. */
function decodeBase64(text) {
  try {
    return native.base64Decode(text);
  } catch {
    const end = text.indexOf('=');
    const clean = (end < 0 ? text : text.slice(0, end))
      .replaceAll('-', '+')
      .replaceAll('_', '/')
      .replace(/[^A-Za-z0-9+/]/g, '');
    // A single character holds less than a byte.
    return native.base64Decode(clean.length % 4 === 1 ? clean.slice(0, -1) : clean);
  }
}

/** Stops at the first pair that is not hexadecimal, as Node does. */
function decodeHex(text) {
  const valid = /^(?:[0-9a-fA-F]{2})*/.exec(text)[0];
  return native.hexDecode(valid);
}

function encodeUtf16(text) {
  const bytes = new Uint8Array(text.length * 2);
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    bytes[index * 2] = unit & 255;
    bytes[index * 2 + 1] = unit >>> 8;
  }
  return bytes;
}

function decodeUtf16(bytes) {
  let text = '';
  const units = [];
  for (let index = 0; index + 1 < bytes.length; index += 2) {
    units.push(bytes[index] | (bytes[index + 1] << 8));
    if (units.length === 4096) text += String.fromCharCode(...units.splice(0));
  }
  return text + String.fromCharCode(...units);
}
