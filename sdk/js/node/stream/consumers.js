// `node:stream/consumers`: the whole content of a stream.
import { Buffer } from '../buffer.js';
import { joined } from '../lib/late-globals.js';

/** All chunks of a stream of either kind, as one Buffer. */
export async function buffer(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks);
}

export async function arrayBuffer(stream) {
  const { buffer: memory, byteOffset, byteLength } = await buffer(stream);
  return memory.slice(byteOffset, byteOffset + byteLength);
}

export const text = async (stream) => (await buffer(stream)).toString();
export const json = async (stream) => JSON.parse(await text(stream));
export const blob = async (stream) => new globalThis[joined('Bl-ob')]([await buffer(stream)]);

const consumers = { arrayBuffer, blob, buffer, json, text };
export default consumers;
