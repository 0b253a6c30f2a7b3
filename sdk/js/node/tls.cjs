// `node:tls`: throws. The host makes TLS connections.
const { FETCH } = require('./lib/late-globals.js');
const { refuse } = require('./lib/unavailable.cjs');

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
  `a plugin has no sockets. Use ${FETCH} with an https URL. The host checks certificates: see \`ca\` in docs/configuration.md`,
  'SecureContext Server checkServerIdentity connect createSecureContext createServer',
);
