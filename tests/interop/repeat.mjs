// Schedules: adds some with one version of BullMQ, promotes their next jobs, and runs them if `work` is set.
//
//   {redis, prefix?, queue, version: 5 | 6, repeatables?: [{name, data, opts, fiveParts?}],
//    schedulers?: [{id, repeat, template?}], promote?: bool, work?: N, strategy?: N}
//   → {ids: [id of each first job], finished: [{id, name, data}]}
//
//   repeatables   are added with `add` and `repeat`, which only version 5 supports. `fiveParts`: under a key of the form
//                 `name:id:endDate:timeZone:pattern`, as versions before 3 did
//   promote       the first jobs run now instead of when they are due
//   work          runs a worker until this many jobs have finished
//   strategy      client and worker have a custom repeat strategy: each pattern means this many milliseconds

import { Redis } from 'ioredis';
import { options, script } from './script.mjs';

await script(async (input, open) => {
  const { Job, Queue, Worker } = await import(input.version === 5 ? 'bullmq5' : 'bullmq');
  const settings = input.strategy && { repeatStrategy: (millis) => millis + input.strategy };
  const all = { ...options(input), ...(settings && { settings }) };
  const queue = open(new Queue(input.queue, all));

  const jobs = [];
  for (const repeatable of input.repeatables ?? []) {
    if (repeatable.fiveParts) await reserve(input, queue, repeatable);
    jobs.push(await queue.add(repeatable.name, repeatable.data, repeatable.opts));
  }
  for (const { id, repeat, template } of input.schedulers ?? []) {
    jobs.push(await queue.upsertJobScheduler(id, repeat, template));
  }
  if (input.promote) for (const { id } of jobs) await (await Job.fromId(queue, id)).promote();

  const finished = [];
  if (input.work) {
    let done;
    const enough = new Promise((resolve) => (done = resolve));
    const worker = open(new Worker(input.queue, async (job) => job.data, all));
    worker.on('completed', ({ id, name, data }) => finished.push({ id, name, data }) >= input.work && done());
    const timer = setTimeout(done, 240_000);
    await enough;
    clearTimeout(timer);
  }
  return { ids: jobs.map(({ id }) => id), finished };
});

/// BullMQ keeps a key of five parts if one is in the set already.
async function reserve({ redis }, queue, { name, opts: { jobId, repeat } }) {
  const end = repeat.endDate ? new Date(repeat.endDate).getTime() : '';
  const key = [name, jobId ?? '', end, repeat.tz ?? '', repeat.pattern ?? repeat.every].join(':');
  const client = new Redis(redis);
  await client.zadd(`${queue.opts.prefix}:${queue.name}:repeat`, 1, key);
  client.disconnect();
}
