// Waits for a child that has failed.
import { WaitingChildrenError, type SandboxedJob } from 'bullmq';

export default async (job: SandboxedJob, token?: string) => {
  if (job.name === 'fatal') throw Object.assign(new Error('the child failed'), { name: 'UnrecoverableError' });
  if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
  return 'no child is left';
};
