// `node:net` for packages that use sockets only where the host has its own: see `build/node-modules.js`. The functions
// that only look at texts work.
const { FETCH } = require('../late-globals.js');
const { isIP, isIPv4, isIPv6 } = require('../net/is-ip.js');
const { refuse } = require('../unavailable.cjs');

module.exports = refuse(
  {
    isIP,
    isIPv4,
    isIPv6,
    getDefaultAutoSelectFamily: () => true,
    setDefaultAutoSelectFamily() {},
  },
  'net',
  `this package has no sockets. Use ${FETCH}, or \`node:http\` and \`node:https\` as clients`,
  'BlockList Server Socket SocketAddress Stream connect createConnection createServer',
);
