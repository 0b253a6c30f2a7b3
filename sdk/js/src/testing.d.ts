import type { AddOptions, Handle, JobRef, Jobs, OnFailure } from './index.js';

/** The job of a test. What is left out: id `1`, queue and name `test`, no data, the first attempt of one. */
export interface TestJob {
  id?: string;
  queue?: string;
  name?: string;
  data?: unknown;
  attempt?: number;
  maxAttempts?: number;
  addedAt?: Date | number;
  parent?: JobRef;
}

/** What the host of a test has. What is left out is empty. */
export interface TestHost {
  config?: Record<string, string>;
  /** As it is in Redis: the JSON text of what `kv.get` answers with, so `{ total: '4' }` for 4, or bytes. */
  kv?: Record<string, string | Uint8Array>;
  children?: {
    values?: { child: JobRef; value: unknown }[];
    ignoredFailures?: { child: JobRef; reason: string }[];
    counts?: Partial<Record<'processed' | 'unprocessed' | 'ignored' | 'failed', number>>;
  };
  remaining?: number;
  cancelled?: { shutdown: true } | { shutdown?: false; reason: string };
  /** Whether the job's log is also printed. */
  print?: boolean;
}

/** How the attempt ended, and what it told the host. */
export interface Ended {
  outcome: 'completed' | 'retry' | 'fatal' | 'defer' | 'rate-limited' | 'await-children';
  /** If it completed. */
  result?: any;
  /** If it is `retry` or `fatal`. */
  message?: string;
  /** If it is `defer` or `rate-limited`. */
  ms?: number;
  logs: { level: 'debug' | 'info' | 'warn' | 'error'; message: string }[];
  progress: any[];
  /** What `setData` was called with last. */
  data: any;
  added: {
    queue: string;
    name: string;
    data: any;
    id: string;
    options: AddOptions;
    child?: boolean;
    onFailure?: OnFailure;
  }[];
  /** The key-value data after it: what the test put there as it was put, what the plugin wrote as bytes of JSON text. */
  kv: Record<string, string | Uint8Array>;
}

/** Runs one attempt of a job in a plugin, as a host would. `fetch` is Node's own: put a function of yours in its place. */
export function run(
  plugin: { description?: string; handle?: Handle; jobs?: Jobs },
  job?: TestJob,
  host?: TestHost,
): Promise<Ended>;
