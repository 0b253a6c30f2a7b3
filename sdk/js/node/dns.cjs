// `node:dns`: throws. The host resolves the names of URLs.
const { FETCH } = require('./lib/late-globals.js');
const { refuse } = require('./lib/unavailable.cjs');

const ADVICE = `a plugin cannot look up names. Use ${FETCH} with a URL, or a DNS-over-HTTPS service`;
const NAMES =
  'lookup lookupService resolve resolve4 resolve6 resolveAny resolveCaa resolveCname resolveMx resolveNaptr resolveNs ' +
  'resolvePtr resolveSoa resolveSrv resolveTxt reverse Resolver getServers setServers';

module.exports = refuse({ ADDRCONFIG: 32, V4MAPPED: 8, ALL: 16 }, 'dns', ADVICE, NAMES);
module.exports.setDefaultResultOrder = () => {};
module.exports.getDefaultResultOrder = () => 'verbatim';
module.exports.promises = refuse({}, 'dns.promises', ADVICE, NAMES);
