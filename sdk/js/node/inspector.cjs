// `node:inspector`: throws.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse(
  { url: () => undefined },
  'inspector',
  'use `console`, which writes to the log of the job',
  'Session close open waitForDebugger',
);
