// `net.Socket` over the host's connections. A connection that is made while the plugin is built, before any job runs,
// is opened when a job does.
import native from 'toril:engine/native';
import * as host from 'toril:engine/sockets';
import { Buffer } from '../../buffer.js';
import { Duplex, addAbortSignal } from '../../stream.js';
import { setTimeout } from '../../timers.js';
import { keep } from '../context.js';
import { unavailable, wrongType } from '../errors.js';
import { nextTick } from '../next-tick.js';
import { isIP } from './is-ip.js';
import { isLostLookup, isUnannouncedEnd, missingGrant, networkError, reasonOf } from './errors.js';
import { addressesOf, nameOf } from './lookup.js';
import { connectArguments, ofFamily, partsOf, portOf, targetText } from './options.js';

export class Socket extends Duplex {
  /** The number of the connection. `undefined` while there is none. */
  #id;
  /** Whether bytes can be sent and received. */
  #isOpen = false;
  /** Whether the stream waits for a chunk. It asks once, also before there is a connection. */
  #isReading = false;
  /** What is written before the connection is open: `[bytes, callback]`. */
  #early;
  /** Ends the look-up, or the wait for a job. */
  #stop = () => {};
  #target = {};
  #addresses = [];
  #idle = { ms: 0, timer: undefined, since: 0 };
  #keepAlive;
  #isReferenced = true;

  constructor(options = {}) {
    if (typeof options === 'number' || options.fd !== undefined || options.handle) {
      throw unavailable('A socket with a file descriptor', 'connect to a host and a port');
    }
    const { allowHalfOpen = false, highWaterMark, readableHighWaterMark, writableHighWaterMark } = options;
    super({
      allowHalfOpen: Boolean(allowHalfOpen),
      autoDestroy: true,
      // `close` has an argument.
      emitClose: false,
      highWaterMark,
      readableHighWaterMark,
      writableHighWaterMark,
    });
    this.connecting = false;
    this.bytesRead = 0;
    this.bytesWritten = 0;
    this.timeout = 0;
    if (options.signal) addAbortSignal(options.signal, this);
  }

  /** `connect(options, listener?)`, `connect(port, host?, listener?)`. */
  connect(...args) {
    const [options, listener] = connectArguments(args);
    if (options.path) throw unavailable('A Unix socket', 'connect to a host and a port');
    const port = portOf(options.port);
    if (listener) this.once('connect', listener);
    if (this.destroyed) this._undestroy();
    this.#forget();
    this.connecting = true;
    this.#target = { host: options.host || 'localhost', port, grant: options.grant ?? 'tcp' };
    this.#addresses = [];
    if (options.keepAlive) this.setKeepAlive(true, options.keepAliveInitialDelay);
    if (options.timeout) this.setTimeout(options.timeout);
    this.#find(options);
    return this;
  }

