// Adds jobs with every option, in each way.
import { FlowProducer, Queue, type SandboxedJob } from 'bullmq';

const connection = { url: process.env.REDIS_URL };
const queue = new Queue('target', { connection, defaultJobOptions: { attempts: 2 } });
const flows = new FlowProducer({ connection });

export default async (job: SandboxedJob) => {
  const later = { delay: 3_600_000 };
  const kept = { removeOnComplete: { age: 60, count: 5 }, removeOnFail: 7, keepLogs: 3, stackTraceLimit: 2, sizeLimit: 1000 };
  await queue.add('plain', { n: 1 }, { jobId: 'plain' });
  await queue.add('kept', undefined, { jobId: 'kept', lifo: true, timestamp: 1_700_000_000_000, ...kept });
  await queue.add('later', [1, 'ü'], { jobId: 'later', ...later, backoff: { type: 'exponential', delay: 10, jitter: 0.5 } });
  await queue.add('first', {}, { jobId: 'first', priority: 3, attempts: 5, backoff: 20, removeOnComplete: true, removeOnFail: false });
  await queue.add('once', {}, { jobId: 'once', ...later, deduplication: { id: 'd', ttl: 3_600_000, extend: true, replace: true } });
  const many = await queue.addBulk([
    { name: 'bulk', data: 1, opts: { jobId: 'bulk-1' } },
    { name: 'bulk', data: 2 },
    { name: 'bulk', data: 3, opts: later },
  ]);
  const tree = await flows.add({
    name: 'root',
    queueName: 'target',
    data: { root: true },
    opts: { jobId: 'root' },
    children: [
      { name: 'leaf', queueName: 'target', data: 1, opts: { jobId: 'leaf-1', failParentOnFailure: true } },
      {
        name: 'branch',
        queueName: 'target',
        opts: { jobId: 'branch', ignoreDependencyOnFailure: true },
        children: [{ name: 'leaf', queueName: 'target', opts: { jobId: 'leaf-2', continueParentOnFailure: true, ...later } }],
      },
    ],
  });
  return {
    ids: many.map(({ id }) => id),
    names: many.map(({ name }) => name),
    root: tree.job.id,
    children: tree.children?.map((child) => [child.job.id, child.job.parentKey, child.children?.length ?? 0]),
    own: job.queueQualifiedName,
  };
};
