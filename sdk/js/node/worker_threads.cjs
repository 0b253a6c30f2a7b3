// `node:worker_threads`: a plugin has one thread. The functions that start others throw.
const { refuse } = require('./lib/unavailable.cjs');

module.exports = refuse(
  {
    isMainThread: true,
    threadId: 0,
    parentPort: null,
    workerData: null,
    resourceLimits: {},
    MessageChannel: globalThis.MessageChannel,
    MessagePort: globalThis.MessagePort,
    BroadcastChannel: globalThis.BroadcastChannel,
    markAsUntransferable() {},
    getEnvironmentData: () => undefined,
    setEnvironmentData() {},
  },
  'worker_threads',
  'a plugin has one thread. Add child jobs, which run in parallel',
  'Worker moveMessagePortToContext receiveMessageOnPort',
);
