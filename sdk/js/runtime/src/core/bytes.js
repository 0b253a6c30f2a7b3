// Views of binary data.

/** The bytes of a BufferSource without a copy, or undefined for anything else. */
export function bytesOf(data) {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (typeof SharedArrayBuffer === 'function' && data instanceof SharedArrayBuffer) return new Uint8Array(data);
  return undefined;
}

/** The same, or a TypeError that names the argument. */
export function toBytes(data, name) {
  const bytes = bytesOf(data);
  if (bytes !== undefined) return bytes;
  const error = new TypeError(`The "${name}" argument must be an instance of ArrayBuffer or ArrayBufferView`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

/** Joins chunks into one array. */
export function concatBytes(chunks) {
  if (chunks.length === 1) return chunks[0];
  const joined = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
