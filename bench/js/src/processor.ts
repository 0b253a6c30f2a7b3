// The jobs of the benchmarks as a processor for BullMQ's worker in Node.
import { compute } from './compute.ts';
import { work, type Work } from './work.ts';

const all: Work = { ...work, ...compute };

export default async function run(job: { name: string; data: unknown }) {
  const handle = all[job.name];
  if (!handle) throw new Error(`unknown workload ${job.name}`);
  return handle(job.data);
}
