// What a plugin imports. Each module stands alone, so that a component imports from the host only what it uses.
export { AwaitChildren, Defer, Fatal, RateLimited, Retry } from './failure.js';
export { HostError } from './host-error.js';
export { cancelled, children, progress, remaining, setData, sleep } from './context.js';
export { config } from './config.js';
export { increment } from './counter.js';
export { jobs } from './jobs.js';
export { kv } from './kv.js';
export { log } from './log.js';
