// Runs steps on a queue with BullMQ's Node client, one after the other, and returns the result of each.
//
//   {redis, prefix?, queue, steps: [{do, …}]} → {results: […]}
//
//   {do: 'counts'}                                   the number of jobs in each state
//   {do: 'jobs', state, start?, end?, asc?}          the ids and names of a page
//   {do: 'retry' | 'promote' | 'remove', id}         as the job's method
//   {do: 'pause' | 'resume' | 'isPaused'}            as the queue's method
//   {do: 'priority', id, priority} {do: 'delay', id, delay}
//   {do: 'schedulers'} {do: 'scheduler', id, repeat, template?} {do: 'removeScheduler', id}
//   {do: 'trimEvents', keep} {do: 'meta'} {do: 'clients'} {do: 'take'}   the clients of all workers; claims a job
//   {do: 'globalConcurrency' | 'globalRateLimit' | 'rateLimitTtl'} {do: 'setGlobalConcurrency', concurrency}
//   {do: 'setGlobalRateLimit', max, duration} {do: 'rateLimit', ms}
//   {do: 'deduplicationJobId', id} {do: 'countsPerPriority', priorities} {do: 'flow', flow}
//   {do: 'removeOrphanedJobs'} {do: 'obliterate'} {do: 'workers'}   the last one: their names
//   {do: 'metrics', of}                              the count and the points of 'completed' or 'failed'
//   {do: 'dump'}                                     every key of the queue except its events and its meta data

import { FlowProducer, Job, Queue, Worker } from './bullmq.mjs';
import { Redis } from 'ioredis';
import { options, script } from './script.mjs';

const steps = {
  counts: (queue) => queue.getJobCounts(),
  jobs: async (queue, { state, start = 0, end = -1, asc = false }) =>
    (await queue.getJobs([state], start, end, asc)).map(({ id, name }) => ({ id, name })),
  retry: async (queue, { id }) => (await Job.fromId(queue, id)).retry(),
  promote: async (queue, { id }) => (await Job.fromId(queue, id)).promote(),
  remove: (queue, { id }) => queue.remove(id),
  pause: (queue) => queue.pause(),
  resume: (queue) => queue.resume(),
  isPaused: (queue) => queue.isPaused(),
  priority: async (queue, { id, priority }) => (await Job.fromId(queue, id)).changePriority({ priority }),
  delay: async (queue, { id, delay }) => (await Job.fromId(queue, id)).changeDelay(delay),
  schedulers: (queue) => queue.getJobSchedulers(0, -1, true),
  scheduler: async (queue, { id, repeat, template }) => {
    const job = await queue.upsertJobScheduler(id, repeat, template);
    return { id: job.id };
  },
  removeScheduler: (queue, { id }) => queue.removeJobScheduler(id),
  trimEvents: (queue, { keep }) => queue.trimEvents(keep),
  meta: async (queue, _step, { redis }) => {
    const client = new Redis(redis);
    const meta = await client.hgetall(`${queue.opts.prefix}:${queue.name}:meta`);
    client.disconnect();
    return meta;
  },
  clients: (queue) => queue.getWorkers(),
  // Claims a job and leaves it active.
  take: async (queue, _step, input) => {
    const worker = new Worker(queue.name, null, { ...options(input), autorun: false });
    const job = await worker.getNextJob('token');
    await worker.close();
    return { id: job?.id };
  },
  globalConcurrency: (queue) => queue.getGlobalConcurrency(),
  globalRateLimit: (queue) => queue.getGlobalRateLimit(),
  rateLimitTtl: (queue) => queue.getRateLimitTtl(),
  setGlobalConcurrency: (queue, { concurrency }) => queue.setGlobalConcurrency(concurrency),
  setGlobalRateLimit: (queue, { max, duration }) => queue.setGlobalRateLimit(max, duration),
  rateLimit: (queue, { ms }) => queue.rateLimit(ms),
  deduplicationJobId: (queue, { id }) => queue.getDeduplicationJobId(id),
  countsPerPriority: (queue, { priorities }) => queue.getCountsPerPriority(priorities),
  flow: async (_queue, { flow }, input) => {
    const producer = new FlowProducer(options(input));
    const { job } = await producer.add(flow);
    await producer.close();
    return { id: job.id };
  },
  removeOrphanedJobs: (queue) => queue.removeOrphanedJobs(),
  obliterate: async (queue) => {
    await queue.pause();
    await queue.obliterate({ force: true });
  },
  workers: async (queue) => (await queue.getWorkers()).map(({ rawname }) => rawname),
  metrics: async (queue, { of }) => {
    const { meta, data } = await queue.getMetrics(of);
    return { count: meta.count, data };
  },
  dump,
};

await script(async (input, open) => {
  const queue = open(new Queue(input.queue, options(input)));
  const results = [];
  for (const step of input.steps) {
    results.push((await steps[step.do](queue, step, input)) ?? null);
  }
  return { results };
});

async function dump(queue, _step, { redis }) {
  const client = new Redis(redis);
  const base = `${queue.opts.prefix}:${queue.name}:`;
  const found = {};
  for (const key of (await client.keys(`${base}*`)).sort()) {
    const name = key.slice(base.length);
    if (['events', 'meta'].includes(name)) continue;
    const type = await client.type(key);
    if (type === 'hash') found[name] = await client.hgetall(key);
    if (type === 'list') found[name] = await client.lrange(key, 0, -1);
    if (type === 'zset') found[name] = await client.zrange(key, 0, -1, 'WITHSCORES');
    if (type === 'set') found[name] = (await client.smembers(key)).sort();
    if (type === 'string') found[name] = await client.get(key);
  }
  client.disconnect();
  return found;
}
