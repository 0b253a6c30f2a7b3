// `Queue` in a plugin: it adds jobs to the queues that `add_to` grants. It opens no connection.
import * as host from '#host/jobs';
import { ask } from '../src/host-error.js';
import { current } from '../src/processor/attempt.js';
import { Job } from './job.js';
import { Silent } from './listeners.js';
import { checkPrefix, toJob } from './options.js';
import { refuse, UnsupportedError } from './unsupported.js';

const NOT_ADDED = 'the job was not added';

export class Queue extends Silent {
  constructor(name, opts = {}) {
    super();
    if (!name) throw new Error('Queue name must be provided');
    if (name.includes(':')) throw new Error('Queue name cannot contain :');
    this.name = name;
    this.opts = opts;
    this.jobsOpts = opts.defaultJobOptions ?? {};
  }

  get defaultJobOptions() {
    return this.jobsOpts;
  }

  /** The prefix of the host while a job runs, else the one of the options. */
  get prefix() {
    return current()?.details.prefix ?? this.opts.prefix ?? 'bull';
  }

  get qualifiedName() {
    return `${this.prefix}:${this.name}`;
  }

  toKey(type) {
    return `${this.qualifiedName}:${type}`;
  }

  async add(name, data, opts) {
    const merged = this.#merged(opts);
    const { data: json, options } = toJob(name, data, merged);
    const id = ask(NOT_ADDED, () => host.add(this.name, name, json, options));
    return new Job(this, name, data, merged, id);
  }

  async addBulk(jobs) {
    const merged = jobs.map(({ name, data, opts }) => ({ name, data, opts: this.#merged(opts) }));
    const list = merged.map(({ name, data, opts }) => ({ queue: this.name, name, ...toJob(name, data, opts) }));
    const ids = list.length === 0 ? [] : ask('the jobs were not added', () => host.addAll(list));
    return merged.map(({ name, data, opts }, place) => new Job(this, name, data, opts, ids[place]));
  }

  /** Limits the running job's own queue. It takes effect with the RateLimitError that BullMQ expects next. */
  async rateLimit(ms) {
    const attempt = current();
    if (attempt?.raw.queue !== this.name) {
      throw new UnsupportedError('queue.rateLimit()', "a processor limits its own job's queue only");
    }
    attempt.rateLimit = ms;
  }

  #merged(opts) {
    checkPrefix(this.opts.prefix);
    return { ...this.jobsOpts, ...opts, jobId: opts?.jobId };
  }
}

refuse(Queue.prototype, 'queue', {
  'add a schedule to the queue in queues.toml (`schedules`)':
    'upsertJobScheduler removeJobScheduler getJobScheduler getJobSchedulers getJobSchedulersCount getRepeatableJobs ' +
    'removeRepeatable removeRepeatableByKey',
  'use the HTTP API, the dashboard or the command line of Toril from outside of the plugin':
    'pause resume isPaused obliterate drain clean remove retryJobs promoteJobs trimEvents updateJobProgress addJobLog ' +
    'removeDeduplicationKey removeRateLimitKey setGlobalConcurrency removeGlobalConcurrency setGlobalRateLimit ' +
    'removeGlobalRateLimit removeOrphanedJobs getJob getJobs getJobState getJobLogs getJobCounts getJobCountByTypes ' +
    'getActive getActiveCount getCompleted getCompletedCount getDelayed getDelayedCount getFailed getFailedCount ' +
    'getPrioritized getPrioritizedCount getWaiting getWaitingCount getWaitingChildren getWaitingChildrenCount count ' +
    'getCountsPerPriority getRanges getDependencies getDeduplicationJobId getMetrics getMeta getWorkers ' +
    'getWorkersCount getQueueEvents getRateLimitTtl getGlobalConcurrency getGlobalRateLimit exportPrometheusMetrics',
});
