// Adds a flow and waits for its root.
//
//   {redis, prefix?, flow: {name, queueName, data, opts?, children: […]}, ttl?: ms} → {id, value, children: [id]}

import { FlowProducer, QueueEvents } from './bullmq.mjs';
import { options, script } from './script.mjs';

await script(async (input, open) => {
  const producer = open(new FlowProducer(options(input)));
  const events = open(new QueueEvents(input.flow.queueName, { ...options(input), lastEventId: '0-0' }));
  await events.waitUntilReady();
  const { job, children = [] } = await producer.add(input.flow);
  const value = await job.waitUntilFinished(events, input.ttl ?? 60_000);
  return { id: job.id, value, children: children.map((child) => child.job.id) };
});
