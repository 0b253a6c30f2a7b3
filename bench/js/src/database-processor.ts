// The jobs that insert rows, as a processor for BullMQ's worker in Node.
import { insert } from './database.ts';

export default (job: { id?: string; data: { table: string } }) => insert(job.id, job.data);
