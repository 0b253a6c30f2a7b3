// `node:dgram`: throws.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse({}, 'dgram', 'a plugin has no sockets. Use `fetch`', 'createSocket Socket');
