// `node:repl`: throws.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse({}, 'repl', 'a plugin has no terminal', 'REPLServer start');
