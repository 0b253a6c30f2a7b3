// What `bullmq` is inside of a plugin. A processor imports its errors, and queues to add jobs to. The types are those of
// the author's own `bullmq`.
import { RateLimitError } from './errors.js';
import { refusedClass } from './unsupported.js';

export * from './errors.js';
export { FlowProducer } from './flow-producer.js';
export { Job } from './job.js';
export { PRIORITY_LIMIT } from './options.js';
export { Queue } from './queue.js';
export { UnsupportedError } from './unsupported.js';

const OUTSIDE = 'run it in a Node service of its own, on the same Redis';

export const Worker = refusedClass('Worker', 'Toril is the worker: queues.toml says which plugin runs the jobs of a queue');
Worker.RateLimitError = () => new RateLimitError();

export const QueueEvents = refusedClass(
  'QueueEvents',
  'a plugin has no connection. To wait for a job, add it as a child and use moveToWaitingChildren',
);
export const QueueEventsProducer = refusedClass('QueueEventsProducer', OUTSIDE);
export const JobScheduler = refusedClass('JobScheduler', 'add a schedule to the queue in queues.toml (`schedules`)');
export const Repeat = refusedClass('Repeat', 'add a schedule to the queue in queues.toml (`schedules`)');
export const RedisConnection = refusedClass('RedisConnection', 'the host holds the connections to Redis');
export const QueueBase = refusedClass('QueueBase', 'use Queue');
export const QueueGetters = refusedClass('QueueGetters', OUTSIDE);

export const MetricsTime = {
  ONE_MINUTE: 1,
  FIVE_MINUTES: 5,
  FIFTEEN_MINUTES: 15,
  THIRTY_MINUTES: 30,
  ONE_HOUR: 60,
  ONE_WEEK: 60 * 24 * 7,
  TWO_WEEKS: 60 * 24 * 7 * 2,
  ONE_MONTH: 60 * 24 * 7 * 2 * 4,
};

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
