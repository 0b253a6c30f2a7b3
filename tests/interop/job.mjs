// Shows everything that BullMQ's Node client sees of one job.
//
//   {redis, prefix?, queue, id} → {id, name, data, opts, state, logs, attemptsMade, …}, or null if it does not exist

import { Job, Queue } from './bullmq.mjs';
import { options, script } from './script.mjs';

await script(async (input, open) => {
  const queue = open(new Queue(input.queue, options(input)));
  // The state is read before the fields. A job that ends between the two reads is then shown with its earlier state,
  // and never as completed with the fields of a running job.
  const state = await queue.getJobState(input.id);
  const job = await Job.fromId(queue, input.id);
  if (!job) return null;

  const { logs } = await queue.getJobLogs(input.id);
  return {
    id: job.id,
    name: job.name,
    data: job.data,
    opts: job.opts,
    state,
    logs,
    attemptsMade: job.attemptsMade,
    attemptsStarted: job.attemptsStarted,
    stalledCounter: job.stalledCounter,
    failedReason: job.failedReason ?? null,
    stacktrace: job.stacktrace,
    returnvalue: job.returnvalue ?? null,
    progress: job.progress,
    delay: job.delay,
    priority: job.priority,
    timestamp: job.timestamp,
    processedOn: job.processedOn ?? null,
    finishedOn: job.finishedOn ?? null,
    processedBy: job.processedBy ?? null,
    parentKey: job.parentKey ?? null,
  };
});
