// `tls.TLSSocket`. The host encrypts, and checks the server's certificate. So there is no way around that check, and
// options about certificates, ciphers and versions have no effect.
import * as host from 'toril:engine/sockets';
import { Buffer } from '../../buffer.js';
import { keep } from '../context.js';
import { coded, unavailable } from '../errors.js';
import { nextTick } from '../next-tick.js';
import { networkError, reasonOf } from './errors.js';
import { Socket } from './socket.js';

export class TLSSocket extends Socket {
  encrypted = true;
  authorized = false;
  authorizationError = null;
  alpnProtocol = false;
  /** The npm package `mysql` asks for it, and calls `_start`. */
  ssl = { verifyError: () => null };
  #servername;
  #plain;

  constructor(socket, options = {}) {
    super({ ...options, signal: options.signal });
    refuseClientCertificate(options);
    this.#servername = options.servername;
    if (socket) this.#upgrade(socket);
  }

  /** Encrypts the connection of another socket, as after STARTTLS. */
  #upgrade(socket) {
    if (!(socket instanceof Socket)) {
      const error = unavailable('TLS over a stream', 'pass a socket of `node:net`, or a host and a port');
      nextTick(() => this.destroy(error));
      return;
    }
    this.#plain = socket;
    this.once('close', () => socket.destroy());
    socket.once('close', () => this.destroy());
    this.connecting = true;
    const start = () => {
      if (this.destroyed) return;
      if (socket.destroyed) {
        // As in Node, without an `error` event.
        this.destroy();
        return;
      }
      if (socket._id === undefined) {
        // As in Node, `connect` of the plain socket may follow.
        socket.once('connect', start);
        return;
      }
      if (socket.readableLength > 0) {
        const message = 'the server sent data between its answer and the TLS handshake';
        this.destroy(coded(Error, 'ERR_TLS_EARLY_DATA', message));
        return;
      }
      this._takeOver(socket._handOver());
      this.connecting = false;
      this.#secure();
    };
    if (socket.connecting) socket.once('connect', start);
    // What was written before the call is sent first. A write without bytes ends after it.
    else if (socket.writableLength > 0) socket.write(Buffer.alloc(0), () => start());
    else nextTick(start);
  }

  /** The connection is open, but not encrypted. */
  _afterConnect() {
    const id = this._id;
    this.emit('connect');
    // A listener can destroy the socket, and connect it again.
    if (this._id === id) this.#secure();
  }

  _start() {}

  #secure() {
    const id = this._id;
    const server = this.#servername || this._server;
    const ended = (reason) => {
      // Another callback can destroy the socket while this one is due.
      if (this._id !== id) return;
      if (reason !== null) this.destroy(handshakeError(server, reason));
      else this.#secured();
    };
    try {
      host.secure(id, server, keep(ended));
    } catch (thrown) {
      ended(reasonOf(thrown));
    }
  }

  #secured() {
    this.authorized = true;
    this._open();
    this.emit('secure');
    this.emit('secureConnect');
    this.emit('ready');
  }

  get servername() {
    return this.#servername || this._server;
  }

  /** The host has checked the certificate, and keeps it. */
  getPeerCertificate() {
    return {};
  }
  getPeerX509Certificate() {}
  getCertificate() {
    return {};
  }
  getX509Certificate() {}
  getCipher() {
    return {};
  }
  getSharedSigalgs() {
    return [];
  }
  getEphemeralKeyInfo() {
    return {};
  }
  getProtocol() {
    return null;
  }
  getSession() {}
  getTLSTicket() {}
  getFinished() {}
  getPeerFinished() {}
  isSessionReused() {
    return false;
  }
  setServername(name) {
    this.#servername = name;
  }
  setSession() {}
  setMaxSendFragment() {
    return true;
  }
  enableTrace() {}
  disableRenegotiation() {}
  renegotiate(_, callback) {
    const error = unavailable('tlsSocket.renegotiate', 'the host encrypts connections');
    if (callback) nextTick(callback, error);
    return false;
  }
  exportKeyingMaterial() {
    throw unavailable('tlsSocket.exportKeyingMaterial', 'the host encrypts connections');
  }
}

function handshakeError(server, reason) {
  const error = networkError('connect', reason);
  error.message = `TLS with ${server} failed: ${reason}. The log of the job says more`;
  if (error.code === 'ECONNRESET') error.code = 'ERR_SSL_HANDSHAKE_FAILURE';
  return error;
}

/** A server that asks for a client's certificate would refuse the connection, so this fails with a reason. */
export function refuseClientCertificate({ cert, key, pfx }) {
  if (cert || key || pfx) throw unavailable("A client's certificate", 'the host encrypts connections, without one');
}
