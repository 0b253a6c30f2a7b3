// The job that runs now. An instance runs one job at a time.

/** The same object for every copy of this module in a bundle. */
const shared = (globalThis[Symbol.for('toril.job')] ??= { job: undefined, listeners: [] });

/** Called with the job as the host gives it, before its handler runs. */
export function beginJob(job) {
  shared.job = job;
  for (const listener of shared.listeners) listener();
}

/** Calls a function at the beginning of each job, before its handler runs. */
export function onBeginJob(listener) {
  shared.listeners.push(listener);
}

/** Throws if no job runs: `doing` says what needs one. */
export function runningJob(doing) {
  if (shared.job === undefined) throw new Error(`${doing} needs a running job: call it in the handler`);
  return shared.job;
}
