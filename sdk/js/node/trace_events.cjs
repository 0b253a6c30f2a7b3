// `node:trace_events`: throws.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse(
  { getEnabledCategories: () => undefined },
  'trace_events',
  "use the host's traces: see docs/metrics.md",
  'createTracing',
);
