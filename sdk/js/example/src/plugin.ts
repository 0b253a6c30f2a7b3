// Every way in which a job can end, and all functions of the host, selected by the job's name.
import * as ends from './ends.ts';
import * as host from './host.ts';
import type { Jobs } from '@toril/plugin';

export const description = "Does what the job's name says.";

/** An object whose property `name` is a number with this minimum. */
const number = (name: string) => ({
  type: 'object',
  properties: { [name]: { type: 'integer', minimum: 0 } },
  required: [name],
});

const text = (name: string) => ({ type: 'object', properties: { [name]: { type: 'string' } }, required: [name] });

export const jobs = {
  echo: { description: 'Returns its data.', handle: (job) => job.data },
  'fail-times': { description: 'Fails on the first attempts.', schema: number('times'), handle: ends.failTimes },
  fatal: { description: 'Fails for good.', handle: ends.fatal },
  defer: { description: 'Defers itself until its time.', schema: number('ms'), handle: ends.defer },
  'rate-limit': { description: 'Limits the rate of the queue until its time.', schema: number('ms'), handle: ends.rateLimit },
  await: { description: 'Waits for its children.', handle: ends.awaitChildren },
  progress: { description: 'Publishes progress and writes lines.', handle: host.showProgress },
  fetch: { description: 'Requests a URL.', schema: text('url'), handle: host.get },
  config: { description: 'Reads a setting.', schema: text('key'), handle: host.setting },
  kv: { description: 'Counts under a key.', schema: text('key'), handle: host.count },
  checkpoint: { description: 'Works in two steps; the first survives a retry.', handle: host.checkpoint },
  sleep: { description: 'Sleeps.', schema: number('ms'), handle: host.nap },
  'sleep-until-cancelled': { description: 'Sleeps until it is cancelled.', handle: host.sleepUntilCancelled },
  served: { description: 'Counts the jobs of its instance.', handle: host.countOfInstance },
  linger: { description: 'Returns before its timer has run.', handle: host.linger },
  children: { description: 'Adds a child, waits for it and returns its result.', handle: host.withChild },
} satisfies Jobs;
