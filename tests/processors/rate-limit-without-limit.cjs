// The error alone puts the job back.
const { RateLimitError } = require('bullmq');

module.exports = async (job) => {
  if (job.attemptsStarted > 1) return job.attemptsMade;
  throw new RateLimitError();
};
