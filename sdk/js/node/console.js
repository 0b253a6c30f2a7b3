// `node:console`: the engine's console, which writes to the log of the job.
export const {
  log,
  info,
  warn,
  error,
  debug,
  trace,
  dir,
  table,
  time,
  timeEnd,
  timeLog,
  assert,
  count,
  countReset,
  group,
  groupEnd,
} = globalThis.console;
export const { clear, dirxml, groupCollapsed } = globalThis.console;
/** Ignores its streams. */
export const Console = function Console() {
  return globalThis.console;
};
const { console } = globalThis;
export default console;
