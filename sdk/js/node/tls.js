// `node:tls`: clients. The host encrypts the connections, and checks certificates against the web's authorities and the
// `ca` of the plugin's entry.
import { unavailable } from './lib/errors.js';
import { connectArguments } from './lib/net/options.js';
import { TLSSocket, refuseClientCertificate } from './lib/net/tls-socket.js';

const NO_SERVER =
  'a plugin cannot accept connections. A program that has work for it adds a job: see docs/operating.md';

export class Server {
  constructor() {
    throw unavailable('tls.Server', NO_SERVER);
  }
}
export function createServer() {
  throw unavailable('tls.createServer', NO_SERVER);
}

/** `connect(options, listener?)`, `connect(port, host?, options?, listener?)`. */
export function connect(...args) {
  const [given, listener] = connectArguments(args);
  const more = args.slice(1).find((value) => typeof value === 'object' && value !== null);
  const options = given === more ? given : { ...more, ...definedOf(given) };
  const socket = new TLSSocket(options.socket, options);
  if (listener) socket.once('secureConnect', listener);
  if (options.timeout) socket.setTimeout(options.timeout);
  if (!options.socket) socket.connect({ ...options, grant: 'tls' });
  return socket;
}

const definedOf = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** Options of TLS. They have no effect. */
export class SecureContext {
  constructor(options = {}) {
    refuseClientCertificate(options);
    this.context = {};
  }
}
export const createSecureContext = (options) => new SecureContext(options);

/** The host has checked that already, before a socket is secure. */
export const checkServerIdentity = () => undefined;
export const getCiphers = () => ['tls_aes_128_gcm_sha256', 'tls_aes_256_gcm_sha384', 'tls_chacha20_poly1305_sha256'];
export const getCACertificates = () => [];
export const rootCertificates = Object.freeze([]);
export const DEFAULT_MIN_VERSION = 'TLSv1.2';
export const DEFAULT_MAX_VERSION = 'TLSv1.3';
export const DEFAULT_ECDH_CURVE = 'auto';
export const DEFAULT_CIPHERS = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';
export const CLIENT_RENEG_LIMIT = 3;
export const CLIENT_RENEG_WINDOW = 600;

export { TLSSocket };
export default {
  CLIENT_RENEG_LIMIT,
  CLIENT_RENEG_WINDOW,
  DEFAULT_CIPHERS,
  DEFAULT_ECDH_CURVE,
  DEFAULT_MAX_VERSION,
  DEFAULT_MIN_VERSION,
  SecureContext,
  Server,
  TLSSocket,
  checkServerIdentity,
  connect,
  createSecureContext,
  createServer,
  getCACertificates,
  getCiphers,
  rootCertificates,
};