  #find(options) {
    const target = this.#target;
    const { host: name, port, grant } = target;
    // A listener can destroy the socket, and connect it again.
    const isOver = () => !this.connecting || this.#target !== target;
    const found = (error, addresses) => {
      if (isOver()) return;
      if (error && isLostLookup(error)) {
        this.#lost();
        return;
      }
      if (error) {
        this.emit('lookup', error, undefined, undefined, name);
        this.destroy(error);
        return;
      }
      for (const { address, family } of addresses) this.emit('lookup', null, address, family, name);
      if (!isOver()) this.#try(addresses);
    };
    if (typeof options.lookup === 'function' && !isIP(name)) return this.#findWith(options, found);
    const start = () => {
      // As in Node, an address is used whatever the family is.
      const family = isIP(name) ? 0 : options.family;
      const selected = (error, all) => found(error, all && ofFamily(all, family));
      this.#stop = addressesOf(name, selected, { grant, port });
    };
    if (native.live()) start();
    else {
      const timer = setTimeout(start, 1);
      this.#stop = () => timer.close();
    }
    return undefined;
  }

  #findWith({ lookup, family = 0, hints = 0 }, found) {
    lookup(this.#target.host, { family, hints, all: true }, (error, address, kind) => {
      const all = Array.isArray(address) ? address : [{ address, family: kind || isIP(address) }];
      found(error, all);
    });
  }

  /** Connects to the first of these addresses that accepts. */
  #try([first, ...others], failure = undefined) {
    const { host: name, port, grant } = this.#target;
    if (first === undefined) {
      this.destroy(failure ?? networkError('getaddrinfo', 'name-unresolvable', { hostname: name }));
      return;
    }
    const { address } = first;
    const fail = (reason) => {
      this.#release();
      const known = isIP(name) ? (nameOf(name) ?? name) : name;
      const hint = reason === 'access-denied' ? missingGrant(grant, targetText(known, port)) : undefined;
      this.#try(others, failure ?? networkError('connect', reason, { address, port }, hint));
    };
    let id;
    const opened = keep((reason) => {
      // Another callback can destroy the socket while this one is due.
      if (this.#id !== id) return;
      if (reason === null) this.#connected();
      else fail(reason);
    });
    try {
      id = host.connect(address, port, opened, () => this.#lost());
      this.#id = id;
    } catch (thrown) {
      fail(reasonOf(thrown));
    }
  }

  #connected() {
    this.connecting = false;
    this.#addresses = host.addresses(this.#id) ?? [];
    if (!this.#isReferenced) host.reference(this.#id, false);
    if (this.#keepAlive) this.setKeepAlive(...this.#keepAlive);
    this.#active();
    this._afterConnect();
  }

  /** Opens the stream. Subclasses do more before. */
  _afterConnect() {
    this._open();
    this.emit('connect');
    this.emit('ready');
  }

  /** Sends what was written before, and reads. */
  _open() {
    this.#isOpen = true;
    const early = this.#early;
    this.#early = undefined;
    if (early) this.#send(...early);
    if (this.#isReading) this.#receive();
    // Also notices the end of a connection from which nobody reads yet.
    else if (this.readable && !this.isPaused()) this.read(0);
  }

  /** Gives the connection to another socket, which goes on with it. */
  _handOver() {
    const moved = { id: this.#id, target: this.#target, addresses: this.#addresses, isReferenced: this.#isReferenced };
    if (moved.id !== undefined) host.stopReading(moved.id);
    this.#id = undefined;
    this.#isOpen = false;
    this.setTimeout(0);
    return moved;
  }

  /** Goes on with the connection of another socket. */
  _takeOver({ id, target, addresses, isReferenced }) {
    this.#id = id;
    this.#target = target;
    this.#addresses = addresses;
    this.#isReferenced = isReferenced;
  }

  /** The number of the connection. */
  get _id() {
    return this.#id;
  }

  /** The name of the server: of the target, or of the address that was looked up before. */
  get _server() {
    const { host: name } = this.#target;
    return isIP(name) ? (nameOf(name) ?? name) : name;
  }

  _read() {
    if (this.#isReading) return;
    this.#isReading = true;
    if (this.#isOpen) this.#receive();
  }

  #receive() {
    const id = this.#id;
    const received = (reason, chunk) => {
      // Another callback can destroy the socket while this one is due.
      if (this.#id === id) this.#received(reason, chunk);
    };
    try {
      host.read(id, keep(received));
    } catch (thrown) {
      this.#received(reasonOf(thrown), null);
    }
  }

  #received(reason, chunk) {
    this.#isReading = false;
    const isEnd = isUnannouncedEnd(reason) || (reason === null && chunk === null);
    if (reason !== null && !isEnd) {
      this.destroy(networkError('read', reason));
      return;
    }
    if (isEnd) {
      this.push(null);
      this.read(0);
      return;
    }
    this.#active();
    this.bytesRead += chunk.length;
    this.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }

  _write(chunk, _, callback) {
    if (this.#isOpen) this.#send(chunk, callback);
    else if (this.#id === undefined && !this.connecting) callback(networkError('write', 'invalid-state'));
    else this.#early = [chunk, callback];
  }

  _writev(chunks, callback) {
    this._write(chunks.length === 1 ? chunks[0].chunk : Buffer.concat(chunks.map(({ chunk }) => chunk)), '', callback);
  }

  #send(chunk, callback) {
    this.#active();
    this.bytesWritten += chunk.length;
    const id = this.#id;
    const ended = (reason) => {
      // The stream of a socket that connects again does not know this write.
      if (this.connecting || (this.#id ?? id) !== id) return;
      callback(reason === null ? undefined : networkError('write', reason));
    };
    try {
      if (host.write(id, chunk, keep(ended))) callback();
    } catch (thrown) {
      ended(reasonOf(thrown));
    }
  }

  _final(callback) {
    if (!this.#isOpen && (this.connecting || this.#id !== undefined)) {
      this.once('ready', () => this._final(callback));
      return;
    }
    try {
      if (this.#id !== undefined) host.end(this.#id);
      callback();
    } catch (thrown) {
      callback(networkError('shutdown', reasonOf(thrown)));
    }
  }

  _destroy(error, callback) {
    this.connecting = false;
    this.#forget();
    this.#isReading = false;
    this.#idle.timer?.close();
    callback(error);
    nextTick(() => this.emit('close', Boolean(error)));
  }

  /** Ends the connection, or the attempt to get one. */
  #forget() {
    this.#stop();
    this.#stop = () => {};
    this.#release();
    this.#early = undefined;
  }

  #release() {
    if (this.#id !== undefined) host.close(this.#id);
    this.#id = undefined;
    this.#isOpen = false;
  }

  /** The attempt that opened the connection has ended, and this is the next one. */
  #lost() {
    this.#release();
    this.destroy();
  }

  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }

  resetAndDestroy() {
    return this.destroy();
  }

  /** Emits `timeout` after that many milliseconds without traffic. */
  setTimeout(ms, callback) {
    if (typeof ms !== 'number') throw wrongType('msecs', 'of type number', ms);
    this.timeout = ms;
    this.#idle.ms = ms;
    this.#idle.timer?.close();
    this.#idle.timer = undefined;
    if (ms === 0) {
      if (callback) this.removeListener('timeout', callback);
      return this;
    }
    if (callback) this.once('timeout', callback);
    this.#active();
    this.#watch(ms);
    return this;
  }

  #active() {
    if (this.#idle.ms > 0) this.#idle.since = native.now();
  }

  #watch(ms) {
    this.#idle.timer = setTimeout(() => {
      const left = this.#idle.ms - (native.now() - this.#idle.since);
      if (left > 0.5) this.#watch(left);
      else this.emit('timeout');
    }, ms);
  }

  /** The host decides how small pieces are sent. */
  setNoDelay() {
    return this;
  }

  setKeepAlive(isOn = false, initialDelay = 0) {
    this.#keepAlive = [Boolean(isOn), initialDelay];
    if (this.#id === undefined || this.connecting) return this;
    try {
      host.keepAlive(this.#id, Boolean(isOn), Math.max(0, Math.trunc(initialDelay / 1000)) || 0);
    } catch (thrown) {
      // As in Node, it is a hint.
      reasonOf(thrown);
    }
    return this;
  }

  ref() {
    return this.#reference(true);
  }

  /** An attempt that waits for nothing but such sockets ends. */
  unref() {
    return this.#reference(false);
  }

  #reference(isReferenced) {
    this.#isReferenced = isReferenced;
    if (this.#id !== undefined && !this.connecting) host.reference(this.#id, isReferenced);
    return this;
  }

  get pending() {
    return this.#id === undefined || this.connecting;
  }

  get readyState() {
    if (this.connecting) return 'opening';
    if (this.readable && this.writable) return 'open';
    if (this.readable) return 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  get bufferSize() {
    return this.writableLength;
  }

  address() {
    const { address, family, port } = partsOf(this.#addresses[0]);
    return address === undefined ? {} : { address, family, port };
  }

  get localAddress() {
    return partsOf(this.#addresses[0]).address;
  }
  get localPort() {
    return partsOf(this.#addresses[0]).port;
  }
  get localFamily() {
    return partsOf(this.#addresses[0]).family;
  }
  get remoteAddress() {
    return partsOf(this.#addresses[1]).address;
  }
  get remotePort() {
    return partsOf(this.#addresses[1]).port;
  }
  get remoteFamily() {
    return partsOf(this.#addresses[1]).family;
  }
}
