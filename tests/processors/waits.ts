// Goes back to the queue once.
import { WaitingError, type SandboxedJob } from 'bullmq';

export default async (job: SandboxedJob, token?: string) => {
  if (job.attemptsStarted > 1) return { attemptsMade: job.attemptsMade, stalled: job.stalledCounter };
  await job.moveToWait(token);
  throw new WaitingError();
};
