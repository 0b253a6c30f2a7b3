// Progress, lines of the log, and new data, also from functions that were taken off the job.
export default async (job) => {
  const { log, updateData } = job;
  await log('half of it is done');
  await job.log(50);
  await job.updateProgress(50);
  await job.updateProgress({ step: 'two', of: [1, 2] });
  await log('the other half is done');
  await updateData({ ...job.data, seen: true });
  return { progress: job.progress, data: job.data };
};
