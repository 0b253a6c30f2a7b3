// `node:dgram`: throws.
const { FETCH } = require('./lib/late-globals.js');
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse({}, 'dgram', `a plugin has no sockets. Use ${FETCH}`, 'createSocket Socket');
