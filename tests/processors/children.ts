// Adds children to its own job, waits for them, and reads what they left.
import { Queue, WaitingChildrenError, type SandboxedJob } from 'bullmq';

export default async (job: SandboxedJob, token?: string) => {
  if (job.name === 'child') {
    if (job.data.fails) throw new Error('a child that fails');
    return { square: job.data.n ** 2 };
  }
  if (job.attemptsStarted === 1) {
    const queue = new Queue(job.queueName, { connection: { url: process.env.REDIS_URL } });
    const parent = { id: job.id, queue: job.queueQualifiedName };
    for (const n of [1, 2, 3]) await queue.add('child', { n }, { jobId: `child-${n}`, parent });
    await queue.add('child', { fails: true }, { jobId: 'child-4', parent, ignoreDependencyOnFailure: true });
    await queue.close();
  }
  if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
  return {
    values: sorted(await job.getChildrenValues()),
    ignored: await job.getIgnoredChildrenFailures(),
    counts: await job.getDependenciesCount(),
    some: await job.getDependenciesCount({ processed: true, failed: true }),
  };
};

const sorted = (object: Record<string, unknown>) => Object.fromEntries(Object.entries(object).sort());
