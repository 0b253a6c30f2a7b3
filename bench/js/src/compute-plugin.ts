// The same with the jobs that compute.
import { compute } from './compute.ts';
import { jobsOf, work } from './work.ts';

export const description = 'The jobs of the benchmarks that compute.';

export const jobs = jobsOf({ ...work, ...compute });
