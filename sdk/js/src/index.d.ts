/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The queue and the id of a job. */
export interface JobRef {
  queue: string;
  id: string;
}

/** The job that an attempt runs. */
export interface Job<Data = any> {
  /** The job's id, unique in its queue and the same on every attempt. */
  readonly id: string;
  /** The queue's name, without BullMQ's key prefix. */
  readonly queue: string;
  /** The job's name, as its producer set it. */
  readonly name: string;
  /** The payload. */
  readonly data: Data;
  /**
   * The number of this attempt, 1 for the first. Attempts that ended in `Defer`, `Requeue`, `RateLimited` or
   * `AwaitChildren` do not count.
   */
  readonly attempt: number;
  /** How many attempts the job has in total, at least 1. */
  readonly maxAttempts: number;
  /** When the producer added the job. */
  readonly addedAt: Date;
  /** The job that waits for this one, if this one is a child in a flow. */
  readonly parent?: JobRef;
}

/** Runs one job. Its return value is the job's result; `undefined` becomes `null`. */
export type Handle<Data = any> = (job: Job<Data>) => unknown;

/** One kind of job that a plugin handles. */
export interface JobType<Data = any> {
  /** One sentence for people. */
  description?: string;
  /**
   * A JSON Schema (draft 2020-12). The host fails a job whose data does not match for good, without starting the
   * plugin.
   */
  schema?: object;
  /** A JSON Schema of a completed job's result, for producers. The host does not validate results. */
  resultSchema?: object;
  handle: Handle<Data>;
}

/** The export `jobs` of a plugin: the kinds of job, by name. The host fails a job of any other name for good. */
export type Jobs = Record<string, JobType>;

/** Fails this attempt. The job runs again while attempts remain. Any other thrown error has the same effect. */
export class Retry extends Error {}

/** Fails the job for good, even if attempts remain (BullMQ: `UnrecoverableError`). */
export class Fatal extends Error {}

/** Runs the job again after this many milliseconds, without using up an attempt (BullMQ: `DelayedError`). */
export class Defer extends Error {
  constructor(ms: number);
  readonly ms: number;
}

/** Starts no job of the queue for this many milliseconds, without using up an attempt (BullMQ: `RateLimitError`). */
export class RateLimited extends Error {
  constructor(ms: number);
  readonly ms: number;
}

/** Puts the job back to the front of its queue, without using up an attempt (BullMQ: `WaitingError`). */
export class Requeue extends Error {
  constructor();
}

/** Runs the job again when its children have finished, without using up an attempt (BullMQ: `WaitingChildrenError`). */
export class AwaitChildren extends Error {
  constructor();
}

/** A call to the host failed. If not caught, it fails the job for good if `permanent`, else this attempt. */
export class HostError extends Error {
  /**
   * `denied`: queues.toml does not grant it. `invalid`: the call is not valid. `unavailable`: try again later.
   * `too-large`: an answer of a database exceeds the limits of its pool.
   */
  readonly code: 'denied' | 'invalid' | 'unavailable' | 'too-large';
  /** Whether the same call would fail again. */
  readonly permanent: boolean;
}

/** The job's own log. Writes text unchanged, errors with their stack, and everything else as JSON. */
export const log: Record<'debug' | 'info' | 'warn' | 'error', (...parts: unknown[]) => void>;

/** Publishes the job's progress: a number, or any JSON value of at most 64 KiB. */
export function progress(value: unknown): void;

/** Replaces the job's data, at most 1 MiB of JSON. The next attempt gets the new data; `job.data` does not change. */
export function setData(value: unknown): void;

/** Milliseconds until the attempt's deadline, 0 once it has passed. */
export function remaining(): number;

/**
 * Why the attempt should end soon: the host shuts down (throw `Defer`), or someone cancelled the job (throw `Fatal`).
 */
export interface Cancelled {
  shutdown: boolean;
  /** The reason: for a cancelled job, the one that its canceller gave. */
  reason: string;
}

/** Why the attempt should end soon, `undefined` if it should not. */
export function cancelled(): Cancelled | undefined;

/** Waits this many milliseconds, or until `cancelled()` has a reason. */
export function sleep(ms: number): Promise<void>;

/** The job's children. */
export const children: {
  /** The results of the completed children, in no particular order. */
  values<Value = any>(): { child: JobRef; value: Value }[];
  /** The reasons of the failures that the parent ignores, in no particular order. */
  ignoredFailures(): { child: JobRef; reason: string }[];
  /** The number of children in each state. */
  counts(): Record<'processed' | 'unprocessed' | 'ignored' | 'failed', number>;
};

