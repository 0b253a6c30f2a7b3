// `node:tls`: throws. The host makes TLS connections.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse(
  { DEFAULT_MIN_VERSION: 'TLSv1.2', DEFAULT_MAX_VERSION: 'TLSv1.3', rootCertificates: [], getCiphers: () => [] },
  'tls',
  'a plugin has no sockets. Use `fetch` with an https URL. The host checks certificates: see `ca` in docs/configuration.md',
  'SecureContext Server TLSSocket checkServerIdentity connect createSecureContext createServer',
);
