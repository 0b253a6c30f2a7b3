// `node:tty`: nothing is a terminal.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse({ isatty: () => false }, 'tty', 'a plugin has no terminal', 'ReadStream WriteStream');
