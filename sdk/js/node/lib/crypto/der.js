// Reads and writes the few structures of ASN.1 DER that keys are made of.
import { coded } from '../errors.js';

export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const NULL = 0x05;
export const OID = 0x06;
export const SEQUENCE = 0x30;

const invalid = () => coded(Error, 'ERR_OSSL_UNSUPPORTED', 'error:1E08010C:DECODER routines::unsupported');

/** The element at a position: `tag`, `content`, and `end`, where the next one begins. */
export function element(bytes, at = 0) {
  if (at + 2 > bytes.length) throw invalid();
  let length = bytes[at + 1];
  let start = at + 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4 || start + count > bytes.length) throw invalid();
    length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + bytes[start + index];
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) throw invalid();
  return { tag: bytes[at], content: bytes.subarray(start, end), whole: bytes.subarray(at, end), end };
}

/** The elements of a SEQUENCE, or of any content. */
export function elements(content) {
  const found = [];
  for (let at = 0; at < content.length; ) {
    const next = element(content, at);
    found.push(next);
    at = next.end;
  }
  return found;
}

/** The elements of the SEQUENCE that the bytes are. */
export function sequence(bytes) {
  const { tag, content } = element(bytes);
  if (tag !== SEQUENCE) throw invalid();
  return elements(content);
}

/** An element with a tag, of several contents. */
export function encode(tag, ...contents) {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const head = length < 128 ? [tag, length] : [tag, 0x80 | bytesOf(length).length, ...bytesOf(length)];
  const whole = new Uint8Array(head.length + length);
  whole.set(head);
  let at = head.length;
  for (const content of contents) {
    whole.set(content, at);
    at += content.length;
  }
  return whole;
}

function bytesOf(number) {
  const bytes = [];
  for (let rest = number; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes;
}

/** An INTEGER without a sign. */
export function unsigned(bytes) {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = bytes.subarray(start);
  return digits[0] & 0x80 ? encode(INTEGER, new Uint8Array([0]), digits) : encode(INTEGER, digits);
}

/** The digits of an INTEGER without a sign, at least `length` of them. */
export function digits(content, length = 0) {
  let start = 0;
  while (start < content.length - 1 && content[start] === 0) start += 1;
  const plain = content.subarray(start);
  if (plain.length >= length) return plain;
  const padded = new Uint8Array(length);
  padded.set(plain, length - plain.length);
  return padded;
}

/** Joins a signature's two numbers, as `ieee-p1363`. */
export function signatureFromDer(der, size) {
  const [r, s] = sequence(der);
  const joined = new Uint8Array(size * 2);
  joined.set(digits(r.content, size).subarray(-size));
  joined.set(digits(s.content, size).subarray(-size), size);
  return joined;
}

export const signatureToDer = (joined) => {
  const size = joined.length / 2;
  return encode(SEQUENCE, unsigned(joined.subarray(0, size)), unsigned(joined.subarray(size)));
};
