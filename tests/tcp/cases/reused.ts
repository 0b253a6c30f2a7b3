// Keeps its client for the next job, as a processor in Node does.
import { Redis } from 'ioredis';

let client: Redis | undefined;
let jobs = 0;

export async function handle({ data: { redis: port } }: { data: { redis: number } }) {
  client ??= new Redis({ host: 'localhost', port, family: 4 });
  jobs += 1;
  return [jobs, await client.incr('jobs'), await client.incr('jobs')];
}
