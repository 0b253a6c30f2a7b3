// BullMQ's own worker: node worker.mjs REDIS_URL CONCURRENCY inline|process|thread PROCESSOR QUEUE…
// Runs until it is killed, and prints "ready" once it is ready.

import { fileURLToPath } from 'node:url';
import { Worker } from 'bullmq';

const [url, concurrency, isolation, name, ...queues] = process.argv.slice(2);
// `cargo xtask bench` makes it of bench/js.
const file = fileURLToPath(new URL(`../../target/bench/${name}.cjs`, import.meta.url));
const { default: processor } = await import(file);

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
