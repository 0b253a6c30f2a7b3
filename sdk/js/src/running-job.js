// The job that runs now. An instance runs one job at a time.

/** The same object for every copy of this module in a bundle. */
const shared = (globalThis[Symbol.for('toril.job')] ??= { job: undefined });

/** Called with the job as the host gives it, before its handler runs. */
export function beginJob(job) {
  shared.job = job;
}

/** Throws if no job runs: `doing` says what needs one. */
export function runningJob(doing) {
  if (shared.job === undefined) throw new Error(`${doing} needs a running job: call it in the handler`);
  return shared.job;
}
