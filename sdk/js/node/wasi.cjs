// `node:wasi`: throws.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse({}, 'wasi', 'a plugin cannot start WebAssembly programs', 'WASI');
