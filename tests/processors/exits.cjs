// Ends its process.
module.exports = async (job) => {
  await job.updateProgress(1);
  process.exit(job.data.code);
};
