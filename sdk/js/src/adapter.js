// Connects an author's module with the interface `toril:plugin/handler`.
import { log } from '#host/context';
import { writeResult } from '#host/result';
import { Fatal, isMeant, toVariant } from './failure.js';
import { adaptProcessor, processorOf } from './processor.js';
import { beginJob } from './running-job.js';
import { withStack } from './stack.js';

/** Makes a component's exports from a plugin's module: one that exports `handle` or `jobs`, or a processor of BullMQ. */
export function adapt(plugin) {
  const processor = processorOf(plugin);
  const handler = processor ? adaptProcessor(processor) : adaptPlugin(plugin);
  const handle = (job) => {
    beginJob(job);
    return handler.handle(job);
  };
  return { ...handler, handle, warmup: warmupOf(plugin) };
}

/** What the builder calls before the snapshot. */
function warmupOf({ warmup }) {
  if (warmup !== undefined && typeof warmup !== 'function') throw new TypeError('`warmup` is a function');
  return warmup;
}

function adaptPlugin(plugin) {
  const handlers = check(plugin);
  return {
    describe: () => describe(plugin),
    async handle(job) {
      try {
        return await run(plugin, handlers, job);
      } catch (thrown) {
        if (!isMeant(thrown) && thrown instanceof Error) log('error', withStack(thrown));
        throw toVariant(thrown);
      }
    },
  };
}

/** Rejects a module that is not a plugin. Runs when the component is built, so that the build fails. */
function check({ handle, jobs, description }) {
  if ((handle === undefined) === (jobs === undefined)) {
    throw new TypeError(
      'a plugin exports either `handle`, for jobs of any name, or `jobs`, an object of named ones, or its default export is a processor of BullMQ, a function `(job, token, signal) => result`',
    );
  }
  if (description !== undefined && typeof description !== 'string') throw new TypeError('`description` is a string');
  if (handle !== undefined && typeof handle !== 'function') throw new TypeError('`handle` is a function');
  for (const [name, job] of Object.entries(jobs ?? {})) {
    if (typeof job?.handle !== 'function') throw new TypeError(`the job \`${name}\` needs a function \`handle\``);
  }
  return new Map(Object.entries(jobs ?? {}));
}

function describe({ description = '', jobs = {} }) {
  const jobType = ([name, job]) => ({
    name,
    description: job.description ?? '',
    dataSchema: job.schema && JSON.stringify(job.schema),
    resultSchema: job.resultSchema && JSON.stringify(job.resultSchema),
  });
  return { description, jobs: Object.entries(jobs).map(jobType) };
}

async function run(plugin, handlers, raw) {
  const handle = plugin.handle ?? handlers.get(raw.name)?.handle;
  if (!handle) throw new Fatal(`this plugin handles no jobs called \`${raw.name}\``);
  const result = await handle({
    id: raw.id,
    queue: raw.queue,
    name: raw.name,
    data: 'parsed' in raw ? raw.parsed : JSON.parse(raw.data),
    attempt: raw.attempt,
    maxAttempts: raw.maxAttempts,
    addedAt: new Date(Number(raw.addedAt)),
    parent: raw.parent ?? undefined,
  });
  try {
    return writeResult(result);
  } catch (error) {
    throw new Fatal(error.message);
  }
}
