// Moves its job and then returns a result, which BullMQ ignores.
import type { SandboxedJob } from 'bullmq';

export default async (job: SandboxedJob, token?: string) => {
  if (job.attemptsStarted > 1) return 'second';
  await job.moveToDelayed(Date.now() + 200, token);
  return 'first';
};
