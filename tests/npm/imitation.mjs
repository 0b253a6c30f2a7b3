// Imitates the engine's modules in Node, for shell.mjs.
import crypto from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { format, formatWithOptions, inspect } from 'node:util';
import zlib from 'node:zlib';

const { Buffer } = globalThis;
const timers = { set: globalThis.setTimeout, clear: globalThis.clearTimeout };
const stderr = process.stderr;

const plain = (buffer) => new Uint8Array(buffer);
const requests = new Map();
let last = 0;

function fetch(method, url, headers, body, callback) {
  const id = (last += 1);
  const client = url.startsWith('https:') ? https : http;
  const request = client.request(url, { method, agent: false }, (response) => {
    requests.get(id).response = response;
    const pairs = [];
    for (let at = 0; at < response.rawHeaders.length; at += 2) pairs.push([response.rawHeaders[at].toLowerCase(), response.rawHeaders[at + 1]]);
    callback(null, { id, status: response.statusCode, headers: pairs });
  });
  requests.set(id, { request });
  for (const [name, value] of headers) request.appendHeader(name, value);
  request.on('error', (error) => requests.has(id) && callback(error.message, undefined));
  if (body === true) return id;
  request.end(body ?? undefined);
  return id;
}

function readBody(id, callback) {
  const { response } = requests.get(id);
  const chunk = response.read();
  if (chunk) callback(null, plain(chunk));
  else if (response.readableEnded) callback(null, null);
  else {
    const done = (kind) => (error) => {
      response.off('readable', onReadable).off('end', onEnd).off('error', onError);
      if (kind === 'readable') readBody(id, callback);
      else callback(kind === 'error' ? error.message : null, null);
    };
    const [onReadable, onEnd, onError] = [done('readable'), done('end'), done('error')];
    response.on('readable', onReadable).on('end', onEnd).on('error', onError);
  }
}

function abort(id) {
  const found = requests.get(id);
  requests.delete(id);
  found?.request.destroy();
}

const paddingOf = (name, saltLength) =>
  name === 'rsa-pss' ? { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength } : { dsaEncoding: 'ieee-p1363' };

const zlibSync = (format, data, { level, maxOutput } = {}) =>
  plain(zlib[`${format}Sync`](data, { level, ...(maxOutput && { maxOutputLength: maxOutput }) }));

function zlibStream(format, options) {
  const chunks = [];
  const none = new Uint8Array();
  return {
    write: (chunk) => (chunks.push(chunk.slice()), none),
    flush: () => none,
    end: () => zlibSync(format, Buffer.concat(chunks), options),
  };
}

const native = {
  live: () => imitation.isLive,
  setTimer: (ms, callback) => Number(timers.set(callback, ms)),
  clearTimer: (id) => timers.clear(id),
  now: () => performance.now(),
  wallClock: () => Date.now(),
  log: (level, text) => stderr.write(`${['debug', 'info', 'warn', 'error'][level]}: ${text}\n`),
  exit: (message) => {
    throw new Error(message);
  },
  randomBytes: (count) => plain(crypto.randomBytes(count)),
  utf8Encode: (text) => plain(Buffer.from(text)),
  utf8Decode: (bytes, fatal) => new TextDecoder('utf-8', { fatal, ignoreBOM: true }).decode(bytes),
  latin1Encode: (text) => plain(Buffer.from(text, 'latin1')),
  latin1Decode: (bytes) => Buffer.from(bytes).toString('latin1'),
  base64Encode: (bytes) => Buffer.from(bytes).toString('base64'),
  base64Decode: (text) => {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new TypeError('the text is not base64');
    return plain(Buffer.from(text, 'base64'));
  },
  hexEncode: (bytes) => Buffer.from(bytes).toString('hex'),
  hexDecode: (text) => plain(Buffer.from(text, 'hex')),
  digest: (name, bytes) => plain(crypto.createHash(name).update(bytes).digest()),
  hmac: (name, key, bytes) => plain(crypto.createHmac(name, key).update(bytes).digest()),
  pbkdf2: (name, password, salt, iterations, length) => plain(crypto.pbkdf2Sync(password, salt, iterations, length, name)),
  scrypt: (password, salt, N, r, p, length) => plain(crypto.scryptSync(password, salt, length, { N, r, p, maxmem: 2 ** 30 })),
  hkdf: (name, key, salt, info, length) => plain(crypto.hkdfSync(name, key, salt, info, length)),
  sign: (name, hash, key, data, salt) => plain(crypto.sign(hash || null, data, { key: Buffer.from(key), format: 'der', type: 'pkcs8', ...paddingOf(name, salt) })),
  verify: (name, hash, key, data, signature, salt) => crypto.verify(hash || null, data, { key: Buffer.from(key), format: 'der', type: 'spki', ...paddingOf(name, salt) }, signature),
  zlibStream,
  zlibSync,
  fetch,
  readBody,
  abortFetch: abort,
  closeBody: abort,
  writeBody: (id, chunk, callback) => requests.get(id).request.write(chunk, (error) => callback(error?.message ?? null)),
  endBody: (id) => requests.get(id).request.end(),
};

/** The exports of one of the engine's modules. */
export function imitation(name) {
  if (name === 'toril:engine/native') return { default: native };
  if (name === 'toril:runtime/console') return { format, formatWithOptions, inspect };
  if (name.startsWith('wasi:config/store')) return { get: () => undefined };
  if (name.startsWith('toril:plugin/job-context')) {
    return { log: (level, message) => stderr.write(`${level}: ${message}\n`), setProgress() {}, setData() {}, cancelled() {}, remaining: () => 0n, childrenValues: () => [], ignoredFailures: () => [], dependencies: () => ({}) };
  }
  if (name.startsWith('toril:plugin/jobs')) return { add() {}, addChild() {} };
  throw new Error(`${name} is not imitated`);
}
imitation.isLive = false;
