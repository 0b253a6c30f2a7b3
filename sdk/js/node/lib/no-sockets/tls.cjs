// `node:tls` for packages that use sockets only where the host has its own: see `build/node-modules.js`.
const { FETCH } = require('../late-globals.js');
const { refuse } = require('../unavailable.cjs');

/** The package http2-wrapper makes one when it is loaded, without connecting it. */
class TLSSocket {
  _handle = { _parentWrap: this };
}

module.exports = refuse(
  {
    TLSSocket,
    DEFAULT_MIN_VERSION: 'TLSv1.2',
    DEFAULT_MAX_VERSION: 'TLSv1.3',
    rootCertificates: [],
    getCiphers: () => [],
  },
  'tls',
  `this package has no sockets. Use ${FETCH} with an https URL. The host checks certificates: see \`ca\` in docs/configuration.md`,
  'SecureContext Server checkServerIdentity connect createSecureContext createServer',
);
