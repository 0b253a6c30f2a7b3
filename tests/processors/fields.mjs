// Every field of the job, as a copy. Times are replaced, because they differ between runs.
const time = (value) => (value === undefined ? undefined : typeof value);

export default async (job, token, signal) => {
  const { timestamp, processedOn, stacktrace, ...fields } = job;
  if (job.attemptsMade === 0) throw new Error('the first attempt');
  return {
    ...fields,
    keys: Object.keys(job),
    times: [time(timestamp), time(processedOn)],
    stacks: JSON.parse(stacktrace).map((stack) => stack.split('\n')[0]),
    token: typeof token,
    signal: [signal.aborted, signal instanceof AbortSignal],
  };
};
