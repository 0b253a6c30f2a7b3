// The children of a flow, all at once and by pages.
const sorted = (object) => Object.fromEntries(Object.entries(object).sort());

module.exports = async (job) => {
  if (job.name === 'fatal') throw Object.assign(new Error('no'), { name: 'UnrecoverableError' });
  if (job.name === 'leaf') return job.data;
  const { processed, unprocessed, failed, ignored } = await job.getDependencies();
  const page = await job.getDependencies({ processed: { count: 100 }, ignored: { cursor: 0 }, failed: {} });
  return { processed: sorted(processed), unprocessed, failed, ignored, page: { ...page, processed: sorted(page.processed) } };
};
