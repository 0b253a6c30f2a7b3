// BullMQ's own worker: node worker.mjs REDIS_URL CONCURRENCY inline|process|thread QUEUE…
// Runs until it is killed, and prints "ready" once it is ready.

import { fileURLToPath } from 'node:url';
import { Worker } from 'bullmq';
// `cargo xtask bench` makes it of bench/js.
import processor from '../../target/bench/processor.cjs';

const [url, concurrency, isolation, ...queues] = process.argv.slice(2);
const file = fileURLToPath(new URL('../../target/bench/processor.cjs', import.meta.url));

const workers = queues.map(
  (queue) =>
    new Worker(queue, isolation === 'inline' ? processor.default : file, {
      connection: { url, maxRetriesPerRequest: null },
      concurrency: Number(concurrency),
      useWorkerThreads: isolation === 'thread',
    }),
);
for (const worker of workers) worker.on('error', (error) => console.error(`worker: ${error.message}`));
await Promise.all(workers.map((worker) => worker.waitUntilReady()));
console.log('ready');
