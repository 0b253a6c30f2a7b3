// The options of the job, with BullMQ's types.
import type { SandboxedJob } from 'bullmq';

export default async function (job: SandboxedJob<{ last: boolean }, unknown>) {
  const { attempts, backoff, keepLogs, deduplication, removeOnComplete } = job.opts;
  return { attempts, backoff, keepLogs, deduplication, removeOnComplete, all: job.opts };
}
