// `node:child_process`: throws.
const { FETCH } = require('./lib/late-globals.js');
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse(
  {},
  'child_process',
  `a plugin cannot start programs. Add a job for a worker outside of Toril, or call a service with ${FETCH}`,
  'ChildProcess exec execFile execFileSync execSync fork spawn spawnSync',
);
