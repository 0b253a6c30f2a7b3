// An error that is thrown before a promise exists.
module.exports = (job) => {
  if (job.attemptsMade < 2) throw new RangeError(`attempt ${job.attemptsMade}`);
  return job.attemptsMade;
};
