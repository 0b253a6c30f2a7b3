// The exports for plugins. Each module is separate, so that a component imports only what it uses from the host.
export { AwaitChildren, Defer, Fatal, RateLimited, Requeue, Retry } from './failure.js';
export { HostError } from './host-error.js';
export { cancelled, children, progress, remaining, setData, sleep } from './context.js';
export { config } from './config.js';
export { increment } from './counter.js';
export { jobs } from './jobs.js';
export { kv } from './kv.js';
export { log } from './log.js';
export { ensureStepsTable, once } from './once.js';
