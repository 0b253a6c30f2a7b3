// A BullMQ worker in Node whose processor is a file: BullMQ's sandbox, with a child process. Prints {"ready": true}, then
// runs until it is killed, or until its time is over.
//
//   {redis, queue, processor: PATH, settings?: {}, cancel?: {id, reason}, ttl?: ms} → {}
//
// The file runs unchanged. TypeScript is transpiled first, because this Node does not run it. `cancel` cancels a job as
// soon as it has set its progress.

import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '../../sdk/js/node_modules/esbuild/lib/main.js';
import { Worker } from './bullmq.mjs';
import { options, say, script } from './script.mjs';

await script(async (input, open) => {
  const folder = await mkdtemp(join(tmpdir(), 'toril-processor-'));
  try {
    // The processor's `bullmq` is that of this folder, and its other packages are those of tests/npm.
    const project = join(folder, 'project');
    await mkdir(project);
    await symlink(packages('.'), join(folder, 'node_modules'));
    await symlink(packages('../npm'), join(project, 'node_modules'));
    // Processors read the address of their queues from it.
    process.env.REDIS_URL = input.redis;
    process.env.NODE_OPTIONS = `--import ${new URL('./exit-with-parent.mjs', import.meta.url)}`;
    const worker = open(
      new Worker(input.queue, await runnable(input.processor, project), {
        ...options(input),
        autorun: false,
        ...input.settings,
      }),
    );
    if (input.cancel) worker.on('progress', (job) => worker.cancelJob(job.id, input.cancel.reason));
    await worker.waitUntilReady();
    const running = worker.run();
    say({ ready: true });
    await new Promise((resolve) => setTimeout(resolve, input.ttl ?? 240_000));
    await worker.close(true);
    await running;
    return {};
  } finally {
    await rm(folder, { recursive: true });
  }
});

function packages(folder) {
  return fileURLToPath(new URL(`${folder}/node_modules`, import.meta.url));
}

/** The path of a copy that Node can run. */
async function runnable(file, folder) {
  if (!file.endsWith('.ts')) {
    const copy = join(folder, basename(file));
    await copyFile(file, copy);
    return copy;
  }
  const { code } = await transform(await readFile(file, 'utf8'), { loader: 'ts', format: 'esm', target: 'es2022' });
  const copy = join(folder, `${basename(file, '.ts')}.mjs`);
  await writeFile(copy, code);
  return copy;
}
