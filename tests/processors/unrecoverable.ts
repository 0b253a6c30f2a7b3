// Fails for good, although attempts remain.
import { UnrecoverableError, type SandboxedJob } from 'bullmq';

export default async (job: SandboxedJob) => {
  throw job.data.plain ? new UnrecoverableError() : new UnrecoverableError(`no customer ${job.data.customer}`);
};