/** Options of an added job. Omitted options default to the queue's entry in queues.toml, if it has one. */
export interface AddOptions {
  /** A custom job id: without a colon, and not a whole number. A job whose id exists is not added again. */
  id?: string;
  /** Delay in milliseconds. */
  delay?: number;
  /** 1 is the highest priority and 2,097,151 the lowest. Jobs without a priority run before all of them. */
  priority?: number;
  /** How many attempts the job has in total, at least 1. */
  attempts?: number;
  /** The delay between attempts: `delay` in milliseconds, `jitter` its random share. */
  backoff?: number | { type: 'fixed' | 'exponential' | (string & {}); delay?: number; jitter?: number };
  /** Adds the job only if no other job of the same `id` exists, for `ttl` milliseconds or until that has finished. */
  deduplication?: { id: string; ttl?: number; extend?: boolean; replace?: boolean; keepLastIfActive?: boolean };
  /** The job starts before the jobs that already wait. */
  lifo?: boolean;
  /** Which completed jobs BullMQ keeps: none (`true`), all, this many, or those within limits (`age` in seconds). */
  removeOnComplete?: Keep;
  /** Which failed jobs BullMQ keeps. */
  removeOnFail?: Keep;
  /** The number of newest log lines that are kept. */
  keepLogs?: number;
  /** The number of newest stack traces that are kept. */
  stackTraceLimit?: number;
  /** The largest size of the data, in bytes. */
  sizeLimit?: number;
  /** When the job counts as added, in milliseconds since the Unix epoch. */
  timestamp?: number;
  /** The job that waits for this one: the running job, or a job of a queue in `add_to`. */
  parent?: JobRef;
}

/** Which ended jobs BullMQ keeps. */
export type Keep = boolean | number | { age?: number; count?: number; limit?: number };

/** What a child's final failure does to its parent. */
export type OnFailure = 'fail-parent' | 'continue-parent' | 'ignore' | 'remove' | 'wait';

/** Adding jobs, to the queues in `add_to` in queues.toml. Each function returns the job's id. */
export const jobs: {
  add(queue: string, name: string, data?: unknown, options?: AddOptions): string;
  /**
   * Adds a child of the running job. The default of `onFailure` is `fail-parent`. Set an `id`, because attempts are
   * repeated.
   */
  addChild(queue: string, name: string, data?: unknown, options?: AddOptions & { onFailure?: OnFailure }): string;
};

/** The plugin's `config` and `secrets` from queues.toml. */
export const config: {
  get(key: string): string | undefined;
  /** Fails the job for good if the setting is missing. */
  require(key: string): string;
};

/** The plugin's own data, shared by all its jobs. Needs `keyvalue = true` in queues.toml. Values are JSON. */
export const kv: {
  get<Value = any>(key: string): Value | undefined;
  set(key: string, value: unknown): void;
  getBytes(key: string): Uint8Array | undefined;
  setBytes(key: string, bytes: Uint8Array): void;
  delete(key: string): void;
  exists(key: string): boolean;
  keys(): IterableIterator<string>;
};

/** Adds to a number in the key-value data atomically, and returns the sum. `kv.get` reads it. */
export function increment(key: string, delta?: number): number;

/** A client of a pool, such as that of `pg`. */
export interface StepClient {
  query(text: string, values?: any[]): Promise<{ rows: any[]; rowCount: number | null; command: string }>;
  release(error?: Error | boolean): void;
}

/** A pool such as that of `pg`. */
export interface StepPool {
  connect(): Promise<StepClient>;
}

/** The clients of a pool. That of `pg` also has a `connect` with a callback. */
export type ClientOf<Pool> = Pool extends { connect: { (): Promise<infer Client>; (...args: any[]): void } }
  ? Client
  : Pool extends { connect(): Promise<infer Client> }
    ? Client
    : StepClient;

/**
 * Runs a step of the running job exactly once, although the job may run several times. What the function writes with
 * its client, and a row in the table `toril_steps` that records the step with its result, are committed in one
 * transaction. If an earlier attempt of this job has committed the step, the function does not run, and its stored
 * result is returned. If another host runs the same step, this call waits for it. The function must not begin or end a
 * transaction with its client, which fails the attempt for good. Savepoints undo a part.
 *
 * Only changes that are made with the client take effect exactly once. A request that the function sends may be sent
 * again. The result is JSON, and `undefined` becomes `null`.
 */
export function once<Pool extends StepPool, Result>(
  pool: Pool,
  step: string,
  run: (client: ClientOf<Pool>) => Promise<Result> | Result,
): Promise<Result>;

/** Creates the table `toril_steps` if it does not exist. */
export function ensureStepsTable(pool: { query(text: string): Promise<{ rows: any[] }> }): Promise<void>;
