// Runs again later. The job's data says that it is the second run.
import { DelayedError, type SandboxedJob } from 'bullmq';

export default async (job: SandboxedJob<{ step?: string }>, token?: string) => {
  if (job.data.step === 'second') return { attemptsMade: job.attemptsMade, started: job.attemptsStarted };
  await job.updateData({ step: 'second' });
  await job.moveToDelayed(Date.now() + 200, token);
  throw new DelayedError();
};
