// A stand-in for `toril:engine/native`, on top of Node, for the tests of the runtime.
import { randomBytes } from 'node:crypto';
import http from 'node:http';

/** `log` takes what the runtime logs. `Uint8Array` is the realm's own class. Requests go to real servers. */
export function createNative(log, Uint8Array) {
  const timers = new Map();
  const requests = new Map();
  const responses = new Map();
  let next = 1;

  const native = {
    live: () => true,
    now: () => performance.now(),
    wallClock: () => Date.now(),
    log,
    random: Math.random,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    setTimer(ms, callback) {
      const id = next++;
      timers.set(id, setTimeout(() => {
        timers.delete(id);
        callback();
      }, ms));
      return id;
    },
    clearTimer(id) {
      clearTimeout(timers.get(id));
      timers.delete(id);
    },
    mapStack: (frames) => frames.trimEnd(),
    promiseState: () => [false, false, undefined],
    utf8Encode: (text) => new Uint8Array(new TextEncoder().encode(text)),
    utf8Decode: (bytes, fatal) => new TextDecoder('utf-8', { fatal, ignoreBOM: true }).decode(bytes),
    hexEncode: (bytes) => Buffer.from(bytes).toString('hex'),
    hexDecode: (text) => new Uint8Array(Buffer.from(text, 'hex')),
    base64Encode: (bytes) => Buffer.from(bytes).toString('base64'),
    base64Decode: (text) => new Uint8Array(Buffer.from(text, 'base64')),
    latin1Encode: (text) => new Uint8Array(Buffer.from(text, 'latin1')),
    latin1Decode: (bytes) => Buffer.from(bytes).toString('latin1'),
    formDecode: (query) => [...new URLSearchParams(`&${query}`)].flat(),
    formEncode(flat) {
      const pairs = [];
      for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at], flat[at + 1]]);
      return new URLSearchParams(pairs).toString();
    },
    urlParse: (input, base) => (URL.canParse(input, base) ? new URL(input, base).href : null),
    urlOffsets: (href) => offsetsOf(new URL(href)),
    urlSet(href, component, value) {
      const url = new URL(href);
      url[component] = value;
      return url.href;
    },
    fetch(method, url, headers, body, callback) {
      const id = next++;
      const request = http.request(url, { method });
      for (let at = 0; at < headers.length; at += 2) request.appendHeader(headers[at], headers[at + 1]);
      request.on('response', (response) => {
        responses.set(id, response[Symbol.asyncIterator]());
        const headers = response.rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text));
        const { location, 'content-encoding': encoding } = response.headers;
        callback(null, { id, status: response.statusCode, headers: headers.join('\0'), location, encoding });
      });
      request.on('error', (error) => {
        // As the engine, which calls nothing of a request that was aborted.
        if (requests.has(id)) callback(`connection refused: ${error.message}`);
      });
      requests.set(id, request);
      if (body !== true) request.end(body ?? undefined);
      return id;
    },
    abortFetch(id) {
      const request = requests.get(id);
      requests.delete(id);
      request?.destroy();
    },
    writeBody: (id, chunk, callback) => requests.get(id).write(chunk, () => callback(null)),
    endBody: (id) => requests.get(id).end(),
    readWholeBody(id, callback) {
      const read = async () => {
        const chunks = [];
        for (let next = await responses.get(id).next(); !next.done; next = await responses.get(id).next()) chunks.push(next.value);
        return new Uint8Array(Buffer.concat(chunks));
      };
      read().then(
        (bytes) => callback(null, bytes),
        (error) => callback(`the connection was closed: ${error.message}`),
      );
    },
    readBody(id, callback) {
      responses.get(id).next().then(
        ({ done, value }) => callback(null, done ? null : new Uint8Array(value)),
        (error) => callback(`connection terminated: ${error.message}`),
      );
    },
    closeBody(id) {
      responses.delete(id);
      requests.get(id)?.destroy();
      requests.delete(id);
    },
  };
  return native;
}

/** As sdk/js/engine/src/native/url.rs. */
function offsetsOf(url) {
  const { href } = url;
  const scheme = url.protocol.length - 1;
  const hasHost = href.startsWith('//', scheme + 1) && !(url.pathname.startsWith('//') && url.host === '');
  const at = scheme + 1 + (hasHost ? 2 : 0);
  const username = at + url.username.length;
  const passwordStart = url.password === '' ? username : username + 1;
  const password = passwordStart + url.password.length;
  const host = password > at ? password + 1 : at;
  const hostEnd = host + url.hostname.length;
  const port = url.port === '' ? hostEnd : hostEnd + 1;
  const fragment = href.includes('#') ? href.indexOf('#') : href.length;
  const query = href.slice(0, fragment).includes('?') ? href.indexOf('?') : fragment;
  const path = query - url.pathname.length;
  return [scheme, at, username, passwordStart, password, host, hostEnd, port, port + url.port.length, path, query, fragment];
}
