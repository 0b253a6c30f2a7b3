// `node:worker_threads`: a plugin has one thread. The functions that start others throw.
const { addGlobals } = require('./lib/late-globals.js');
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse(
  {
    isMainThread: true,
    threadId: 0,
    parentPort: null,
    workerData: null,
    resourceLimits: {},
    markAsUntransferable() {},
    getEnvironmentData: () => undefined,
    setEnvironmentData() {},
  },
  'worker_threads',
  'a plugin has one thread. Add child jobs, which run in parallel',
  'Worker moveMessagePortToContext receiveMessageOnPort',
);
addGlobals(module.exports, 'Message-Channel', 'Message-Port', 'Broadcast-Channel');
