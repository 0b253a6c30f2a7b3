// `node:dns` for packages that use sockets only where the host has its own: see `build/node-modules.js`.
const { FETCH } = require('../late-globals.js');
const { refuse } = require('../unavailable.cjs');

const ADVICE = `this package has no sockets. Use ${FETCH} with a URL`;
const NAMES =
  'lookup lookupService resolve resolve4 resolve6 resolveAny resolveCaa resolveCname resolveMx resolveNaptr resolveNs ' +
  'resolvePtr resolveSoa resolveSrv resolveTxt reverse Resolver getServers setServers';

module.exports = refuse({ ADDRCONFIG: 32, V4MAPPED: 8, ALL: 16 }, 'dns', ADVICE, NAMES);
module.exports.setDefaultResultOrder = () => {};
module.exports.getDefaultResultOrder = () => 'verbatim';
module.exports.promises = refuse({}, 'dns.promises', ADVICE, NAMES);
