// Results that JSON changes, chosen by the job's data.
const results = {
  nothing: () => undefined,
  number: () => NaN,
  date: () => ({ at: new Date(86_400_000), none: undefined, list: [undefined, () => 1] }),
  text: () => 'ä\u2028"',
  function: () => () => 1,
};

module.exports = async (job) => results[job.data]();
