import type { AddOptions, Handle, JobRef, Jobs, OnFailure } from './index.js';

/** The job of a test. Defaults: id `1`, queue and name `test`, no data, the first attempt of one. */
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

/** The data of a test's host. The defaults are empty. */
export interface TestHost {
  config?: Record<string, string>;
  /** In the format of Redis: the JSON text of the value that `kv.get` returns, so `{ total: '4' }` for 4, or bytes. */
  kv?: Record<string, string | Uint8Array>;
  children?: {
    values?: { child: JobRef; value: unknown }[];
    ignoredFailures?: { child: JobRef; reason: string }[];
    counts?: Partial<Record<'processed' | 'unprocessed' | 'ignored' | 'failed', number>>;
    /** For a processor's `job.getDependencies()`. */
    unprocessed?: JobRef[];
    failed?: JobRef[];
  };
  /** The other fields of a processor's job, in the form of the interface's record `details`. */
  details?: Record<string, unknown>;
  remaining?: number;
  cancelled?: { shutdown: true } | { shutdown?: false; reason: string };
  /** Whether the job's log is also printed. */
  print?: boolean;
}

/** The outcome of the attempt, and its calls to the host. */
export interface Ended {
  outcome: 'completed' | 'retry' | 'fatal' | 'defer' | 'requeue' | 'rate-limited' | 'await-children';
  /** For `completed`. */
  result?: any;
  /** For `retry` and `fatal`. */
  message?: string;
  /** For `retry` and `fatal` of an error with a stack. */
  stack?: string;
  /** For `defer` and `rate-limited`. */
  ms?: number;
  logs: { level: 'debug' | 'info' | 'warn' | 'error'; message: string }[];
  progress: any[];
  /** The last value that `setData` got. */
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
  /** The key-value data afterwards: values of the test unchanged, values of the plugin as bytes of JSON text. */
  kv: Record<string, string | Uint8Array>;
}

/**
 * Runs one attempt of a job in a plugin or a processor's module, as a host would. `fetch` is Node's own, which a test can
 * replace.
 */
export function run(
  plugin: { description?: string; handle?: Handle; jobs?: Jobs } | { default: unknown },
  job?: TestJob,
  host?: TestHost,
): Promise<Ended>;
