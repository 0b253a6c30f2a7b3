// Runs a module with `node:net`, `node:tls` and `node:dns` of a plugin in Node, on Node's own sockets instead of the
// engine's. A handshake of TLS is recorded, and not made.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { nodeGlobals, nodeModules } from '../../build/node-modules.js';

const HOST = Symbol.for('toril.test.sockets');
const NAMES = [
  'addresses', 'close', 'connect', 'end', 'keepAlive', 'lookup', 'read', 'reference', 'secure', 'stopReading', 'write',
];
const STUBS = {
  'toril:engine/sockets': `const host = () => globalThis[Symbol.for('toril.test.sockets')];
    ${NAMES.map((name) => `export const ${name} = (...values) => host().${name}(...values);`).join('\n')}`,
  'wasi:cli/environment@0.2.0': 'export const getEnvironment = () => [];',
  'toril:engine/native': `const timers = new Map();
    export default {
      live: () => globalThis[Symbol.for('toril.test.sockets')].isLive,
      now: () => performance.now(),
      setTimer(ms, call) { const timer = setTimeout(call, ms); timers.set(+timer, timer); return +timer; },
      clearTimer: (id) => clearTimeout(timers.get(id)),
      utf8Encode: (text) => new TextEncoder().encode(text),
      utf8Decode: (bytes) => new TextDecoder().decode(bytes),
    };`,
};

const stubs = {
  name: 'stubs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(toril|wasi):/ }, ({ path }) => ({ path, namespace: 'stub' }));
    onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({ contents: STUBS[path] ?? '' }));
  },
};

const WASI = {
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection reset by peer',
  EPIPE: 'broken pipe',
};
const failed = (name) => ({ tag: 'network', val: name });

/** What the engine has: connections as numbers. `denied` are the names and `host:port` that no grant covers. */
export class Host {
  isLive = true;
  calls = [];
  /** If it is a Map, connections that are ready wait in it, by their numbers, until `callDue`. */
  due;
  #denied;
  #names;
  #lookups = new Map();
  #open = new Map();
  #last = 0;

  constructor({ denied = [], names = {} } = {}) {
    this.#denied = denied;
    this.#names = names;
  }

  lookup(name, callback) {
    this.calls.push(`lookup ${name}`);
    if (this.#denied.includes(name)) throw failed('access-denied');
    const found = this.#names[name];
    const id = (this.#last += 1);
    this.#lookups.set(id, callback);
    setImmediate(() => {
      if (!this.#lookups.delete(id)) return;
      if (found) callback(null, found);
      else callback('name-unresolvable', null);
    });
    return id;
  }

  connect(address, port, callback, lost) {
    this.calls.push(`connect ${address}`);
    if (this.#denied.includes(`${address}:${port}`)) throw failed('access-denied');
    const socket = net.connect({ host: address, port, allowHalfOpen: true });
    const id = (this.#last += 1);
    const one = { socket, lost, waiting: undefined, isOver: false, failure: undefined };
    this.#open.set(id, one);
    const ended = (reason) => {
      if (this.due) this.due.set(id, () => callback(reason, null));
      else callback(reason, null);
    };
    let isConnected = false;
    socket.once('connect', () => {
      isConnected = true;
      ended(null);
    });
    socket.on('readable', () => this.#deliver(one));
    socket.on('end', () => {
      one.isOver = true;
      one.failure = this.atEnd;
      this.#deliver(one);
    });
    socket.on('error', ({ code }) => {
      one.failure = WASI[code] ?? code;
      if (isConnected) this.#deliver(one);
      else ended(one.failure);
    });
    return id;
  }

  #deliver(one) {
    if (!one.waiting) return;
    const chunk = one.failure ? null : one.socket.read();
    if (chunk === null && !one.isOver && !one.failure) return;
    const { waiting } = one;
    one.waiting = undefined;
    if (one.failure) waiting(one.failure, null);
    else waiting(null, chunk && new Uint8Array(chunk));
  }

  addresses(id) {
    const { localAddress, localPort, remoteAddress, remotePort } = this.#open.get(id).socket;
    return [`${localAddress}:${localPort}`, `${remoteAddress}:${remotePort}`];
  }

  read(id, callback) {
    const one = this.#get(id);
    one.waiting = callback;
    setImmediate(() => this.#deliver(one));
  }

  stopReading(id) {
    this.#get(id).waiting = undefined;
  }

  write(id, bytes, callback) {
    const { socket, failure } = this.#get(id);
    if (failure) throw failed(failure);
    if (socket.write(bytes)) return true;
    socket.once('drain', () => callback(null, null));
    return false;
  }

  end(id) {
    this.#get(id).socket.end();
  }

  secure(id, server, callback) {
    this.calls.push(`secure ${server}`);
    this.#get(id);
    setImmediate(() => callback(this.handshake ?? null, null));
  }

  keepAlive(id, isOn, seconds) {
    this.calls.push(`keepAlive ${isOn} ${seconds}`);
  }

  reference(id, isReferenced) {
    this.calls.push(`reference ${isReferenced}`);
  }

  close(id) {
    this.#lookups.delete(id);
    this.#open.get(id)?.socket.destroy();
    this.#open.delete(id);
  }

  /** Calls back all that wait in `due`, oldest first. None of them keeps another one from its call. */
  callDue() {
    const due = [...this.due].sort(([a], [b]) => a - b);
    this.due = undefined;
    for (const [, call] of due) call();
  }

  /** Ends all look-ups and connections, as the end of an attempt and the beginning of the next one do. */
  endAttempt() {
    const lost = [...this.#lookups.values(), ...[...this.#open.values()].map((one) => one.lost)];
    for (const id of [...this.#lookups.keys(), ...this.#open.keys()]) this.close(id);
    for (const callback of lost) callback('connection-aborted', null);
  }

  get isEmpty() {
    return this.#open.size === 0;
  }

  #get(id) {
    const one = this.#open.get(id);
    if (!one) throw failed('connection-aborted');
    return one;
  }
}

/** The module's exports. `host` is what its sockets are made of. */
export async function load(source, host) {
  globalThis[HOST] = host;
  const folder = await mkdtemp(join(tmpdir(), 'toril-sockets-'));
  try {
    const { outputFiles } = await build({
      stdin: { contents: source, resolveDir: process.cwd() },
      bundle: true,
      keepNames: true,
      write: false,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['toril-component', 'node', 'module'],
      inject: nodeGlobals.inject,
      define: nodeGlobals.define,
      plugins: [stubs, nodeModules],
      logLevel: 'silent',
    });
    const file = join(folder, 'module.mjs');
    await writeFile(file, outputFiles[0].contents);
    return await import(pathToFileURL(file));
  } finally {
    await rm(folder, { recursive: true });
  }
}
