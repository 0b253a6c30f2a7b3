import { createClient } from 'redis';

type Data = { redis: number; redisTls: number; run: string };

export async function handle({ data: { redis, redisTls, run } }: { data: Data }) {
  const results = [];
  for (const url of [`redis://localhost:${redis}`, `rediss://localhost:${redisTls}`]) {
    const client = createClient({ url });
    await client.connect();
    await client.set(`${run}:key`, 'grüße');
    results.push(await client.get(`${run}:key`));
    results.push(await client.multi().incr(`${run}:count`).del([`${run}:count`, `${run}:key`]).exec());
    await client.close();
  }
  return results;
}
