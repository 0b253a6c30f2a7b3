// `node:child_process`: throws.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse(
  {},
  'child_process',
  'a plugin cannot start programs. Add a job for a worker outside of Toril, or call a service with `fetch`',
  'ChildProcess exec execFile execFileSync execSync fork spawn spawnSync',
);
