import process, { argv, platform } from 'node:process';
import fs, { promises } from 'node:fs';
import perf from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { createRequire } from 'node:module';
import tty from 'node:tty';
import dc from 'node:diagnostics_channel';

export async function handle() {
  const before = process.hrtime.bigint();
  process.env.SET_BY_THE_JOB = 'yes';
  const read = await promises.readFile('/no/such/file').catch((error) => [error.code, error.syscall]);
  const called = await new Promise((resolve) => fs.readFile('/no/such/file', (error) => resolve(error?.code)));
  const messages: unknown[] = [];
  dc.subscribe('c', (message) => messages.push(message));
  dc.channel('c').publish({ a: 1 });
  delete process.env.SET_BY_THE_JOB;
  return {
    platform,
    global: globalThis.process === process,
    argv: Array.isArray(argv),
    version: /^v\d+/.test(process.version),
    env: [process.env.NOT_SET ?? null, 'NOT_SET' in process.env, 'SET_BY_THE_JOB' in process.env],
    time: [
      process.hrtime.bigint() >= before,
      process.hrtime().length,
      typeof process.uptime(),
      perf.performance.now() > 0,
    ],
    fs: [
      fs.existsSync('/no/such/file'),
      read,
      called,
      fs.statSync('/no/such/file', { throwIfNoEntry: false }) ?? null,
      fs.constants.R_OK,
    ],
    rest: [
      isMainThread,
      tty.isatty(1),
      typeof createRequire(import.meta.url),
      process.stdout.write('to the log\n'),
      typeof process.memoryUsage().heapUsed,
    ],
    messages,
  };
}
