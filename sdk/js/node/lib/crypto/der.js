// Reads the structure of ASN.1 DER: enough to find the key in a certificate.
import { coded } from '../errors.js';

const SEQUENCE = 0x30;

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
  for (let at = 0; at < content.length;) {
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
