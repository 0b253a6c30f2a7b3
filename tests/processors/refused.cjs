// Options that BullMQ refuses, with its messages.
const { Queue } = require('bullmq');

const wrong = [
  { jobId: '12' },
  { jobId: 'a:b' },
  { priority: 1.5 },
  { priority: 3_000_000 },
  { sizeLimit: 1 },
  { deduplication: {} },
  { failParentOnFailure: true, removeDependencyOnFailure: true },
  { backoff: { type: 'fixed', delay: 1, jitter: 2 } },
];

module.exports = async (job) => {
  const queue = new Queue('target', { connection: { url: process.env.REDIS_URL } });
  const messages = [];
  for (const opts of wrong) {
    await queue.add('job', {}, opts).then(
      () => messages.push('added'),
      (error) => messages.push(error.message),
    );
  }
  await queue.close();
  return messages;
};
