// Ends when it is cancelled, with the reason.
import { UnrecoverableError, type SandboxedJob } from 'bullmq';

export default async (job: SandboxedJob, token?: string, signal?: AbortSignal) => {
  await job.updateProgress('started');
  await new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new UnrecoverableError(`stopped: ${signal.reason}`)));
    setTimeout(resolve, 60_000);
  });
};
