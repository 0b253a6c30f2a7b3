// `node:cluster`: a plugin is never a cluster's worker. Its functions throw.
const { refuse } = require('./lib/unavailable.cjs');

const cluster = {
  isMaster: true,
  isPrimary: true,
  isWorker: false,
  workers: {},
  settings: {},
  on: () => cluster,
  once: () => cluster,
};
module.exports = refuse(
  cluster,
  'cluster',
  'the host runs jobs in parallel: see `concurrency` in queues.toml',
  'disconnect fork setupMaster setupPrimary Worker',
);
