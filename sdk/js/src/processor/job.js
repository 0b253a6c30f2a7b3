// The job that a processor gets: the fields and methods of BullMQ's `SandboxedJob`. Each field is made when it is used
// for the first time, so that a job pays only for what its processor reads.
import * as host from '#host/context';
import { ask } from '../host-error.js';
import { toJson } from '../json.js';
import * as children from './children.js';

const ATTEMPT = Symbol('attempt');

/** The fields that a processor in Node finds on its job, in Node's order. A field whose value is undefined is absent. */
export const FIELDS = {
  id: ({ raw }) => raw.id,
  name: ({ raw }) => raw.name,
  data: ({ raw }) => (raw.data === undefined ? raw.parsed : JSON.parse(raw.data)),
  opts: ({ details }) => JSON.parse(details.options),
  parent: ({ raw, details }) => (raw.parent ? parsed(details.parent) : undefined),
  parentKey: ({ raw, details }) => (raw.parent ? details.parentKey : undefined),
  progress: ({ details }) => parsed(details.progress) ?? 0,
  attemptsMade: ({ raw }) => raw.attempt - 1,
  attemptsStarted: ({ details }) => details.starts,
  stalledCounter: ({ details }) => details.stalls,
  processedOn: ({ details }) => Number(details.startedAt),
  timestamp: ({ raw }) => Number(raw.addedAt),
  // BullMQ passes these as JSON.
  failedReason: ({ details }) => JSON.stringify(details.failedReason ?? undefined),
  stacktrace: ({ details }) => details.stackTraces,
  deduplicationId: ({ details }) => details.deduplicationId ?? undefined,
  repeatJobKey: ({ details }) => details.scheduler ?? undefined,
  returnvalue: () => 'null',
  queueName: ({ raw }) => raw.queue,
  queueQualifiedName: ({ raw, details }) => `${details.prefix}:${raw.queue}`,
  prefix: ({ details }) => details.prefix,
  returnValue: () => null,
  updateProgress: (_, job) => async (progress) => {
    job.progress = progress;
    const json = toJson('the progress', progress);
    ask('the progress was not published', () => host.setProgress(json));
  },
  log: () => async (row) => host.log('info', String(row)),
  moveToDelayed: (attempt) => async (timestamp) => {
    const due = Number(timestamp);
    if (Number.isNaN(due)) throw new TypeError(`moveToDelayed takes a timestamp in milliseconds, not ${timestamp}`);
    attempt.move({ tag: 'defer', due });
  },
  moveToWait: (attempt) => async () => attempt.move({ tag: 'requeue' }),
  moveToWaitingChildren: (attempt) => async (token, opts) => children.moveToWaiting(attempt, opts),
  updateData: (_, job) => async (data) => {
    const json = toJson('the data', data);
    ask('the data was not saved', () => host.setData(json));
    job.data = data;
  },
  getChildrenValues: (attempt) => async () => children.values(attempt),
  getIgnoredChildrenFailures: (attempt) => async () => children.ignoredFailures(attempt),
  getDependenciesCount: () => async (opts) => children.counts(opts),
  getDependencies: (attempt) => async (opts) => children.dependencies(attempt, opts),
};

/** Fields that BullMQ's types have and Node's sandbox leaves out. They are not listed among the job's own fields. */
const TYPED = {
  delay: ({ details }) => Number(details.delay),
  priority: ({ details }) => details.priority,
};

const NAMES = Object.keys(FIELDS);

class SandboxedJob {
  constructor(attempt) {
    this[ATTEMPT] = attempt;
  }
}

for (const [name, make] of Object.entries({ ...FIELDS, ...TYPED })) {
  Object.defineProperty(SandboxedJob.prototype, name, {
    get() {
      const value = make(this[ATTEMPT], this);
      own(this, name, value);
      return value;
    },
    set(value) {
      own(this, name, value);
    },
    configurable: true,
  });
}

function own(job, name, value) {
  Object.defineProperty(job, name, { value, writable: true, enumerable: name in FIELDS, configurable: true });
}

/** Makes all fields before they are listed, as by `{ ...job }` and `JSON.stringify(job)`. */
const handler = {
  ownKeys(target) {
    const named = NAMES.filter((name) => target[name] !== undefined);
    const others = Reflect.ownKeys(target).filter((name) => name !== ATTEMPT && !(name in FIELDS));
    return [...named, ...others];
  },
  getOwnPropertyDescriptor(target, name) {
    if (name in FIELDS && target[name] === undefined) return undefined;
    return name === ATTEMPT ? undefined : Reflect.getOwnPropertyDescriptor(target, name);
  },
};

export const makeJob = (attempt) => new Proxy(new SandboxedJob(attempt), handler);

const parsed = (json) => (json === undefined || json === null ? undefined : JSON.parse(json));
