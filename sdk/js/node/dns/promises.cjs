// `node:dns/promises`.
module.exports = require('../dns.cjs').promises;
