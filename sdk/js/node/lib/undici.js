// The npm package `undici` in a plugin: the engine's `fetch` and its classes, and `request` over it. The package itself
// opens sockets.
import EventEmitter from '../events.js';
import { Readable } from '../stream.js';
import { coded, unavailable } from './errors.js';

export const { fetch, Headers, Request, Response, FormData, File, WebSocket, EventSource, CloseEvent, MessageEvent } =
  globalThis;

/** A response as `undici.request` returns it. */
export async function request(url, { method = 'GET', headers, body, signal, query, dispatcher, ...rest } = {}) {
  const target = new URL(url instanceof URL || typeof url === 'string' ? url : urlOf(url));
  for (const [name, value] of Object.entries(query ?? {})) target.searchParams.set(name, value);
  const response = await globalThis.fetch(target, {
    method,
    headers: headersOf(headers),
    body: body instanceof Readable ? Readable.toWeb(body) : body,
    signal,
    duplex: 'half',
    redirect: rest.maxRedirections > 0 ? 'follow' : 'manual',
  });
  const found = {};
  for (const [name, value] of response.headers) {
    found[name] = found[name] === undefined ? value : [found[name], value].flat();
  }
  return {
    statusCode: response.status,
    headers: found,
    body: bodyOf(response),
    trailers: {},
    opaque: rest.opaque ?? null,
    context: {},
  };
}

const urlOf = ({ origin, protocol, hostname, host, port, path, pathname, search }) =>
  `${origin ?? `${protocol}//${hostname ?? host}${port ? `:${port}` : ''}`}${path ?? `${pathname ?? '/'}${search ?? ''}`}`;

function headersOf(headers) {
  if (!Array.isArray(headers) || Array.isArray(headers[0])) return headers ?? undefined;
  return Array.from({ length: headers.length / 2 }, (_, index) => [headers[2 * index], headers[2 * index + 1]]);
}

/** A stream of Node that can also be read as a whole. */
function bodyOf(response) {
  const stream = response.body ? Readable.fromWeb(response.body) : Readable.from([]);
  let all;
  const whole = () => (all ??= collect(stream));
  return Object.assign(stream, {
    text: async () => new TextDecoder().decode(await whole()),
    json: async () => JSON.parse(new TextDecoder().decode(await whole())),
    bytes: whole,
    arrayBuffer: async () => (await whole()).buffer,
    blob: async () => new Blob([await whole()]),
    dump: async () => void (await whole()),
  });
}

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** The host keeps connections, so a dispatcher only carries its options. */
export class Dispatcher extends EventEmitter {
  constructor(origin, options = {}) {
    super();
    this.origin = origin;
    this.options = options;
    this.closed = false;
    this.destroyed = false;
  }

  request({ origin = this.origin, path = '/', ...options }) {
    return request(new URL(path, origin), options);
  }

  compose() {
    return this;
  }

  async close() {
    this.closed = true;
  }

  async destroy() {
    this.destroyed = true;
  }

  dispatch() {
    throw unavailable('undici.Dispatcher.dispatch', 'use `fetch`');
  }
}

export class Client extends Dispatcher {}
export class Pool extends Dispatcher {}
export class BalancedPool extends Dispatcher {}
export class Agent extends Dispatcher {
  constructor(options) {
    super(undefined, options);
  }
}
export class EnvHttpProxyAgent extends Agent {}
export class RetryAgent extends Agent {}
export class ProxyAgent extends Agent {
  constructor() {
    super();
    throw unavailable('undici.ProxyAgent', 'set a proxy for the host');
  }
}

let globalDispatcher = new Agent();
export const getGlobalDispatcher = () => globalDispatcher;
export const setGlobalDispatcher = (dispatcher) => {
  globalDispatcher = dispatcher;
};
export const setGlobalOrigin = () => {};
export const getGlobalOrigin = () => undefined;
export const interceptors = new Proxy({}, { get: () => () => (dispatch) => dispatch });

class UndiciError extends Error {
  constructor(message) {
    super(message);
    this.name = new.target.name;
    this.code = 'UND_ERR';
  }
}
export const errors = { UndiciError };
for (const name of [
  'AbortError',
  'BodyTimeoutError',
  'ConnectTimeoutError',
  'HeadersTimeoutError',
  'InvalidArgumentError',
  'RequestAbortedError',
  'ResponseStatusCodeError',
  'SocketError',
]) {
  errors[name] = { [name]: class extends UndiciError {} }[name];
}

const refuse = (name) => () => {
  throw unavailable(`undici.${name}`, 'use `fetch` or `request`');
};
export const stream = refuse('stream');
export const pipeline = refuse('pipeline');
export const connect = refuse('connect');
export const upgrade = refuse('upgrade');
export const MockAgent = refuse('MockAgent');
export const install = () => {};

export const parseMIMEType = (text) => {
  const [type, subtype] = String(text).split(';')[0].trim().split('/');
  if (!subtype) throw coded(TypeError, 'ERR_INVALID_MIME_SYNTAX', `The MIME syntax is invalid: ${text}`);
  return { type, subtype, parameters: new Map(), essence: `${type}/${subtype}` };
};

const undici = {
  Agent,
  BalancedPool,
  Client,
  Dispatcher,
  EnvHttpProxyAgent,
  EventSource,
  File,
  FormData,
  Headers,
  MockAgent,
  Pool,
  ProxyAgent,
  Request,
  Response,
  RetryAgent,
  WebSocket,
  connect,
  errors,
  fetch,
  getGlobalDispatcher,
  getGlobalOrigin,
  install,
  interceptors,
  parseMIMEType,
  pipeline,
  request,
  setGlobalDispatcher,
  setGlobalOrigin,
  stream,
  upgrade,
};
export default undici;
