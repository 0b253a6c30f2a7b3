// The jobs that insert rows, as a plugin.
import type { Job, Jobs } from '@toril/plugin';
import { insert } from './database.ts';

export const description = 'The jobs of the benchmarks that use PostgreSQL.';

export const jobs: Jobs = {
  insert: { handle: (job: Job<{ table: string }>) => insert(job.id, job.data) },
  noop: { handle: () => 1 },
};
