// The job that `Queue.add` returns: what was added. Its state is in Redis, which a plugin does not see.
import { refuse, UnsupportedError } from './unsupported.js';

const STATE = 'a plugin sees only its running job. To wait for a job, add it as a child and use moveToWaitingChildren';
const CHANGE = 'use the HTTP API or the command line of Toril from outside of the plugin';

export class Job {
  constructor(queue, name, data, opts = {}, id) {
    if (queue?.qualifiedName === undefined) {
      throw new UnsupportedError('new Job()', 'add jobs with queue.add()');
    }
    this.name = name;
    this.data = data;
    this.opts = { attempts: 0, ...opts };
    this.id = id;
    this.queueName = queue.name;
    this.timestamp = opts.timestamp ?? Date.now();
    this.delay = opts.delay ?? 0;
    this.priority = opts.priority ?? 0;
    this.progress = 0;
    this.returnvalue = null;
    this.stacktrace = null;
    this.attemptsStarted = 0;
    this.attemptsMade = 0;
    this.stalledCounter = 0;
    if (opts.parent) {
      this.parent = { id: opts.parent.id, queueKey: opts.parent.queue };
      this.parentKey = `${opts.parent.queue}:${opts.parent.id}`;
    }
    if (opts.deduplication) this.deduplicationId = opts.deduplication.id;
    Object.defineProperty(this, 'queue', { value: queue, enumerable: false });
  }

  get queueQualifiedName() {
    return this.queue.qualifiedName;
  }

  get prefix() {
    return this.queue.prefix;
  }
}

refuse(Job.prototype, 'job', {
  [STATE]:
    'waitUntilFinished getState isInState isCompleted isFailed isDelayed isWaiting isWaitingChildren isActive ' +
    'getChildrenValues getIgnoredChildrenFailures getFailedChildrenValues getDependencies getDependenciesCount',
  [CHANGE]:
    'remove retry promote changeDelay changePriority updateData updateProgress log clearLogs extendLock ' +
    'removeChildDependency removeUnprocessedChildren removeDeduplicationKey moveToDelayed moveToWait ' +
    'moveToWaitingChildren moveToCompleted moveToFailed',
});

refuse(Job, 'Job', { [STATE]: 'fromId create createBulk', [CHANGE]: 'addJobLog' });
