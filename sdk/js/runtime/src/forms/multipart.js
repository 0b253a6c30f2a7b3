// multipart/form-data: writing and reading.
import native from 'toril:engine/native';
import { concatBytes } from 'toril:runtime/core';
import { Blob, File } from './blob.js';
import { FormData } from './form-data.js';

const encode = (text) => native.utf8Encode(text);
const lines = (text) => text.replace(/\r\n|\r|\n/g, '\r\n');
const quoted = (text) => `"${text.replace(/\r\n|\r|\n/g, (end) => (end === '\r\n' ? '%0D%0A' : end === '\r' ? '%0D' : '%0A')).replaceAll('"', '%22')}"`;

/** A form as one blob, and the Content-Type with its boundary. */
export function writeForm(form) {
  const boundary = `----formdata-toril-${native.hexEncode(native.randomBytes(12))}`;
  const parts = [];
  for (const [name, value] of form) {
    const disposition = `--${boundary}\r\nContent-Disposition: form-data; name=${quoted(lines(name))}`;
    if (typeof value === 'string') parts.push(`${disposition}\r\n\r\n${lines(value)}\r\n`);
    else parts.push(`${disposition}; filename=${quoted(value.name)}\r\nContent-Type: ${value.type || 'application/octet-stream'}\r\n\r\n`, value, '\r\n');
  }
  parts.push(`--${boundary}--\r\n`);
  return { blob: new Blob(parts), type: `multipart/form-data; boundary=${boundary}` };
}

const malformed = (why) => new TypeError(`Failed to parse body as FormData: ${why}`);

function indexOf(bytes, wanted, from) {
  for (let at = bytes.indexOf(wanted[0], from); at !== -1; at = bytes.indexOf(wanted[0], at + 1)) {
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same += 1;
    if (same === wanted.length) return at;
  }
  return -1;
}

const unquoted = (text) => text.replace(/%(0D|0A|22)/gi, (_, code) => String.fromCharCode(parseInt(code, 16)));

function headersOf(text) {
  const headers = {};
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon === -1) throw malformed('a header without a colon');
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  const disposition = /^form-data\b/i.test(headers['content-disposition'] ?? '') ? headers['content-disposition'] : undefined;
  const name = disposition && /;\s*name="([^"]*)"/i.exec(disposition);
  if (!name) throw malformed('a part without a name');
  const filename = /;\s*filename="([^"]*)"/i.exec(disposition);
  return { name: unquoted(name[1]), filename: filename ? unquoted(filename[1]) : undefined, type: headers['content-type'] };
}

/** Reads a body of the given Content-Type. */
export function readForm(bytes, contentType) {
  const found = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  if (!found) throw malformed('the Content-Type has no boundary');
  const delimiter = encode(`--${found[1] ?? found[2]}`);
  const next = concatBytes([encode('\r\n'), delimiter]);
  const form = new FormData();
  let at = indexOf(bytes, delimiter, 0);
  if (at === -1) throw malformed('the boundary is missing');
  at += delimiter.length;
  for (;;) {
    if (bytes[at] === 0x2d && bytes[at + 1] === 0x2d) return form;
    if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) throw malformed('no line end after a boundary');
    const headersEnd = indexOf(bytes, encode('\r\n\r\n'), at);
    const end = headersEnd === -1 ? -1 : indexOf(bytes, next, headersEnd + 2);
    if (end === -1) throw malformed('a part without an end');
    const { name, filename, type } = headersOf(native.utf8Decode(bytes.subarray(at + 2, headersEnd), false));
    const content = bytes.subarray(headersEnd + 4, end);
    if (filename === undefined) form.append(name, native.utf8Decode(content, false));
    else form.append(name, new File([content], filename, { type: type ?? 'text/plain' }));
    at = end + next.length;
  }
}
