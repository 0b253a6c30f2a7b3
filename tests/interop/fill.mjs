// Fills a queue without workers: jobs one after the other, then flows, then schedulers.
//
//   {redis, prefix?, queue, jobs?: [{name, data, opts?}], flows?: [{name, queueName, data, opts?, children: […]}],
//    schedulers?: [{id, repeat, name, data, opts?}]} → {ids: [id]}

import { FlowProducer, Queue } from './bullmq.mjs';
import { options, script } from './script.mjs';

await script(async (input, open) => {
  const queue = open(new Queue(input.queue, options(input)));
  const ids = [];
  for (const { name, data, opts } of input.jobs ?? []) ids.push((await queue.add(name, data, opts)).id);
  const producer = open(new FlowProducer(options(input)));
  for (const flow of input.flows ?? []) ids.push((await producer.add(flow)).job.id);
  for (const { id, repeat, name, data, opts } of input.schedulers ?? []) {
    ids.push((await queue.upsertJobScheduler(id, repeat, { name, data, opts })).id);
  }
  return { ids };
});
