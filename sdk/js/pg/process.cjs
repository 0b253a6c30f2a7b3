// What `pg` has as the global `process`. Node's whole one would import the environment variables, and a plugin that
// uses `pg` would need a grant that it has no use for.
const { nextTick } = require('../node/lib/next-tick.js');

module.exports = { nextTick, env: {}, platform: 'linux' };
