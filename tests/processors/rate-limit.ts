// Limits the rate of its own queue once.
import { Queue, RateLimitError, type SandboxedJob } from 'bullmq';

export default async (job: SandboxedJob) => {
  if (job.attemptsStarted > 1) return { attemptsMade: job.attemptsMade };
  const queue = new Queue(job.queueName, { connection: { url: process.env.REDIS_URL } });
  await queue.rateLimit(300);
  await queue.close();
  throw new RateLimitError();
};
