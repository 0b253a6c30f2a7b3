// `node:perf_hooks`: the engine's `performance`. Nothing is measured on its own.
import { unavailable } from './lib/errors.js';

export const { performance } = globalThis;
export const { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure } = globalThis;
const refuse = (name) => () => {
  throw unavailable(`perf_hooks.${name}`, "use `performance.now()`. The host's metrics measure each job");
};

/** Observes nothing, as no entries are made. */
export class PerformanceObserver {
  static supportedEntryTypes = [];
  observe() {}
  disconnect() {}
  takeRecords() {
    return [];
  }
}
export const monitorEventLoopDelay = refuse('monitorEventLoopDelay');
export const createHistogram = refuse('createHistogram');
export const eventLoopUtilization = () => ({ idle: 0, active: 0, utilization: 0 });
export const constants = {};

const hooks = {
  PerformanceObserver,
  constants,
  createHistogram,
  eventLoopUtilization,
  monitorEventLoopDelay,
  performance,
};
export default hooks;
