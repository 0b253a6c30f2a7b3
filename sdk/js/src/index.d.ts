/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Names one job: the queue that it is in, and its id there. */
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
  /** The job's name, as its producer gave it. */
  readonly name: string;
  /** The payload. */
  readonly data: Data;
  /** Which run this is, 1 on the first. Runs that ended in `Defer`, `RateLimited` or `AwaitChildren` do not count. */
  readonly attempt: number;
  /** How many attempts the job has in all, at least 1. */
  readonly maxAttempts: number;
  /** When the producer added the job. */
  readonly addedAt: Date;
  /** The job that waits for this one, if this one is a child in a flow. */
  readonly parent?: JobRef;
}

/** Runs one job. What it returns is the job's result; `undefined` is `null`. */
export type Handle<Data = any> = (job: Job<Data>) => unknown;

/** One kind of job that a plugin handles. */
export interface JobType<Data = any> {
  /** One sentence for a person. */
  description?: string;
  /** A JSON Schema (draft 2020-12). A job whose data does not fit is failed for good before the plugin sees it. */
  schema?: object;
  /** A JSON Schema of what a completed job returns, for those who add jobs. Nothing is checked against it. */
  resultSchema?: object;
  handle: Handle<Data>;
}

/** What a plugin exports as `jobs`: the kinds of job, by name. A job of another name is failed for good. */
export type Jobs = Record<string, JobType>;

/** Fails this attempt: the job is run again while attempts remain. So does every other error that is thrown. */
export class Retry extends Error {}

/** Fails the job for good, whatever attempts remain (BullMQ: `UnrecoverableError`). */
export class Fatal extends Error {}

/** Runs the job again in that many milliseconds, and uses up no attempt (BullMQ: `DelayedError`). */
export class Defer extends Error {
  constructor(ms: number);
  readonly ms: number;
}

/** Starts no job of the queue for that many milliseconds, and uses up no attempt (BullMQ: `RateLimitError`). */
export class RateLimited extends Error {
  constructor(ms: number);
  readonly ms: number;
}

/** Runs the job again when its children have ended, and uses up no attempt (BullMQ: `WaitingChildrenError`). */
export class AwaitChildren extends Error {
  constructor();
}

/** The host did not do what was asked. Not caught, it fails the job for good if `permanent`, else this attempt. */
export class HostError extends Error {
  /** `denied`: queues.toml does not grant it. `invalid`: it is not allowed. `unavailable`: not now. */
  readonly code: 'denied' | 'invalid' | 'unavailable';
  /** Whether asking again would not help. */
  readonly permanent: boolean;
}

/** The job's own log. Text is written as it is, errors with their stack, everything else as JSON. */
export const log: Record<'debug' | 'info' | 'warn' | 'error', (...parts: unknown[]) => void>;

/** Publishes the job's progress: a number, or any JSON value of 64 KiB at most. */
export function progress(value: unknown): void;

/** Replaces the job's data, 1 MiB of JSON at most. The next attempt gets the new data; `job.data` stays as it is. */
export function setData(value: unknown): void;

/** Milliseconds until the attempt's deadline, 0 once it has passed. */
export function remaining(): number;

/** Why the attempt should end soon: the host shuts down (throw `Defer`), or someone cancelled the job (throw `Fatal`). */
export interface Cancelled {
  shutdown: boolean;
  /** In words: the reason that was given by the one who cancelled. */
  reason: string;
}

/** Why the attempt should end soon, `undefined` while it should not. */
export function cancelled(): Cancelled | undefined;

/** Waits that many milliseconds, or until `cancelled()` has a reason. */
export function sleep(ms: number): Promise<void>;

/** The job's children. */
export const children: {
  /** What the completed ones returned, in no order. */
  values<Value = any>(): { child: JobRef; value: Value }[];
  /** Why those failed whose failure is ignored, in no order. */
  ignoredFailures(): { child: JobRef; reason: string }[];
  /** How many there are, by what became of them. */
  counts(): Record<'processed' | 'unprocessed' | 'ignored' | 'failed', number>;
};

/** Options of a job that is added. What is left out comes from the queue's entry in queues.toml, if it has one. */
export interface AddOptions {
  /** A job id of one's own: without colon, and not a whole number. A job of that id is not added again. */
  id?: string;
  /** Not before that many milliseconds have passed. */
  delay?: number;
  /** 1 goes first, 2,097,151 last; jobs without one go before those. */
  priority?: number;
  /** How often it is tried in all, at least 1. */
  attempts?: number;
  /** How the attempts are spaced: `delay` in milliseconds, `jitter` the share of it that is left to chance. */
  backoff?: { type: 'fixed' | 'exponential'; delay: number; jitter?: number };
  /** Adds the job only if no other of that `id` is there, for `ttl` milliseconds or until it has ended. */
  deduplication?: { id: string; ttl?: number; extend?: boolean; replace?: boolean; keepLastIfActive?: boolean };
}

/** What a child's final failure means for its parent. */
export type OnFailure = 'fail-parent' | 'continue-parent' | 'ignore' | 'remove' | 'wait';

/** Adding jobs, to the queues that `add_to` names in queues.toml. Each function answers with the job's id. */
export const jobs: {
  add(queue: string, name: string, data?: unknown, options?: AddOptions): string;
  /** Adds a child of the running job; `onFailure` is `fail-parent` if left out. Give it an `id`: attempts are repeated. */
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

/** Adds to a number in the key-value data, in one step, and returns the sum. `kv.get` reads it. */
export function increment(key: string, delta?: number): number;
