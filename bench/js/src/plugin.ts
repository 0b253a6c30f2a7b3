// The jobs of the benchmarks as a plugin, without those that need packages.
import { jobsOf, work } from './work.ts';

export const description = 'The jobs of the benchmarks.';

export const jobs = jobsOf(work);
