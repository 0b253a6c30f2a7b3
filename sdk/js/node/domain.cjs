// `node:domain`: throws.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse({ active: null }, 'domain', 'use try and catch', 'Domain create createDomain');
